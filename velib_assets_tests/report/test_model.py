"""The report's object from answers made by hand: states, totals, history, today, ledger, exports."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from velib_assets.lake.keys import SLOT
from velib_assets.lake.ledger import Slot
from velib_assets.query.kpis import VIEWS
from velib_assets.report import network
from velib_assets.report.exports import exports, listed
from velib_assets.report.json_values import iso
from velib_assets.report.model import QuarantineReason, ReportData, report_object
from velib_assets.report.slots import ledger_days, ledger_span
from velib_assets.report.station_columns import history

NOON = datetime(2022, 6, 4, 12, tzinfo=UTC)


def test_history_of_a_station_that_every_snapshot_has() -> None:
    rows = [{"past_seconds": "900,0", "past_bikes": "5,null", "past_docks": "1,2"}]
    assert history(rows, [900, 0]) == ([[5, None]], [[1, 2]])


def test_history_has_null_where_a_station_was_not_seen() -> None:
    rows = [{"past_seconds": "1800,0", "past_bikes": "5,6", "past_docks": "1,0"}]
    assert history(rows, [1800, 900, 0]) == ([[5, None, 6]], [[1, None, 0]])


def snapshots(*minutes: int, **changes: Any) -> list[dict[str, Any]]:
    """Rows of the network, so many minutes before noon, oldest first."""
    row = {
        **dict.fromkeys(("stations", "in_operation"), 2),
        **dict.fromkeys(("short", "saturated", "stale"), 0),
        **dict.fromkeys(("total_bikes", "total_mechanical", "total_ebikes", "total_docks"), 7),
        "paris_day": "2022-06-04",
        "paris_hour": 14,
        "mean_fill_rate": 0.5,
        **changes,
    }
    ordered = sorted(minutes, reverse=True)
    return [{**row, "ingested_ts": NOON - timedelta(minutes=ago)} for ago in ordered]


@pytest.mark.parametrize(
    ("minutes", "hour_ago"),
    [((0, 60, 75), 60), ((0, 59, 61), 61), ((0, 90), 90), ((0, 91), None), ((0, 59), None), ((0,), None)],
)
def test_an_hour_ago_is_the_newest_at_or_before_it_and_at_most_half_an_hour_older(
    minutes: Any, hour_ago: Any
) -> None:
    found = network.totals(snapshots(*minutes))
    expected = hour_ago and iso(NOON - timedelta(minutes=hour_ago))
    assert (found["now"]["ts"], (found["hour_ago"] or {}).get("ts")) == (iso(NOON), expected)
    assert found["now"]["bikes"] == 7


def test_a_day_ago_is_in_the_totals_and_not_in_the_day() -> None:
    rows = snapshots(0, 15, 24 * 60, 24 * 60 + 10)
    assert network.totals(rows)["day_ago"]["ts"] == iso(NOON - timedelta(days=1))
    assert network.series(network.last_day(rows))["ts"] == [iso(NOON - timedelta(minutes=15)), iso(NOON)]


def test_nothing_has_no_totals() -> None:
    assert network.totals([]) == {"now": None, "hour_ago": None, "day_ago": None}
    assert network.last_day([]) == network.today([]) == []


def test_today_is_the_day_in_paris_and_weighs_snapshots_by_their_stations() -> None:
    """By hand: (0.2 x 1 + 0.8 x 3) / 4; yesterday, and an hour in which no rate was known, are not in it."""
    rows = [
        *snapshots(50, mean_fill_rate=0.9, paris_day="2022-06-03"),
        *snapshots(40, mean_fill_rate=0.2, in_operation=1),
        *snapshots(30, mean_fill_rate=0.8, in_operation=3),
        *snapshots(20, mean_fill_rate=None, in_operation=0, paris_hour=15),
        *snapshots(0, mean_fill_rate=0.1, paris_hour=16),
    ]
    assert network.today(rows) == [
        {"hour": 14, "mean_fill_rate": pytest.approx(0.65)},
        {"hour": 16, "mean_fill_rate": 0.1},
    ]


def test_the_ledger_ends_today_or_with_the_day_of_an_older_lake() -> None:
    """An outage of days is to be seen; a lake of an archive has not missed the years since."""
    assert ledger_span(None, NOON)[-1] == NOON.replace(hour=0)
    assert ledger_span(NOON - timedelta(days=13), NOON)[-1] == NOON.replace(hour=0)
    days = ledger_span(NOON - timedelta(days=14), NOON)
    assert days[-1] == NOON.replace(hour=0) - timedelta(days=14)
    assert (len(days), days[0]) == (14, days[-1] - timedelta(days=13))


def test_a_day_of_the_ledger_has_96_slots() -> None:
    midnight = NOON.replace(hour=0)
    slots = [Slot(midnight, "stored"), Slot(midnight + 95 * SLOT, "missed")]
    first, second = ledger_days(slots, [midnight, midnight + timedelta(days=1)])
    assert (first["date"], first["slots"][0], first["slots"][95]) == ("2022-06-04", "stored", "missed")
    assert first["slots"][1:95] == [None] * 94
    assert second == {"date": "2022-06-05", "slots": [None] * 96}


def material(**changes: Any) -> ReportData:
    nothing: dict[str, list[Any]] = {view.name: [] for view in VIEWS}
    return ReportData(NOON, "opendata", nothing, [], [], [], [], [])._replace(**changes)


EPISODE = {
    "station_id": "a",
    "name": "A",
    "arrondissement": None,
    "kind": "shortage",
    "start_ts": NOON - timedelta(hours=25),
    "end_ts": NOON - timedelta(hours=24),
    "minutes": 60,
    "is_open": False,
    "snapshots": 4,
}


def test_episodes_that_ended_a_day_ago_are_left_out() -> None:
    later = {**EPISODE, "end_ts": (NOON - timedelta(hours=23)).replace(tzinfo=None)}
    views = {**material().views, "kpi_episodes": [EPISODE, later]}
    report = report_object(material(views=views, network=snapshots(0)))
    (found,) = report["episodes"]
    assert (found["end_ts"], found["arrondissement"]) == ("2022-06-03T13:00:00Z", None)
    assert "snapshots" not in found


def test_an_empty_lake_is_a_whole_object() -> None:
    report = report_object(material(feed=None, days=[NOON.replace(hour=0)]))
    assert json.loads(json.dumps(report, allow_nan=False)) == report
    assert (report["newest_ts"], report["source"]) == (None, {"feed": None, "simulated": False})
    assert all(table["rows"] == [] and table["columns"] for table in report["kpis"].values())
    assert list(report["kpis"]) == [view.name for view in VIEWS[:5]]


def test_the_simulator_is_told() -> None:
    assert report_object(material(feed="simulator"))["source"] == {"feed": "simulator", "simulated": True}


def test_quarantine_has_its_reasons() -> None:
    report = report_object(material(quarantined=[QuarantineReason(NOON, "empty", "it holds <nothing>")]))
    assert report["quarantined"] == [{"ts": iso(NOON), "code": "empty", "reason": "it holds <nothing>"}]


def test_every_view_and_picture_has_an_export_beside_the_page() -> None:
    found = listed(exports(material()))
    names = [entry["name"] for entry in found]
    others = ["stations", "station_history", "network", "today", "ledger", "quarantined"]
    assert names == [*(view.name for view in VIEWS), *others]
    assert found[0] == {
        "name": "kpi_taux_remplissage",
        "title": "Fill rate of each station",
        "csv": "data/kpi_taux_remplissage.csv",
        "parquet": "data/kpi_taux_remplissage.parquet",
        "rows": 0,
    }


def test_times_have_milliseconds_only_where_there_are_some() -> None:
    assert iso(datetime(2022, 6, 4, 12, 0, 1)) == "2022-06-04T12:00:01Z"  # noqa: DTZ001 - as the engines give
    assert iso(NOON + timedelta(milliseconds=5)) == "2022-06-04T12:00:00.005Z"
    assert iso(None) is None
