"""The report object from handmade data: states, totals, history, today, ledger, exports."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from velib_assets.lake.keys import SLOT, iso_z
from velib_assets.lake.ledger import Slot
from velib_assets.lake.network import Network
from velib_assets.query.kpis import VIEWS
from velib_assets.report.exports import downloads, exports
from velib_assets.report.model import last_day, ledger_days, report_object, totals
from velib_assets.report.page.html import page_html
from velib_assets.report.report_data import ReportData, ledger_span

NOON = datetime(2022, 6, 4, 12, tzinfo=UTC)


def snapshots(*minutes: int, **changes: Any) -> list[dict[str, Any]]:
    """Return network rows at these numbers of minutes before noon, oldest first."""
    row = {
        **dict.fromkeys(("stations", "in_operation"), 2),
        **dict.fromkeys(("short", "saturated", "stale"), 0),
        **dict.fromkeys(("bikes", "mechanical", "ebikes", "docks"), 7),
        "mean_fill_rate": 0.5,
        **changes,
    }
    ordered = sorted(minutes, reverse=True)
    return [{**row, "ingested_ts": NOON - timedelta(minutes=ago)} for ago in ordered]


@pytest.mark.parametrize(
    ("minutes", "hour_ago"),
    [((0, 60, 75), 60), ((0, 59, 61), 61), ((0, 90), 90), ((0, 91), None), ((0, 59), None), ((0,), None)],
)
def test_hour_ago_is_newest_snapshot_at_most_30_minutes_older(minutes: Any, hour_ago: Any) -> None:
    numbers = totals(snapshots(*minutes))
    now, earlier = numbers["now"], numbers["hour_ago"]
    expected = hour_ago and iso_z(NOON - timedelta(minutes=hour_ago))
    assert (now["ts"], (earlier or {}).get("ts")) == (iso_z(NOON), expected)
    assert now["bikes"] == 7


def test_snapshot_of_a_day_ago_is_in_totals_only() -> None:
    rows = snapshots(0, 15, 24 * 60, 24 * 60 + 10)
    assert totals(rows)["day_ago"]["ts"] == iso_z(NOON - timedelta(days=1))
    series = report_object(report_data(network=rows))["network"]
    assert series["ts"] == [iso_z(NOON - timedelta(minutes=15)), iso_z(NOON)]


def test_empty_network_has_no_totals() -> None:
    assert totals([]) == {"now": None, "hour_ago": None, "day_ago": None}
    assert last_day([]) == []


def test_ledger_ends_today_or_with_newest_day_of_old_lake() -> None:
    """An outage of some days is visible; an archive's lake does not show the years since as missed."""
    assert ledger_span(None, NOON)[-1] == NOON.replace(hour=0)
    assert ledger_span(NOON - timedelta(days=13), NOON)[-1] == NOON.replace(hour=0)
    days = ledger_span(NOON - timedelta(days=14), NOON)
    assert days[-1] == NOON.replace(hour=0) - timedelta(days=14)
    assert (len(days), days[0]) == (14, days[-1] - timedelta(days=13))


def test_ledger_day_has_96_slots() -> None:
    midnight = NOON.replace(hour=0)
    slots = [Slot(midnight, "stored"), Slot(midnight + 95 * SLOT, "missed")]
    first, second = ledger_days(slots, [midnight, midnight + timedelta(days=1)])
    assert (first["date"], first["slots"][0], first["slots"][95]) == ("2022-06-04", "stored", "missed")
    assert first["slots"][1:95] == [None] * 94
    assert second == {"date": "2022-06-05", "slots": [None] * 96}


def report_data(**changes: Any) -> ReportData:
    views: dict[str, list[Any]] = {view.name: [] for view in VIEWS}
    return ReportData(NOON, "opendata", views, [], [], [], [], [], [])._replace(**changes)


UNKNOWN = (
    "name commune arrondissement lat lon capacity bikes mechanical ebikes docks fill_rate is_renting "
    "is_returning reported_ts"
)
STATION: dict[str, Any] = {
    **dict.fromkeys(UNKNOWN.split()),
    "station_id": "a",
    "state": "ok",
    "past_bikes": [],
    "past_docks": [],
}
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


def test_episodes_that_ended_over_24_hours_ago_are_excluded() -> None:
    later = {**EPISODE, "end_ts": NOON - timedelta(hours=23)}
    views = {**report_data().views, "kpi_episodes": [EPISODE, later]}
    report = report_object(report_data(views=views, network=snapshots(0)))
    (episode,) = report["episodes"]
    assert (episode["end_ts"], episode["arrondissement"]) == ("2022-06-03T13:00:00Z", None)
    assert "snapshots" not in episode


def test_empty_lake_gives_complete_object() -> None:
    report = report_object(report_data(feed=None, days=[NOON.replace(hour=0)]))
    assert json.loads(json.dumps(report, allow_nan=False)) == report
    assert (report["newest_ts"], report["source"]) == (None, {"feed": None, "simulated": False})
    assert all(table["rows"] == [] and table["columns"] for table in report["kpis"].values())
    assert list(report["kpis"]) == [view.name for view in VIEWS[:5]]


