"""Defines `velib_history` in a DuckDB session, over the history files that the query needs."""

from collections.abc import Callable, Collection, Sequence
from datetime import date, datetime
from pathlib import Path

import duckdb

from velib_assets.catalog.catalog import DAMAGED, Catalog, HistoryFile
from velib_assets.history.digests import current_files, is_month
from velib_assets.lake.keys import hours_of_day, parse_day
from velib_assets.lake.months import month_text
from velib_assets.lake.schema import HISTORY, HISTORY_COLUMNS
from velib_assets.query.duckdb_files import LakeFiles
from velib_assets.query.duckdb_session import create_table

_FEW = 4  # a month's file is read if the days needed of it have more than a fourth of its rows


def define_history(
    db: duckdb.DuckDBPyConnection,
    files: LakeFiles,
    catalog: Catalog,
    matching: Callable[[list[datetime]], Sequence[datetime]],
) -> None:
    """Define the table.

    Args:
        db: the session.
        files: the lake's files.
        catalog: has the registered history.
        matching: returns those of the given hours that the query needs.
    """
    known = catalog.history()
    days = [parse_day(file.period) for file in known if not is_month(file)]
    hours = matching([hour for day in days for hour in hours_of_day(day)])
    create_table(db, _paths(files, known, {hour.date() for hour in hours}), HISTORY, HISTORY_COLUMNS)


def _paths(files: LakeFiles, known: Sequence[HistoryFile], days: Collection[date]) -> list[Path]:
    """Return the files that have the rows of days: for each month its file, or those of its days.

    Where one of the two is not as it was registered, the other is read.
    """
    by_month: dict[str, list[HistoryFile]] = {}
    for file in known:
        if not is_month(file) and (day := parse_day(file.period)) in days:
            by_month.setdefault(month_text(day), []).append(file)
    months = {file.period: file for file in current_files(known) if is_month(file)}
    paths: list[Path] = []
    for period, parts in by_month.items():
        month = months.get(period)
        found: list[Path] = []
        if month and is_as_registered(files.lake, month):
            are_many = _FEW * sum(part.rows for part in parts) > month.rows
            if are_many or not all(is_as_registered(files.lake, part) for part in parts):
                found = files.existing([month.key])
        paths += found or files.existing(part.key for part in parts)
    return paths


def is_as_registered(lake: Path, file: HistoryFile) -> bool:
    """Return whether a file has the registered size and was not found damaged. Its bytes are not read."""
    try:
        return file.sha256 != DAMAGED and (lake / file.key).stat().st_size == file.bytes
    except OSError:
        return False
