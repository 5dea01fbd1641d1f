"""The views and the report on the emulator's Athena: the same results as in local mode, in few queries."""

from __future__ import annotations

import urllib.request
from datetime import date, timedelta

import pytest

from velib_assets.catalog.catalog import Partition
from velib_assets.catalog.removal import is_outdated, remove_hour
from velib_assets.history.local_history_job import LocalHistoryJob
from velib_assets.ingest.discard import discard_object, find_snapshots
from velib_assets.ingest.ingest_result import QUARANTINED
from velib_assets.ingest.response import FeedResponse
from velib_assets.ingest.step import store_or_quarantine
from velib_assets.lake.bucket_store import BucketStore
from velib_assets.lake.folder_store import FolderStore
from velib_assets.lake.keys import (
    REPORT_KEY,
    STATIONS_KEY,
    clean_key,
    daily_kpi_key,
    hour_of,
    hour_prefix,
    state_key,
)
from velib_assets.lake.local_days import DAY
from velib_assets.lake.store import Change
from velib_assets.query.cached_state import newest_state
from velib_assets.query.kpis import KPIS, LIVE_VIEWS, REPORT_VIEWS, VIEWS
from velib_assets.report.days import report_days
from velib_assets.report.model import report_object
from velib_assets.report.report_data import load_report_data
from velib_assets.report.writer import write_report
from velib_assets_tests.aws.twin_lakes import ROWS, TwinLakes
from velib_assets_tests.kpi_lake import at, row, stretch, write_register
from velib_assets_tests.report.stored_days import network_day, station_day, write_day
from velib_assets_tests.samples import body, records

NOW = at("2022-10-31 10:20")


def test_live_views_need_one_query_and_equal_those_of_local_mode(lakes: TwinLakes) -> None:
    engine, local = lakes.engine(), lakes.local()
    for state, expected in zip(engine.read(LIVE_VIEWS), local.read(LIVE_VIEWS), strict=True):
        assert state.changed
        assert state.newest.equals(expected.newest)
        assert state.headline == pytest.approx(expected.headline)
    assert lakes.query_count() == 1
    assert not any(state.changed for state in engine.read(LIVE_VIEWS))
    assert not lakes.engine().read(LIVE_VIEWS[-1:])[0].changed
    assert lakes.query_count() == 2


def test_typical_week_equals_that_of_local_mode_and_needs_one_query(lakes: TwinLakes) -> None:
    """The weeks include the day on which clocks go back."""
    week = REPORT_VIEWS[-1]
    states = [newest_state(week, lakes.engine(), lakes.catalog, lakes.store) for _ in range(2)]
    local = lakes.local().read([week])[0]
    for state in states:
        assert state.newest.equals(local.newest)
    assert [tuple(row.values()) for row in local.newest.to_pylist()] == [
        (1, 12, 0.1, 1),
        (7, 2, 0.05, 2),
        (7, 3, 0.2, 1),
        (7, 10, 0.25, 1),
    ]
    assert lakes.query_count() == 1


def test_typical_week_reads_the_days_that_the_history_holds_from_it(lakes: TwinLakes) -> None:
    """Their hours are not even opened, and the result is the same."""
    week, days = REPORT_VIEWS[-1], [date(2022, 10, 10), date(2022, 10, 30)]
    lakes.catalog.register_history(r.file() for r in LocalHistoryJob(lakes.store, 1).run(days[:1]))
    first = newest_state(week, lakes.engine(), lakes.catalog, lakes.store)
    lakes.catalog.register_history(r.file() for r in LocalHistoryJob(lakes.store, 1).run(days[1:]))
    for values in ROWS:
        if values["ingested_ts"].date() in days:
            lakes.store.publish([Change(clean_key(hour_of(values["ingested_ts"])), None)], lambda: True)
    lakes.store.publish([Change(state_key(week.name), None)], lambda: True)
    second = newest_state(week, lakes.engine(), lakes.catalog, lakes.store)
    local = lakes.local().read([week])[0]
    assert first.newest.equals(local.newest)
    assert second.newest.equals(local.newest)
    assert second.headline == pytest.approx(local.headline)
    assert lakes.query_count() == 2


def test_state_changes_with_its_partition(lakes: TwinLakes) -> None:
    engine, hour = lakes.engine(), hour_of(at("2022-10-31 10:00"))
    assert engine.read(KPIS[1:2])[0].newest["station_id"].to_pylist() == ["a"]
    newer = [*ROWS[:4], row("d", 0, 9, "2022-10-31 10:18")]
    lakes.put({hour: newer})
    assert engine.read(KPIS[1:2])[0].newest["station_id"].to_pylist() == ["d"]
    assert lakes.query_count() == 2


def test_partitions_without_a_digest_are_queried_each_time(lakes: TwinLakes) -> None:
    """The crawler registers them: the same partition may hold another file."""
    parts = lakes.catalog.partitions([hour_of(values["ingested_ts"]) for values in ROWS])
    lakes.catalog.register([Partition(p.hour, p.key, p.rows, p.bytes, "") for p in parts])
    engine = lakes.engine()
    for _ in range(2):
        assert engine.read(KPIS[1:2])[0].newest["station_id"].to_pylist() == ["a"]
    assert lakes.query_count() == 2


def test_report_equals_that_of_local_mode(lakes: TwinLakes) -> None:
    """Except that quarantine has no table on AWS: the command lists its objects."""
    engine = lakes.engine()
    report = report_object(load_report_data(engine, lakes.catalog, lakes.store, NOW))
    expected = report_object(load_report_data(lakes.local(), lakes.twin, FolderStore(lakes.folder), NOW))
    commands = {entry["name"]: entry.pop("command") for entry in report["inspections"]}
    for entry in expected["inspections"]:
        if entry.pop("command") != commands[entry["name"]]:
            prefix = f"s3://{lakes.names.bucket}/quarantine/source=velib/"
            assert commands[entry["name"]] == f"aws s3 ls --recursive {prefix}"
            assert entry["name"] == "quarantine_velib"
    assert report == expected
    assert lakes.query_count() == 1  # the typical week


