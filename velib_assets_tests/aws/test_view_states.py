"""The views and the report on the emulator's Athena: the same results as in local mode, in few queries."""

from __future__ import annotations

import urllib.request
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest

from velib_assets.aws import api
from velib_assets.aws.names import Names
from velib_assets.catalog.catalog import Partition
from velib_assets.catalog.glue_table import GlueTable
from velib_assets.catalog.removal import is_outdated, remove_hour
from velib_assets.catalog.sqlite_catalog import LocalCatalog
from velib_assets.ingest.discard import discard_object, find_snapshots
from velib_assets.ingest.response import FeedResponse
from velib_assets.ingest.step import QUARANTINED, store_or_quarantine
from velib_assets.lake import bucket_store
from velib_assets.lake.bucket_store import BucketStore
from velib_assets.lake.folder_store import FolderStore
from velib_assets.lake.keys import REPORT_KEY, STATIONS_KEY, clean_key, hour_of, hour_prefix
from velib_assets.lake.store import Change
from velib_assets.query.athena_engine import AthenaQueryEngine
from velib_assets.query.cached_state import newest_state
from velib_assets.query.duckdb_engine import LocalQueryEngine
from velib_assets.query.kpis import KPIS, LIVE_VIEWS, REPORT_VIEWS, VIEWS
from velib_assets.report.model import report_object
from velib_assets.report.report_data import load_report_data
from velib_assets.report.writer import write_report
from velib_assets_tests.aws.emulator.server import Emulator
from velib_assets_tests.kpi_lake import at, row, stretch, write_hour, write_register
from velib_assets_tests.samples import body, records

NOW = at("2022-10-31 10:20")
ROWS = [
    *(row("a", 0, 20, f"2022-10-31 10:{minute:02}", ebikes=None) for minute in (0, 15)),
    row("b", 20, 0, "2022-10-31 10:15", name='Île, "Saint" <b>'),
    row("c", None, None, "2022-10-31 10:15", lat=None, capacity=None),
    row("b", 5, 15, "2022-10-30 09:00"),
    *(row("b", n, 10 - n, f"2022-10-30 0{n}:30") for n in (0, 1, 2)),  # clocks go back in Paris
    row("b", 1, 9, "2022-10-10 10:00"),
]


class Cloud:
    """A lake in a bucket, its twin in a folder, and the queries that Athena ran."""

    def __init__(self, emulator: Emulator, bucket: str, database: str, folder: Path) -> None:
        self.emulator, self.names = emulator, Names(bucket, database=database, workgroup=database)
        self.store, self.catalog = BucketStore(bucket), GlueTable(database, bucket)
        self.twin, self.folder = LocalCatalog(folder), folder
        location = {"OutputLocation": f"s3://{bucket}/athena-results/"}
        emulator.client("athena").create_work_group(
            Name=database, Configuration={"ResultConfiguration": location}
        )
        emulator.client("glue").create_database(DatabaseInput={"Name": database})
        hours: dict[Any, list[dict[str, Any]]] = {}
        for values in ROWS:
            hours.setdefault(hour_of(values["ingested_ts"]), []).append(values)
        self.put(hours)

    def put(self, hours: dict[Any, list[dict[str, Any]]]) -> None:
        """Write hours to both lakes and register them."""
        parts = [write_hour(self.folder, hour, rows) for hour, rows in hours.items()]
        for part in parts:
            self.store.publish(
                [Change(part.key, (self.folder / clean_key(part.hour)).read_bytes())], lambda: True
            )
        self.twin.register(parts)
        self.catalog.register(parts)

    def engine(self) -> AthenaQueryEngine:
        """Return a new engine, as each process has."""
        return AthenaQueryEngine(self.names, self.catalog, self.store, self.folder.parent / "mirror")

    def local(self) -> LocalQueryEngine:
        """Return the local engine over the twin."""
        return LocalQueryEngine(self.folder, self.twin)

    def query_count(self) -> int:
        """Return how many queries Athena has run."""
        athena = self.emulator.client("athena")
        ids = athena.list_query_executions(WorkGroup=self.names.workgroup)["QueryExecutionIds"]
        runs = [athena.get_query_execution(QueryExecutionId=query_id)["QueryExecution"] for query_id in ids]
        return sum(r["StatementType"] == "DML" and r["Status"]["State"] == "SUCCEEDED" for r in runs)


