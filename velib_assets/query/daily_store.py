"""Stores the rows of the daily KPIs: a local day's rows are computed from the history, one file per KPI.

The files of a day are stored one after the other; the last one, that of `kpi_daily_network`, completes the
day. A day is current if that file's digest is the one of the day's history and SQL.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from datetime import UTC, date, datetime, time
from typing import NamedTuple

import pyarrow as pa

from velib_assets.catalog.catalog import Catalog, CatalogError
from velib_assets.history.digests import is_month
from velib_assets.lake.keys import daily_kpi_key, day_text, hours_of_day
from velib_assets.lake.listing import utc_now
from velib_assets.lake.local_days import DAY, utc_days_overlapped
from velib_assets.lake.network import time_zone
from velib_assets.lake.store import Change, LakeStore
from velib_assets.query.daily_file import encode_daily, read_daily_footer
from velib_assets.query.daily_kpis import DAILY_KPIS, DailyKpi
from velib_assets.query.daily_sql import daily_code_version, day_sql, history_days
from velib_assets.query.engine import QueryEngine, QueryError

_ATTEMPTS = 5
_FAILURES = (QueryError, CatalogError, OSError, pa.ArrowException, KeyError)


class DailyKpiResult(NamedTuple):
    """The outcome of a daily KPI on a local day: what its file has, or the error.

    `absent` means that the history has no snapshot of the day, as `error` says. Its files have no rows then,
    so that the day is current; if none of its UTC days has history, they are deleted. `waits` means that
    history is still to be built. `changed` means that the stored rows are other ones than before. `headline`
    has the KPI's headline numbers that are known.
    """

    name: str
    day: date
    rows: int = 0
    bytes: int = 0
    digest: str = ""
    sha256: str = ""
    changed: bool = False
    error: str = ""
    absent: bool = False
    waits: bool = False
    headline: Mapping[str, float] = {}


def prepare_daily_kpis(engine: QueryEngine, catalog: Catalog) -> None:
    """Declare the tables of the daily KPIs and define their views, where these are kept outside this process.

    Raises:
        QueryError: If a view cannot be defined.
        CatalogError: If the catalog cannot be read.
    """
    catalog.declare_daily_tables()
    engine.define_daily_views()


def store_daily_kpis(
    day: date, engine: QueryEngine, lake: LakeStore, catalog: Catalog, now: datetime | None = None
) -> list[DailyKpiResult]:
    """Compute the rows of a local day from the history and store them, one file per KPI.

    If the history changes in the meantime, nothing more is stored and the day starts over: the writer that
    saw the newest history wins. Failures are returned, not raised; after one, the KPIs that follow are not
    stored.

    Args:
        day: The local day.
        engine: Computes the rows.
        lake: Receives the files.
        catalog: Knows the history.
        now: The current time; that of the clock by default.

    Returns:
        One result per KPI, in the order of DAILY_KPIS.
    """
    try:
        if not has_ended(day, now or utc_now()):
            text = f"{day_text(day)} ({time_zone()}) has not ended: its history is not there yet"
            return [result._replace(waits=True) for result in _failed(day, text)]
        if missing := missing_history([day], catalog):
            days = ", ".join(map(day_text, missing[day]))
            text = f"the history of {days} (UTC) is missing. Materialize station_history for it"
            return [result._replace(waits=True) for result in _failed(day, text)]
        for _ in range(_ATTEMPTS):
            results = _store(day, engine, lake, catalog)
            if results is not None:
                return results
    except _FAILURES as error:
        return _failed(day, str(error))
    return _failed(
        day, f"the history of {day_text(day)} changed during each of {_ATTEMPTS} attempts to read it"
    )


def has_ended(day: date, now: datetime) -> bool:
    """Return whether the UTC days that a local day overlaps have ended, so that its history can be there."""
    return now >= datetime.combine(utc_days_overlapped(day)[-1] + DAY, time(), UTC)


def day_digest(day: date, history: Mapping[str, str]) -> str:
    """Return the digest of a local day's files if they are current.

    Args:
        day: The local day.
        history: The digests of the history files of UTC days, by the day's text.

    Returns:
        A hash of the day's history and of the SQL of all daily KPIs; empty if the day has no history.
    """
    if not any(day_text(utc_day) in history for utc_day in utc_days_overlapped(day)):
        return ""
    parts = [(text, history[text]) for text in map(day_text, history_days(day)) if text in history]
    versions = [(kpi.name, daily_code_version(kpi)) for kpi in DAILY_KPIS]
    lines = "".join(f"{name}\t{digest}\n" for name, digest in (*parts, *versions))
    return hashlib.sha256(lines.encode("utf-8")).hexdigest()


def history_digests(catalog: Catalog, first: str = "", last: str = "") -> dict[str, str]:
    """Return the digests of the registered history files of UTC days, by the day's text.

    Args:
        catalog: Knows the history.
        first: The first day; empty for all.
        last: The last day, included; empty for all.
    """
    return {file.period: file.digest for file in catalog.history(first, last) if not is_month(file)}


def _digest_now(day: date, catalog: Catalog) -> str:
    first, *_, last = (day_text(utc_day) for utc_day in history_days(day))
    return day_digest(day, history_digests(catalog, first, last))


def missing_history(days: Collection[date], catalog: Catalog) -> dict[date, list[date]]:
    """Return those of these local days that wait, with the UTC days whose history they wait for.

    A local day waits for the UTC days that it overlaps and that have registered rows and no history file. The
    catalog is asked once for the history, and once for the hours of all UTC days without history.
    """
    utc_days = sorted({utc_day for day in days for utc_day in utc_days_overlapped(day)})
    if not utc_days:
        return {}
    known = history_digests(catalog, day_text(utc_days[0]), day_text(utc_days[-1]))
    hours = [hour for utc_day in utc_days if day_text(utc_day) not in known for hour in hours_of_day(utc_day)]
    missing = {part.hour.date() for part in (catalog.partitions(hours) if hours else ()) if part.rows}
    waiting = {day: [one for one in utc_days_overlapped(day) if one in missing] for day in sorted(days)}
    return {day: found for day, found in waiting.items() if found}


def _store(day: date, engine: QueryEngine, lake: LakeStore, catalog: Catalog) -> list[DailyKpiResult] | None:
    """Store a day; return None if its history changed in the meantime."""
    digest = _digest_now(day, catalog)
    if not digest:
        return _removed(day, lake, catalog)
    results: list[DailyKpiResult] = []
    files: dict[str, tuple[int, str]] = {}
    for kpi in DAILY_KPIS:
        rows = engine.query_table(day_sql(kpi, day, by_month=engine.history_by_month))
        data = encode_daily(kpi.name, rows, digest, files)
        key, sha256 = daily_kpi_key(kpi.name, day), hashlib.sha256(data).hexdigest()
        before = read_daily_footer(lake, key)
        changed = _is_other(lake, key, data)
        if not lake.publish([Change(key, data)], lambda: _digest_now(day, catalog) == digest):
            return None
        files[kpi.name] = (len(data), sha256)
        result = DailyKpiResult(kpi.name, day, rows.num_rows, len(data), digest, sha256, changed)
        if rows.num_rows:
            result = result._replace(headline=_headline(kpi, rows))
        else:
            had_rows = before is not None and before.rows > 0
            result = result._replace(absent=True, error=_no_snapshot(day), changed=had_rows)
        results.append(result)
    return results


def _no_snapshot(day: date) -> str:
    return f"the history has no snapshot of {day_text(day)} ({time_zone()})"


def _is_other(lake: LakeStore, key: str, data: bytes) -> bool:
    try:
        return lake.read(key) != data
    except FileNotFoundError:
        return True


def _removed(day: date, lake: LakeStore, catalog: Catalog) -> list[DailyKpiResult] | None:
    """Delete the files of a day without history; return None if it has some, or other files, by then."""
    stored = {kpi.name: _hash(lake, kpi, day) for kpi in DAILY_KPIS}
    results = []
    for kpi in reversed(DAILY_KPIS):  # the file that completes the day goes first

        def is_unchanged(kpi: DailyKpi = kpi) -> bool:
            return _hash(lake, kpi, day) == stored[kpi.name] and not _digest_now(day, catalog)

        changed = bool(stored[kpi.name])
        if changed and not lake.publish([Change(daily_kpi_key(kpi.name, day), None)], is_unchanged):
            return None
        results.append(DailyKpiResult(kpi.name, day, changed=changed, error=_no_snapshot(day), absent=True))
    return results[::-1]


def _hash(lake: LakeStore, kpi: DailyKpi, day: date) -> str:
    """Return the content hash of a KPI's file; empty if it does not exist."""
    key = daily_kpi_key(kpi.name, day)
    found = (item for item in lake.list(key.rpartition("/")[0] + "/") if item.key == key)
    return next((lake.hash(item) for item in found), "")


def _failed(day: date, error: str) -> list[DailyKpiResult]:
    return [DailyKpiResult(kpi.name, day, error=error) for kpi in DAILY_KPIS]


def _headline(kpi: DailyKpi, rows: pa.Table) -> dict[str, float]:
    import duckdb  # noqa: PLC0415 - slow to import

    numbers = ", ".join(f'{headline.sql} AS "{headline.name}"' for headline in kpi.headlines)
    with duckdb.connect() as db:
        db.register("day_rows", rows)
        (row,) = db.sql(f"SELECT {numbers} FROM day_rows").fetchall()  # noqa: S608 - our own names
    named = zip((headline.name for headline in kpi.headlines), row, strict=True)
    return {name: float(value) for name, value in named if value is not None}
