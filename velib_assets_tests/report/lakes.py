"""Small lakes for the page: a city of a few dozen stations over some snapshots, and the page made of it.

Every state is there: short, saturated, stale, closed, unknown. Imports no pytest.
"""

import json
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

from velib_assets.catalog.sqlite_catalog import LocalCatalog
from velib_assets.clean.assemble import paris_label
from velib_assets.lake.folder_store import FolderStore
from velib_assets.lake.keys import hour_of, quarantine_stem, raw_key
from velib_assets.lake.listing import REASON_ENDING
from velib_assets.query.duckdb_engine import LocalQueryEngine
from velib_assets.report.model import report_object
from velib_assets.report.page.html import page_html
from velib_assets.report.report_data import load_report_data
from velib_assets_tests.kpi_lake import at, engine_over, row

Row = dict[str, Any]
STEP = timedelta(minutes=15)
NEWEST = at("2022-06-05 23:30")
COMMUNES = ("Montreuil", "Saint-Denis", "Boulogne-Billancourt")


class Page(NamedTuple):
    """A page on disk, the engine that its numbers came from, and the object inside."""

    path: Path
    engine: LocalQueryEngine
    report: dict[str, Any]


def snapshots(newest: datetime, count: int) -> list[datetime]:
    """So many times, a quarter of an hour apart, the newest last."""
    return [newest - STEP * k for k in reversed(range(count))]


def city(times: Iterable[datetime], change: Callable[[Row], Row | None] = lambda found: found) -> list[Row]:
    """The rows of 63 stations at each of these times; `change` alters a row or (None) leaves it out."""
    rows = [station(number, when, k) for k, when in enumerate(times) for number in range(63)]
    return [changed for found in rows if (changed := change(found)) is not None]


def station(number: int, when: datetime, k: int) -> Row:
    """One station at the k-th snapshot: three in each arrondissement, one in each of three communes."""
    in_paris = number < 60
    code = f"{1000 * (number % 20 + 1) + number // 20 + 1}" if in_paris else f"3{number}01"
    label = paris_label(code) if in_paris else COMMUNES[number - 60]
    bikes = (number * 7 + k * (1 + number % 3)) % 31
    bikes = {5: 0, 25: 0, 6: 30, 7: 28}.get(number, bikes)  # always short, without a dock, nearly full
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
    found = row(code, bikes, 30 - bikes, f"{when:%Y-%m-%d %H:%M:%S}")
    return found | changes | states.get(number, {})


def page(
    folder: Path, rows: list[Row], now: datetime | None = None, refused: str = "", **changes: Any
) -> Page:
    """The page of a lake with these rows.

    Args:
        folder: for the lake and the page.
        rows: of the table.
        now: when the page is made; by default a minute after the newest snapshot.
        refused: where given, why an answer of five hours before the newest snapshot was refused.
        changes: replace keys of the page's object.
    """
    lake = folder / "lake"
    lake.mkdir(parents=True)
    engine = engine_over(lake, rows)
    times = sorted({found["ingested_ts"] for found in rows})
    for when in times:
        write(lake / raw_key(when), "")  # the ledger looks at names only
    if refused:
        when = times[-1] - timedelta(hours=5)
        stem = quarantine_stem(hour_of(when), when, "0" * 64)
        write(lake / f"{stem}{REASON_ENDING}", json.dumps({"code": "empty", "reason": refused}))
    made_at = now or (times[-1] if times else NEWEST) + timedelta(minutes=1)
    report = report_object(load_report_data(engine, LocalCatalog(lake), FolderStore(lake), made_at)) | changes
    path = folder / "velib_report.html"
    path.write_text(page_html(report), encoding="utf-8")
    return Page(path, engine, report)


def write(path: Path, text: str) -> None:
    """A file, with its folders."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
