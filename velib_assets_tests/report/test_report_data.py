"""The report of small lakes: its numbers equal those of the views, also with gaps, faults or no data."""

import json
import shlex
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from velib_assets.catalog.catalog import Partition
from velib_assets.catalog.sqlite_catalog import LocalCatalog
from velib_assets.clean.local_clean_job import LocalCleanJob
from velib_assets.ingest.response import FeedResponse
from velib_assets.ingest.step import store_or_quarantine
from velib_assets.lake.folder_store import FolderStore
from velib_assets.lake.keys import clean_key, hour_of, quarantine_stem
from velib_assets.lake.store import Change
from velib_assets.query.duckdb_engine import LocalQueryEngine
from velib_assets.query.engine import QueryError
from velib_assets.query.kpis import KPIS
from velib_assets.report.model import json_value, report_object
from velib_assets.report.report_data import MAX_QUARANTINED, load_report_data
from velib_assets_tests.kpi_lake import T0, at, engine_over, row, stretch, write_hour, write_register
from velib_assets_tests.samples import body, record
from velib_assets_tests.samples import records as stations

NOW = at("2022-06-04 12:10")


def report(lake: Path, now: datetime = NOW) -> dict[str, Any]:
    catalog = LocalCatalog(lake)
    data = load_report_data(LocalQueryEngine(lake, catalog), catalog, FolderStore(lake), now)
    loaded: dict[str, Any] = json.loads(json.dumps(report_object(data), allow_nan=False))
    return loaded


def tick(lake: Path, when: datetime, data: bytes) -> None:
    """Ingest, clean and register a snapshot, as a tick does."""
    store = FolderStore(lake)
    store_or_quarantine(store, FeedResponse("opendata", {"body": data}), when, when)
    for result in LocalCleanJob(store, 1).run([hour_of(when)]):
        if made := result.cleaned:
            part = Partition(made.hour, clean_key(made.hour), made.rows, made.size, made.digest)
            LocalCatalog(lake).register([part])


MIX = [
    *(row(station, 0, 20, f"2022-06-04 {hour}:00") for station in ("a", "b") for hour in (11, 12)),
    row("c", 20, 0, "2022-06-04 12:00", arrondissement="Pantin", commune="Pantin"),
    row("d", 5, 5, "2022-06-03 12:00"),
    row("d", 6, 4, "2022-06-04 12:00", mechanical=4, ebikes=2, name="L'« Île » <b>"),
    row("e", 7, 3, "2022-06-04 12:00", is_stale=True),
    row("f", 8, 2, "2022-06-04 12:00", is_installed=False),
    row("g", None, None, "2022-06-04 12:00", lat=None, lon=None, name=None, capacity=None),
]  # fmt: skip


def test_kpis_equal_view_rows_exactly(tmp_path: Path) -> None:
    engine = engine_over(tmp_path, MIX)
    content = report(tmp_path)
    for kpi in KPIS:
        newest = engine.read([kpi])[0].newest.to_pylist()
        assert content["kpis"][kpi.name] == {
            "columns": [column.name for column in kpi.schema],
            "rows": [[json_value(value) for value in row.values()] for row in newest],
        }
    assert len(content["kpis"]["kpi_shortage"]["rows"]) == 2


def test_totals_count_known_values_and_match_states(tmp_path: Path) -> None:
    """Stations a and b have 0 + 20, c 20 + 0, d 6 + 4; e is stale, f is closed, g has no values."""
    engine_over(tmp_path, MIX)
    content = report(tmp_path)
    assert content["totals"]["now"] == {
        "ts": "2022-06-04T12:00:00Z",
        "stations": 7,
        "bikes": 26,
        "mechanical": 24,
        "ebikes": 2,
        "docks": 44,
        "in_operation": 4,
        "short": 2,
        "saturated": 1,
        "stale": 1,
    }
    assert content["stations"]["id"] == list("abcdefg")
    states = ["short", "short", "saturated", "ok", "stale", "closed", "unknown"]
    assert content["stations"]["state"] == states
    assert content["stations"]["name"][3] == "L'« Île » <b>"
    assert content["stations"]["lat"][6] is None
    assert content["totals"]["hour_ago"]["short"] == 2
    assert content["totals"]["day_ago"]["bikes"] == 5