@pytest.fixture
def cloud(
    emulator: Emulator, bucket: str, unique: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Cloud]:
    for name, value in emulator.env().items():
        monkeypatch.setenv(name, value)
    _reset_clients()
    yield Cloud(emulator, bucket, unique, tmp_path / "twin")
    _reset_clients()


def _reset_clients() -> None:
    """Clients and boto3's session keep the emulator and the credentials of the test that created them."""
    boto3.DEFAULT_SESSION = None
    api.client.cache_clear()
    bucket_store._client.cache_clear()


def test_live_views_need_one_query_and_equal_those_of_local_mode(cloud: Cloud) -> None:
    engine, local = cloud.engine(), cloud.local()
    for state, expected in zip(engine.read(LIVE_VIEWS), local.read(LIVE_VIEWS), strict=True):
        assert state.changed
        assert state.newest.equals(expected.newest)
        assert state.headline == pytest.approx(expected.headline)
    assert cloud.query_count() == 1
    assert not any(state.changed for state in engine.read(LIVE_VIEWS))
    assert not cloud.engine().read(LIVE_VIEWS[-1:])[0].changed
    assert cloud.query_count() == 2


def test_typical_week_equals_that_of_local_mode_and_needs_one_query(cloud: Cloud) -> None:
    """The weeks include the day on which clocks go back."""
    week = REPORT_VIEWS[-1]
    states = [newest_state(week, cloud.engine(), cloud.catalog, cloud.store) for _ in range(2)]
    local = cloud.local().read([week])[0]
    for state in states:
        assert state.newest.equals(local.newest)
    assert [tuple(row.values()) for row in local.newest.to_pylist()] == [
        (1, 12, 0.1, 1),
        (7, 2, 0.05, 2),
        (7, 3, 0.2, 1),
        (7, 10, 0.25, 1),
    ]
    assert cloud.query_count() == 1


def test_state_changes_with_its_partition(cloud: Cloud) -> None:
    engine, hour = cloud.engine(), hour_of(at("2022-10-31 10:00"))
    assert engine.read(KPIS[1:2])[0].newest["station_id"].to_pylist() == ["a"]
    newer = [*ROWS[:4], row("d", 0, 9, "2022-10-31 10:18")]
    cloud.put({hour: newer})
    assert engine.read(KPIS[1:2])[0].newest["station_id"].to_pylist() == ["d"]
    assert cloud.query_count() == 2


def test_partitions_without_a_digest_are_queried_each_time(cloud: Cloud) -> None:
    """The crawler registers them: the same partition may hold another file."""
    parts = cloud.catalog.partitions([hour_of(values["ingested_ts"]) for values in ROWS])
    cloud.catalog.register([Partition(p.hour, p.key, p.rows, p.bytes, "") for p in parts])
    engine = cloud.engine()
    for _ in range(2):
        assert engine.read(KPIS[1:2])[0].newest["station_id"].to_pylist() == ["a"]
    assert cloud.query_count() == 2


def test_dropped_view_is_defined_again_without_delaying_others(cloud: Cloud) -> None:
    engine = cloud.engine()
    engine.read(KPIS)
    cloud.emulator.client("glue").delete_table(DatabaseName=cloud.names.database, Name="kpi_shortage")
    fresh = cloud.engine()
    assert len(fresh.read(KPIS[:1])[0].newest) == 2
    restored = fresh.read(KPIS[1:2])[0]
    assert (restored.changed, restored.newest["station_id"].to_pylist()) == (True, ["a"])
    assert len(fresh.read(KPIS[2:3])[0].newest) == 1


def test_report_equals_that_of_local_mode(cloud: Cloud) -> None:
    """Except that quarantine has no table on AWS: the command lists its objects."""
    engine = cloud.engine()
    report = report_object(load_report_data(engine, cloud.catalog, cloud.store, NOW))
    expected = report_object(load_report_data(cloud.local(), cloud.twin, FolderStore(cloud.folder), NOW))
    commands = {entry["name"]: entry.pop("command") for entry in report["inspections"]}
    for entry in expected["inspections"]:
        if entry.pop("command") != commands[entry["name"]]:
            prefix = f"s3://{cloud.names.bucket}/quarantine/source=velib/"
            assert commands[entry["name"]] == f"aws s3 ls --recursive {prefix}"
            assert entry["name"] == "quarantine_velib"
    assert report == expected
    assert cloud.query_count() == 1  # the typical week


