"""A data set in a bucket: its sums are written last, and nothing else is replaced."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from datetime import UTC, date, datetime

import pyarrow.parquet as pq
import pytest

from velib_assets.aws.api import AwsError
from velib_assets.history.local_history_job import LocalHistoryJob
from velib_assets.lake.bucket_store import BucketStore
from velib_assets.lake.folder_store import FolderStore
from velib_assets.lake.local_days import local_days_overlapping
from velib_assets.lake.store import Change
from velib_assets.publish.bucket_target import write_bucket
from velib_assets.publish.dataset import dataset_files, sums
from velib_assets.publish.file_names import DATA_PACKAGE, SUMS
from velib_assets.publish.month_data import load_month
from velib_assets.publish.provenance import VELIB
from velib_assets.publish.target_contents import TargetError, name_of
from velib_assets.query.daily_store import prepare_daily_kpis, store_daily_kpis
from velib_assets.stations.register_file import load_register, save_register
from velib_assets_tests.aws.emulator.server import Emulator
from velib_assets_tests.aws.twin_lakes import ROWS, TwinLakes, default_credentials

PREFIX = "published/velib-2022-06"


def edition(text: str, name: str = "velib-2022-06") -> dict[str, bytes]:
    files = {
        "data.parquet": text.encode(),
        DATA_PACKAGE: json.dumps({"name": name}).encode(),
        "README.md": text.encode(),
    }
    return {**files, SUMS: sums(files)}


@pytest.fixture(autouse=True)
def credentials(emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with default_credentials(emulator.env(), monkeypatch):
        yield


def contents(bucket: str) -> dict[str, bytes]:
    store = BucketStore(bucket)
    return {item.key[len(PREFIX) + 1 :]: store.read(item.key) for item in store.walk(f"{PREFIX}/")}


def test_earlier_edition_is_replaced(bucket: str) -> None:
    for text in ("one", "two", "two"):
        write_bucket(bucket, PREFIX, edition(text), "")
        assert contents(bucket) == edition(text)


def test_damaged_edition_is_repaired(bucket: str) -> None:
    write_bucket(bucket, PREFIX, edition("one"), "")
    BucketStore(bucket).publish([Change(f"{PREFIX}/data.parquet", b"damaged")], lambda: True)
    write_bucket(bucket, PREFIX, edition("one"), "")
    assert contents(bucket) == edition("one")


def test_interrupted_writer_leaves_no_sums(bucket: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """At any step. The next writer completes the edition."""
    publish = BucketStore.publish
    for steps in range(len(edition("x"))):
        write_bucket(bucket, PREFIX, edition("before"), "")
        left = [True] * (steps + 1)

        def interrupted(store: BucketStore, *arguments: object, left: list[bool] = left) -> bool:
            if not left:
                raise AwsError("the network is gone")
            left.pop()
            return publish(store, *arguments)  # type: ignore[arg-type]

        with monkeypatch.context() as patch:
            patch.setattr(BucketStore, "publish", interrupted)
            with pytest.raises(AwsError):
                write_bucket(bucket, PREFIX, edition(f"after {steps}"), "")
        assert SUMS not in contents(bucket)
        write_bucket(bucket, PREFIX, edition("done"), "")
        assert contents(bucket) == edition("done")


def test_first_edition_can_be_completed_after_an_interruption(bucket: str) -> None:
    BucketStore(bucket).create(f"{PREFIX}/data.parquet", b"one")
    write_bucket(bucket, PREFIX, edition("one"), "")
    assert contents(bucket) == edition("one")


@pytest.mark.parametrize(
    ("name", "data", "reason"),
    [
        ("notes.txt", b"mine", "it has notes.txt"),
        ("below/data.parquet", b"mine", "it has below/data.parquet"),
        (DATA_PACKAGE, b'{"name": "velib-2022-05"}', "it has velib-2022-05"),
    ],
)
def test_foreign_objects_are_refused_and_stay(bucket: str, name: str, data: bytes, reason: str) -> None:
    BucketStore(bucket).create(f"{PREFIX}/{name}", data)
    with pytest.raises(TargetError, match=reason):
        write_bucket(bucket, PREFIX, edition("one"), "")
    assert contents(bucket) == {name: data}


def test_missing_bucket_is_an_error_of_aws(bucket: str) -> None:
    with pytest.raises(AwsError, match="no-such-bucket"):
        write_bucket(f"no-such-bucket-{bucket}", PREFIX, edition("one"), "")


def test_month_of_a_bucket_is_that_of_its_twin(lakes: TwinLakes) -> None:
    """Rows, daily KPIs and coverage; the footers differ, as a bucket's clean files have other digests."""
    now, month = datetime(2023, 1, 1, tzinfo=UTC), date(2022, 10, 1)
    sides = (
        (lakes.store, lakes.catalog, lakes.engine()),
        (FolderStore(lakes.folder), lakes.twin, lakes.local()),
    )
    published = []
    for store, catalog, engine in sides:
        utc_days = sorted({part.hour.date() for part in catalog.partitions()})
        catalog.register_history([result.file() for result in LocalHistoryJob(store, 1).run(utc_days)])
        prepare_daily_kpis(engine, catalog)
        for day in sorted({local for utc_day in utc_days for local in local_days_overlapping(utc_day)}):
            store_daily_kpis(day, engine, store, catalog, now)
        assert save_register(store, load_register(store))
        data = load_month(store, catalog, month, now)
        assert name_of(dataset_files(data, VELIB)) == "velib-2022-10"
        published.append(data)
    ours, twin = published
    assert ours.rows == twin.rows
    assert ours.slots == twin.slots
    assert ours.rows["station_history"] == len(ROWS)
    for name in ("station_history", "kpi_daily_station", "kpi_daily_network", "kpi_station_quality"):
        tables = [pq.read_table(io.BytesIO(data.tables[name])) for data in published]
        assert tables[0].equals(tables[1]), name