def test_history_is_ordered_by_station_and_snapshot(tmp_path: Path) -> None:
    """A snapshot exactly 24 hours old is excluded."""
    engine_over(tmp_path, MIX)
    content = report(tmp_path)
    times = ["2022-06-04T11:00:00Z", "2022-06-04T12:00:00Z"]
    assert content["history"]["ts"] == content["network"]["ts"] == times
    assert content["history"]["bikes"] == [
        [0, 0],
        [0, 0],
        [None, 20],
        [None, 6],
        [None, 7],
        [None, 8],
        [None] * 2,
    ]
    assert content["history"]["docks"][2] == [None, 0]
    assert content["network"]["mean_fill_rate"] == [0.0, pytest.approx((0 + 0 + 1 + 0.6) / 4)]


def test_hours_are_paris_time(tmp_path: Path) -> None:
    engine_over(tmp_path, MIX)
    content = report(tmp_path)
    assert [entry["hour"] for entry in content["today"]] == [13, 14]
    assert content["typical_week"] == [{"day": 5, "hour": 14, "mean_fill_rate": 0.5, "snapshots": 1}]


def test_today_is_paris_day_weighted_by_stations(tmp_path: Path) -> None:
    """Expected: (0.2 x 1 + 0.8 x 3) / 4. Yesterday, and an hour without a known rate, are excluded."""
    rows = [
        row("a", 18, 2, "2022-06-03 21:59"),
        row("a", 2, 8, "2022-06-04 12:05"),
        *(row(station, 8, 2, "2022-06-04 12:20") for station in ("a", "b", "c")),
        row("a", None, None, "2022-06-04 13:00"),
        *(row("a", 1, 9, f"2022-06-04 14:{minute}") for minute in ("00", "15")),
    ]
    engine_over(tmp_path, rows)
    assert report(tmp_path)["today"] == [
        {"hour": 14, "mean_fill_rate": pytest.approx(0.65)},
        {"hour": 16, "mean_fill_rate": pytest.approx(0.1)},
    ]


def test_episodes_equal_view_longest_first(tmp_path: Path) -> None:
    """There is no snapshot between 11:00 and 12:00, so each station has two episodes."""
    engine_over(tmp_path, [*MIX, row("c", 20, 0, "2022-06-04 11:30")])
    columns = ("station_id", "kind", "minutes", "is_open")
    episodes = [tuple(row[name] for name in columns) for row in report(tmp_path)["episodes"]]
    assert episodes == [
        ("c", "saturation", 30, True),
        *[("a", "shortage", 0, False), ("a", "shortage", 0, True)],
        *[("b", "shortage", 0, False), ("b", "shortage", 0, True)],
    ]


def test_report_of_one_snapshot(tmp_path: Path) -> None:
    tick(tmp_path, NOW, body(stations()))
    content = report(tmp_path)
    assert (content["newest_ts"], content["source"]["feed"]) == ("2022-06-04T12:10:00Z", "opendata")
    assert (content["totals"]["now"]["stations"], content["totals"]["hour_ago"]) == (40, None)
    assert content["history"]["bikes"][0] == [8]
    assert (content["typical_week"], len(content["today"])) == ([], 1)
    today = content["ledger"][-1]["slots"]
    assert today[48] == "stored"
    assert today[:48] == [None] * 48  # before the lake's first hour
    assert today[49:] == [None] * 47  # not over yet


def test_report_of_empty_lake(tmp_path: Path) -> None:
    content = report(tmp_path)
    assert (content["newest_ts"], content["source"]["feed"], content["totals"]["now"]) == (None, None, None)
    assert len(content["ledger"]) == 14


def test_outage_appears_in_ledger(tmp_path: Path) -> None:
    """11:10 is stored; the following hour has one unusable response only."""
    tick(tmp_path, NOW - timedelta(hours=1), body(stations()))
    tick(tmp_path, NOW - timedelta(minutes=30), b"<html>")
    content = report(tmp_path, NOW + timedelta(minutes=10))
    assert content["ledger"][-1]["slots"][44:50] == [
        "stored",
        "missed",
        "quarantined",
        "missed",
        "missed",
        None,
    ]
    (entry,) = content["quarantined"]
    assert (entry["ts"], entry["code"]) == ("2022-06-04T11:40:00Z", "not_json")
    assert "is not JSON" in entry["reason"]


