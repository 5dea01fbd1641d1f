"""A lake in a bucket is verified as one in a folder is, with the hashes in the Glue catalog."""

from collections.abc import Iterator
from typing import Any

import pytest

from velib_assets.catalog.catalog import DAMAGED
from velib_assets.catalog.glue_table import GlueTable
from velib_assets.catalog.registration import hashed_partition_of, partition_of
from velib_assets.catalog.verification import register_problem, verify_hour
from velib_assets.clean import glue_job
from velib_assets.clean.local_clean_job import LocalCleanJob
from velib_assets.defs.sensors.verification_turn import damaged_in_turn
from velib_assets.lake.bucket_store import BucketStore
from velib_assets.lake.keys import HOUR as ONE_HOUR
from velib_assets.lake.keys import clean_key, hour_text, raw_key
from velib_assets.stations.register_file import load_register
from velib_assets_tests.aws.emulator.server import Emulator
from velib_assets_tests.aws.twin_lakes import default_credentials
from velib_assets_tests.samples import HOUR, raw, records

HOURS = [HOUR, HOUR + ONE_HOUR]
Lake = tuple[BucketStore, GlueTable]


@pytest.fixture
def lake(emulator: Emulator, bucket: str, unique: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Lake]:
    """Two hours of raw, cleaned and registered by the code of the Glue job."""
    with default_credentials(emulator.env(), monkeypatch):
        emulator.client("glue").create_database(DatabaseInput={"Name": unique})
        store = BucketStore(bucket, region="us-east-1")
        for hour in HOURS:
            store.create(raw_key(hour), raw(records()).data)
        lake = store, GlueTable(unique, bucket, "us-east-1")
        run_job(lake, ",".join(map(hour_text, HOURS)))
        yield lake


def run_job(lake: Lake, hours: str) -> None:
    store, catalog = lake
    names = ["--bucket", store.bucket, "--region", "us-east-1", "--database", catalog.database]
    glue_job.main([*names, "--register", "true", "--hours", hours])


def damage(lake: Lake) -> list[tuple[str, str]]:
    store, catalog = lake
    register = load_register(store).register
    parts = {part.hour: part for part in catalog.partitions()}
    found = [item for hour in HOURS for item in verify_hour(store, hour, parts.get(hour), register)[0]]
    return [(item.layer, item.address) for item in found]


def flip(lake: Lake, emulator: Emulator) -> None:
    """Flip a bit of the first hour's file that no reader notices."""
    store, _ = lake
    key = clean_key(HOUR)
    good = store.read(key)
    position = good.rindex(b"parquet-cpp") + 3
    flipped = good[:position] + bytes([good[position] ^ 1]) + good[position + 1 :]
    emulator.client("s3").put_object(Bucket=store.bucket, Key=key, Body=flipped)


def test_glue_job_records_the_hash_and_a_flipped_bit_is_found(lake: Lake, emulator: Emulator) -> None:
    store, catalog = lake
    assert catalog.partitions() == [hashed_partition_of(store, hour) for hour in HOURS]
    assert (damage(lake), register_problem(store)) == ([], None)
    key = clean_key(HOUR)
    good = store.read(key)
    flip(lake, emulator)
    assert damage(lake) == [("clean", store.address(key))]
    state: dict[str, Any] = {}
    assert [part.hour for part in damaged_in_turn(store, catalog, state)] == [HOUR]
    assert [part.sha256 == DAMAGED for part in catalog.partitions()] == [True, False]
    assert [result.error for result in LocalCleanJob(store).run([HOUR])] == [""]
    catalog.register([hashed_partition_of(store, HOUR)])
    assert (store.read(key), damage(lake)) == (good, [])


def test_run_without_dagster_does_not_register_damage(lake: Lake, emulator: Emulator) -> None:
    """It registers the newest hours again, in case an earlier run could not."""
    before = lake[1].partitions()
    flip(lake, emulator)
    with pytest.raises(glue_job.CleanError, match=r"is damaged: .*Run `velib backfill 2022-06-04T10"):
        run_job(lake, glue_job.NEWEST)
    assert lake[1].partitions() == before
    run_job(lake, hour_text(HOUR))
    run_job(lake, glue_job.NEWEST)
    assert (lake[1].partitions(), damage(lake)) == (before, [])


def test_partition_without_a_hash_gets_one_in_its_turn(lake: Lake) -> None:
    store, catalog = lake
    catalog.register([partition_of(store, hour) for hour in HOURS])
    assert [part.sha256 for part in catalog.partitions()] == ["", ""]
    assert damaged_in_turn(store, catalog, {}) == []
    assert catalog.partitions() == [hashed_partition_of(store, hour) for hour in HOURS]
