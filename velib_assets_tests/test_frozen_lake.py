"""A lake written by version 0.1.0 stays readable and current.

`frozen_lake/lake` is that lake, `frozen_lake/expected.json` has its expected contents.
Hour 08 is four portal exports, 09 odd records, 10 GBFS, 11 an object of the first version and a damaged
one.
Never regenerate the folder with newer code: these tests are about the bytes that users already have.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from velib_assets.catalog.glue_table import GlueTable
from velib_assets.catalog.registration import partition_of
from velib_assets.catalog.sqlite_catalog import LocalCatalog
from velib_assets.clean.hour import digest_of
from velib_assets.clean.rebuild import footer_of, rebuild_hour
from velib_assets.lake.folder_store import FolderStore
from velib_assets.lake.keys import clean_key, iso_utc, parse_hour, raw_time
from velib_assets.lake.listing import raw_listing
from velib_assets_tests.clean.current import is_current

FROZEN = Path(__file__).with_name("frozen_lake")
EXPECTED: dict[str, Any] = json.loads((FROZEN / "expected.json").read_text(encoding="utf-8"))
HOURS = {parse_hour(text): about for text, about in EXPECTED["hours"].items()}


@pytest.fixture
def store(tmp_path: Path) -> FolderStore:
    """A copy of the frozen lake."""
    shutil.copytree(FROZEN / "lake", tmp_path / "lake")
    return FolderStore(tmp_path / "lake")


@pytest.mark.parametrize("hour", HOURS, ids=EXPECTED["hours"])
def test_clean_file_of_an_older_version_is_current(store: FolderStore, hour: datetime) -> None:
    assert is_current(store, hour)


@pytest.mark.parametrize("hour", HOURS, ids=EXPECTED["hours"])
def test_listing_hashes_and_times_are_unchanged(store: FolderStore, hour: datetime) -> None:
    listing = raw_listing(store, hour)
    found = {
        key: {"hash": hash_, "taken": iso_utc(taken)} for key, hash_ in listing if (taken := raw_time(key))
    }
    assert found == HOURS[hour]["raw"]
    assert digest_of(listing) == HOURS[hour]["digest"]


@pytest.mark.parametrize("hour", HOURS, ids=EXPECTED["hours"])
def test_footer_is_found_under_the_same_key(store: FolderStore, hour: datetime) -> None:
    with store.open(clean_key(hour)) as source:
        footer = json.loads(pq.read_metadata(source).metadata[b"velib"])
    assert footer == HOURS[hour]["footer"]


@pytest.mark.parametrize("hour", HOURS, ids=EXPECTED["hours"])
def test_cleaning_again_gives_the_same_rows_and_bytes(store: FolderStore, hour: datetime) -> None:
    """Bytes may differ with another pyarrow, and where the footer contains the reason of a quarantine.

    They also differ where the feed left out a part of a description: the footer says so since the station
    register. A feed without communes gets them from the code.
    """
    before = pq.read_table(store.open(clean_key(hour)))
    rebuild_hour(store, hour)
    after, footer = pq.read_table(store.open(clean_key(hour))), footer_of(store, hour)
    assert footer is not None
    if before["commune"].null_count == len(before):
        assert after["commune"].null_count == 0
        before, after = (table.drop_columns(["commune", "arrondissement"]) for table in (before, after))
    assert after.equals(before)
    as_before = not HOURS[hour]["footer"]["quarantined"] and not footer.missing
    if pa.__version__ == EXPECTED["pyarrow"] and as_before:
        digest = hashlib.sha256(store.read(clean_key(hour))).hexdigest()
        assert digest == HOURS[hour]["clean_sha256"]


def test_catalog_of_an_older_version_is_read(store: FolderStore) -> None:
    registered = LocalCatalog(store.root).partitions()
    assert registered == [partition_of(store, hour) for hour in HOURS]
    assert [part.digest for part in registered] == [about["digest"] for about in HOURS.values()]


@pytest.mark.parametrize("hour", HOURS, ids=EXPECTED["hours"])
def test_partition_parameters_in_glue_are_unchanged(store: FolderStore, hour: datetime) -> None:
    found = GlueTable("velib_db_tf", "bucket")._input(partition_of(store, hour))
    kept = {name: found[name] for name in ("Values", "Parameters")}
    assert kept | {"Location": found["StorageDescriptor"]["Location"]} == HOURS[hour]["glue"]
