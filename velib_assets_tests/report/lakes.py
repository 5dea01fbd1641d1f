"""Small lakes with a few dozen stations in every state, and pages built from them. Does not import pytest."""

import json
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

from velib_assets.catalog.sqlite_catalog import LocalCatalog
from velib_assets.lake.folder_store import FolderStore
from velib_assets.lake.keys import hour_of, quarantine_stem, raw_key
from velib_assets.lake.listing import REASON_ENDING
from velib_assets.query.duckdb_engine import LocalQueryEngine
from velib_assets.report.model import report_object
from velib_assets.report.page.html import page_html
from velib_assets.report.report_data import load_report_data
from velib_assets.stations.communes import paris_label
from velib_assets_tests.kpi_lake import at, engine_over, row, write_register

Row = dict[str, Any]
STEP = timedelta(minutes=15)
NEWEST = at("2022-06-05 23:30")
COMMUNES = ("Montreuil", "Saint-Denis", "Boulogne-Billancourt")


class Page(NamedTuple):
    """A page on disk, the engine that read its data, and the report object inside."""

    path: Path
    engine: LocalQueryEngine
    report: dict[str, Any]


def snapshots(newest: datetime, count: int) -> list[datetime]:
    """Return `count` times, 15 minutes apart, the newest last."""
    return [newest - STEP * k for k in reversed(range(count))]


def city(times: Iterable[datetime], change: Callable[[Row], Row | None] = lambda row: row) -> list[Row]:
    """Return the rows of 63 stations at each time; `change` alters a row, or drops it by returning None."""
    rows = [station(number, when, k) for k, when in enumerate(times) for number in range(63)]
    return [changed for row in rows if (changed := change(row)) is not None]


def station(number: int, when: datetime, k: int) -> Row:
    """Return a station's row at the k-th snapshot: 3 per arrondissement, 1 in each of 3 communes."""
    in_paris = number < 60
    code = f"{1000 * (number % 20 + 1) + number // 20 + 1}" if in_paris else f"3{number}01"
    label = paris_label(code) if in_paris else COMMUNES[number - 60]
    bikes = (number * 7 + k * (1 + number % 3)) % 31
    bikes = {5: 0, 25: 0, 6: 30, 7: 28}.get(number, bikes)  # always short, without a free dock, nearly full
    states: dict[int, Row] = {
        8: {"reported_ts": when - timedelta(hours=9), "is_stale": True},
        9: {"is_installed": False, "is_renting": False, "is_returning": False},
        10: {"bikes": 0, "docks": 0, "fill_rate": None, "mechanical": 0, "ebikes": 0},
        11: {"is_renting": False},
    }
    changes: Row = {
        "name": f"Place n° {number} – Échelle",
        "commune": "Paris" if in_paris else label,
        "arrondissement": label,
        "lat": 48.82 + 0.011 * (number % 8),
        "lon": 2.26 + 0.012 * (number // 8) + 0.002 * (number % 3),
        "capacity": 31,
        "mechanical": bikes - bikes // 3,
        "ebikes": bikes // 3,
        "reported_ts": when - timedelta(minutes=number % 20),
    }
    base = row(code, bikes, 30 - bikes, f"{when:%Y-%m-%d %H:%M:%S}")
    return base | changes | states.get(number, {})


def page(
    folder: Path,
    rows: list[Row],
    now: datetime | None = None,
    quarantine_reason: str = "",
    register: Iterable[Row] = (),
    **changes: Any,
) -> Page:
    """Build the page of a lake with these rows.

    Args:
        folder: Where the lake and the page are written.
        rows: Rows of the table.
        now: When the page is built; by default a minute after the newest snapshot.
        quarantine_reason: Reason of a response quarantined 5 hours before the newest snapshot, if any.
        register: Rows of the station register.
        changes: Keys of the report object to replace.
    """
    lake = folder / "lake"
    lake.mkdir(parents=True)
    engine = engine_over(lake, rows)
    times = sorted({row["ingested_ts"] for row in rows})
    for when in times:
        write(lake / raw_key(when), "")  # the ledger reads only names
    if stretches := list(register):
        write_register(lake, *stretches)
    if quarantine_reason:
        when = times[-1] - timedelta(hours=5)
        stem = quarantine_stem(hour_of(when), when, "0" * 64)
        write(lake / f"{stem}{REASON_ENDING}", json.dumps({"code": "empty", "reason": quarantine_reason}))
    made_at = now or (times[-1] if times else NEWEST) + timedelta(minutes=1)
    report = report_object(load_report_data(engine, LocalCatalog(lake), FolderStore(lake), made_at)) | changes
    path = folder / "velib_report.html"
    path.write_text(page_html(report), encoding="utf-8")
    return Page(path, engine, report)


def write(path: Path, text: str) -> None:
    """Write a file, creating its folders."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