def test_damaged_raw_object_counts_as_quarantined(tmp_path: Path) -> None:
    """It is in raw, but its slot does not count as stored."""
    tick(tmp_path, NOW - timedelta(minutes=30), body(stations()))
    for file in (tmp_path / "raw").rglob("*.gz"):
        file.write_bytes(b"damaged")
    tick(tmp_path, NOW, body(stations()))
    LocalCleanJob(FolderStore(tmp_path), 1).run([hour_of(NOW - timedelta(minutes=30))])
    list(LocalCleanJob(FolderStore(tmp_path), 1).run([hour_of(NOW - timedelta(minutes=30))]))
    assert report(tmp_path)["ledger"][-1]["slots"][46] == "quarantined"


def test_newest_quarantine_reasons_are_read_and_damaged_one_is_reported(tmp_path: Path) -> None:
    engine_over(tmp_path, MIX)
    store = FolderStore(tmp_path)
    for n in range(MAX_QUARANTINED + 5):
        when = NOW - timedelta(minutes=15 * n)
        text = json.dumps({"code": "empty", "reason": f"{n}"}) if n else "[]"
        key = quarantine_stem(hour_of(when), when, "0" * 12) + ".reason.json"
        store.publish([Change(key, text.encode())], lambda: True)
    reasons = report(tmp_path)["quarantined"]
    assert len(reasons) == MAX_QUARANTINED
    assert (reasons[0]["code"], reasons[1]["reason"]) == ("unreadable", "1")


def test_old_hours_are_not_read(tmp_path: Path) -> None:
    """The file older than the 26 newest hours is not readable, and the typical week is cached."""
    engine = engine_over(tmp_path, MIX)
    report(tmp_path)
    catalog = LocalCatalog(tmp_path)
    old = write_hour(tmp_path, hour_of(at("2022-05-01 10:00")), [row("a", 0, 20)])
    catalog.register([old])
    (tmp_path / old.key).write_bytes(b"no parquet")
    assert report(tmp_path)["totals"]["now"]["stations"] == 7
    with pytest.raises(QueryError):
        engine.query("SELECT count(*) FROM source_velib WHERE bikes > 0")


def test_names_with_markup_are_unchanged(tmp_path: Path) -> None:
    name = "</script><b>\"'\u2028 `x`"
    tick(tmp_path, datetime.now(UTC), body([record("1001", name=name), *stations()[1:]]))
    content = report(tmp_path, datetime.now(UTC))
    assert name in content["stations"]["name"]


def test_changed_stations_are_counted_for_the_30_days_before_the_newest_snapshot(tmp_path: Path) -> None:
    hours = 24.0
    changes = [
        stretch("always", -100 * hours, None),
        stretch("before", -100 * hours, -40 * hours),
        stretch("closed", -100 * hours, -2 * hours),
        stretch("twice", -100 * hours, -3 * hours),
        stretch("twice", -3 * hours, -2 * hours, name="New"),
        stretch("twice", -2 * hours, None, name="Newer", capacity=7),
    ]
    newest = at("2022-06-04 12:00")
    moved = [
        row | {name: newest + (row[name] - T0) for name in ("valid_from", "valid_to") if row[name]}
        for row in changes
    ]
    engine_over(tmp_path, MIX)
    assert report(tmp_path)["station_changes"] is None
    write_register(tmp_path, *moved)
    assert report(tmp_path)["station_changes"] == {
        "changed": 2,
        "opened": 0,
        "closed": 1,
        "moved": 0,
        "renamed": 1,
        "resized": 1,
    }
    assert [entry["count"] for entry in report(tmp_path)["inspections"]] == [0, 0, 2]


def test_report_counts_quarantine_and_rejects_and_its_commands_run(tmp_path: Path) -> None:
    for minute in range(3):
        tick(tmp_path, NOW - timedelta(minutes=minute), b"<html>")
    rejected = [record("98", numbikesavailable="douze"), record("99", numbikesavailable="onze")]
    tick(tmp_path, NOW - timedelta(minutes=9), body([*stations(40), *rejected]))
    found = {entry["name"]: entry for entry in report(tmp_path)["inspections"]}
    assert {name: entry["count"] for name, entry in found.items()} == {
        "quarantine_velib": 3,
        "rejects_velib": 1,
        "station_events": 0,
    }
    engine = LocalQueryEngine(tmp_path, LocalCatalog(tmp_path))
    shown = {}
    for name, entry in found.items():
        program, command, sql = shlex.split(entry["command"])
        assert (program, command) == ("velib", "query")
        shown[name] = len(engine.query(sql))
    assert shown == {"quarantine_velib": 3, "rejects_velib": 1, "station_events": 0}