def test_report_counts_changed_stations_from_the_bucket(cloud: Cloud) -> None:
    """The register is copied with the newest hours; only what to type differs from local mode."""
    newest = at("2022-10-31 10:15")
    rows = [
        stretch("a", 0, None, valid_from=newest - timedelta(days=90)),
        stretch("b", 0, None, valid_from=newest - timedelta(days=2)),
    ]
    write_register(cloud.folder, *rows)
    data = (cloud.folder / STATIONS_KEY).read_bytes()
    cloud.store.publish([Change(STATIONS_KEY, data)], lambda: True)
    report = report_object(load_report_data(cloud.engine(), cloud.catalog, cloud.store, NOW))
    expected = report_object(load_report_data(cloud.local(), cloud.twin, FolderStore(cloud.folder), NOW))
    assert report["station_changes"] == expected["station_changes"]
    assert report["station_changes"]["opened"] == 1
    assert report["inspections"][0]["command"].startswith("aws s3 ls --recursive s3://")


def test_discarded_hour_leaves_the_bucket_and_the_table(cloud: Cloud) -> None:
    taken = at("2022-10-31 10:15")
    store_or_quarantine(cloud.store, FeedResponse("opendata", {"body": body(records())}), taken, taken)
    hour = hour_of(taken)
    assert not remove_hour(cloud.store, cloud.catalog, hour)
    for item in find_snapshots(cloud.store, hour, hour):
        discard_object(cloud.store, item, "it was wrong", NOW)
    assert is_outdated(cloud.store, cloud.catalog, hour)
    assert remove_hour(cloud.store, cloud.catalog, hour)
    assert not is_outdated(cloud.store, cloud.catalog, hour)
    assert hour not in [part.hour for part in cloud.catalog.partitions()]
    assert cloud.store.list(hour_prefix("raw", hour)) == []
    assert cloud.store.list(hour_prefix("clean", hour)) == []
    again = store_or_quarantine(
        cloud.store, FeedResponse("opendata", {"body": body(records())}), taken, taken
    )
    assert (again.state, again.code) == (QUARANTINED, "discarded")
    assert cloud.catalog.unregister([hour]) == 0


def test_only_a_changed_hour_is_fetched_again(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    """Processes share the copies. Hours that are not registered or older than 26 hours are not fetched."""
    fetched: list[str] = []
    read = BucketStore.read

    def recorded(store: BucketStore, key: str) -> bytes:
        if key.startswith("clean/"):
            fetched.append(key)
        return read(store, key)

    monkeypatch.setattr(BucketStore, "read", recorded)
    hours = [hour_of(at(f"2022-10-{text}:00")) for text in ("30 09", "31 10")]
    load_report_data(cloud.engine(), cloud.catalog, cloud.store, NOW)
    assert fetched == [clean_key(hour) for hour in hours]
    fetched.clear()
    cloud.put({hours[1]: [*ROWS[:4], row("d", 0, 9, "2022-10-31 10:18")]})
    data = load_report_data(cloud.engine(), cloud.catalog, cloud.store, NOW)
    assert fetched == [clean_key(hours[1])]
    assert [row["station_id"] for row in data.views["kpi_shortage"]] == ["d"]


def test_page_is_written_and_served_by_its_link(cloud: Cloud) -> None:
    written = write_report(cloud.store, load_report_data(cloud.engine(), cloud.catalog, cloud.store, NOW))
    assert written.address == f"s3://{cloud.names.bucket}/{REPORT_KEY}"
    link = cloud.store.link(REPORT_KEY)
    with urllib.request.urlopen(link) as response:  # noqa: S310 - the emulator's
        assert response.headers["Content-Type"] == "text/html; charset=utf-8"
        assert len(response.read()) == written.size
    assert "X-Amz-Expires=3600" in link
    assert "expected-bucket-owner" not in link


def test_every_view_can_be_queried_by_others(cloud: Cloud) -> None:
    engine = cloud.engine()
    engine.read(VIEWS)
    for view in VIEWS:
        sql = f"SELECT count(*) AS n FROM {view.name}"  # noqa: S608 - our own names
        assert engine.query(sql)["n"].iloc[0] == cloud.local().query(sql)["n"].iloc[0]