@pytest.mark.parametrize(("stations", "times"), [(3, 96), (1650, 96), (1700, 48), (3400, 24), (5000, 24)])
def test_large_network_has_fewer_snapshots_of_a_stations_day(stations: int, times: int) -> None:
    """The newest one always; the network's own lines keep all of them."""
    counts = list(range(96))
    row = {**STATION, "past_bikes": counts, "past_docks": counts}
    day = snapshots(*(15 * k for k in range(96)))
    report = report_object(report_data(stations=[row] * stations, network=day))
    history = report["history"]
    assert {len(history["ts"]), *map(len, history["bikes"][:9]), *map(len, history["docks"][:9])} == {times}
    assert history["step"] == 96 // times
    assert (history["ts"][-1], history["bikes"][0][-1]) == (iso_z(NOON), 95)
    assert len(report["network"]["ts"]) == 96


def test_page_of_a_country_is_below_5_mb() -> None:
    """5,000 stations with long names and ids, in 200 areas, on a day with many episodes."""
    uuid, name, count = "04678a3e-1ec0-4493-a3cc-b92e74ab40ec", "Gare centrale, Ünter den Linden", 5000
    row = {
        **STATION,
        "station_id": uuid,
        "name": name,
        "arrondissement": "Grande-Région",
        "commune": "Grande-Région",
        "lat": 48.1234567,
        "lon": 2.1234567,
        "fill_rate": 0.12345678901234567,
        "reported_ts": NOON,
        "past_bikes": [12] * 96,
        "past_docks": [18] * 96,
        "bikes": 12,
        "docks": 18,
        "capacity": 30,
    }
    columns = {column.name: row.get(column.name) for view in VIEWS for column in view.schema}
    views = {**report_data().views, "kpi_taux_remplissage": [{**columns, "ingested_ts": NOON}] * count}
    shape = {"name": name, "rings": [[2.34567] * 120], "label": [2.34567] * 2, "room": 0.01234}
    data = report_data(
        stations=[row] * count,
        network=snapshots(*(15 * k for k in range(96))),
        views={**views, "kpi_episodes": [{**EPISODE, "station_id": uuid, "end_ts": NOON}] * 13000},
        areas=[shape] * 200,
        system=Network("country", "A country", "Europe/Berlin"),
    )
    assert len(page_html(report_object(data)).encode()) < 5_000_000


def test_what_the_feed_says_of_its_network_is_in_the_report() -> None:
    facts = {"operator": "Lyft", "url": "https://example.org", "license_id": "cc-by-4.0"}
    network = Network("bay", "Bay Wheels", "America/Los_Angeles")
    found = report_object(report_data(system=network, network_facts=facts))["system"]
    assert (found["key"], found["name"], found["time_zone"]) == network
    assert (found["operator"], found["url"]) == ("Lyft", "https://example.org")
    assert found["licence"]["identifier"] == "CC-BY-4.0"
    assert report_object(report_data(system=network))["system"]["licence"] is None
    own = report_object(report_data())["system"]
    assert (own["key"], own["name"]) == ("velib", "Vélib' Métropole")


def test_virtual_stations_are_in_the_report_of_networks_that_know_them() -> None:
    assert "is_virtual" not in report_object(report_data(stations=[STATION]))["stations"]
    stations = [{**STATION, "is_virtual": True}, {**STATION, "is_virtual": None}]
    assert report_object(report_data(stations=stations))["stations"]["is_virtual"] == [True, None]


def test_simulated_feed_is_marked() -> None:
    assert report_object(report_data(feed="simulator"))["source"] == {"feed": "simulator", "simulated": True}


def test_quarantine_lists_reasons() -> None:
    entry = {"ts": NOON, "code": "empty", "reason": "it holds <nothing>"}
    assert report_object(report_data(quarantined=[entry]))["quarantined"] == [{**entry, "ts": iso_z(NOON)}]


def test_every_view_and_chart_has_an_export() -> None:
    entries = downloads(exports(report_data()))
    names = [entry["name"] for entry in entries]
    others = ["stations", "station_history", "network", "today"]
    others += ["days", "station_days", "station_events", "ledger", "quarantined"]
    assert names == [*(view.name for view in VIEWS), *others]
    assert entries[0] == {
        "name": "kpi_taux_remplissage",
        "title": "Fill rate of each station",
        "csv": "data/kpi_taux_remplissage.csv",
        "parquet": "data/kpi_taux_remplissage.parquet",
        "rows": 0,
    }


def test_times_show_milliseconds_only_if_present() -> None:
    assert iso_z(datetime(2022, 6, 4, 12, 0, 1)) == "2022-06-04T12:00:01Z"  # noqa: DTZ001 - the engines return naive times
    assert iso_z(NOON + timedelta(milliseconds=5)) == "2022-06-04T12:00:00.005Z"