def test_report_counts_changed_stations_from_the_bucket(lakes: TwinLakes) -> None:
    """The register is copied with the newest hours; only what to type differs from local mode."""
    newest = at("2022-10-31 10:15")
    rows = [
        stretch("a", 0, None, valid_from=newest - timedelta(days=90)),
        stretch("b", 0, None, valid_from=newest - timedelta(days=2)),
    ]
    write_register(lakes.folder, *rows)
    data = (lakes.folder / STATIONS_KEY).read_bytes()
    lakes.store.publish([Change(STATIONS_KEY, data)], lambda: True)
    report = report_object(load_report_data(lakes.engine(), lakes.catalog, lakes.store, NOW))
    expected = report_object(load_report_data(lakes.local(), lakes.twin, FolderStore(lakes.folder), NOW))
    assert report["station_changes"] == expected["station_changes"]
    assert report["station_changes"]["opened"] == 1
    assert report["inspections"][0]["command"].startswith("aws s3 ls --recursive s3://")


def test_report_reads_days_from_the_bucket_without_a_query(lakes: TwinLakes) -> None:
    """The numbers of days equal those of local mode, also after a day was computed again."""
    today = date(2022, 10, 31)  # the day after the clocks went back
    for rate in (0.4, 0.2):
        for n in (0, 1, 7):
            network = network_day(slots=100 if n == 1 else 96, avg_fill_rate=rate)
            write_day(lakes.folder, today - n * DAY, network, [station_day("a", 5)])
        for name in ("kpi_daily_network", "kpi_daily_station"):
            for n in (0, 1, 7):
                key = daily_kpi_key(name, today - n * DAY)
                data = (lakes.folder / key).read_bytes()
                lakes.store.publish([Change(key, data)], lambda: True)
        days = report_days(lakes.store, today)
        assert days == report_days(FolderStore(lakes.folder), today)
        assert [day["avg_fill_rate"] for day in days["calendar"]] == [rate] * 3
    assert lakes.query_count() == 0


def test_discarded_hour_leaves_the_bucket_and_the_table(lakes: TwinLakes) -> None:
    taken = at("2022-10-31 10:15")
    store_or_quarantine(lakes.store, FeedResponse("opendata", {"body": body(records())}), taken, taken)
    hour = hour_of(taken)
    assert not remove_hour(lakes.store, lakes.catalog, hour)
    for item in find_snapshots(lakes.store, hour, hour):
        discard_object(lakes.store, item, "it was wrong", NOW)
    lakes.store.publish([Change(clean_key(hour), None)], lambda: True)  # a removal that was interrupted
    assert is_outdated(lakes.store, lakes.catalog, hour)
    assert remove_hour(lakes.store, lakes.catalog, hour)
    assert not is_outdated(lakes.store, lakes.catalog, hour)
    assert hour not in [part.hour for part in lakes.catalog.partitions()]
    assert lakes.store.list(hour_prefix("raw", hour)) == []
    assert lakes.store.list(hour_prefix("clean", hour)) == []
    again = store_or_quarantine(
        lakes.store, FeedResponse("opendata", {"body": body(records())}), taken, taken
    )
    assert (again.state, again.code) == (QUARANTINED, "discarded")
    assert lakes.catalog.unregister([hour]) == 0


def test_only_a_changed_hour_is_fetched_again(lakes: TwinLakes, monkeypatch: pytest.MonkeyPatch) -> None:
    """Processes share the copies. Hours that are not registered or older than 26 hours are not fetched."""
    fetched: list[str] = []
    read = BucketStore.read

    def recorded(store: BucketStore, key: str) -> bytes:
        if key.startswith("clean/"):
            fetched.append(key)
        return read(store, key)

    monkeypatch.setattr(BucketStore, "read", recorded)
    hours = [hour_of(at(f"2022-10-{text}:00")) for text in ("30 09", "31 10")]
    load_report_data(lakes.engine(), lakes.catalog, lakes.store, NOW)
    assert fetched == [clean_key(hour) for hour in hours]
    fetched.clear()
    lakes.put({hours[1]: [*ROWS[:4], row("d", 0, 9, "2022-10-31 10:18")]})
    data = load_report_data(lakes.engine(), lakes.catalog, lakes.store, NOW)
    assert fetched == [clean_key(hours[1])]
    assert [row["station_id"] for row in data.views["kpi_shortage"]] == ["d"]


def test_page_is_written_and_served_by_its_link(lakes: TwinLakes) -> None:
    written = write_report(lakes.store, load_report_data(lakes.engine(), lakes.catalog, lakes.store, NOW))
    assert written.address == f"s3://{lakes.names.bucket}/{REPORT_KEY}"
    link = lakes.store.link(REPORT_KEY)
    with urllib.request.urlopen(link) as response:  # noqa: S310 - the emulator's
        assert response.headers["Content-Type"] == "text/html; charset=utf-8"
        assert len(response.read()) == written.size
    assert "X-Amz-Expires=3600" in link
    assert "expected-bucket-owner" not in link


def test_every_view_can_be_queried_by_others(lakes: TwinLakes) -> None:
    engine = lakes.engine()
    engine.read(VIEWS)
    for view in VIEWS:
        sql = f"SELECT count(*) AS n FROM {view.name}"  # noqa: S608 - our own names
        assert engine.query(sql)["n"].iloc[0] == lakes.local().query(sql)["n"].iloc[0]
