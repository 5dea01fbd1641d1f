"""An archive in a bucket has the snapshots of the same files in a folder."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from velib_assets.ingest.decode import decode
from velib_assets.ingest.feeds.archive import Archive
from velib_assets.ingest.feeds.s3_archive_client import BucketArchive
from velib_assets.lake.folder_store import FolderStore
from velib_assets.lake.packing import pack_day
from velib_assets.lake.raw_pack import pack_of
from velib_assets_tests.aws.emulator.server import Emulator
from velib_assets_tests.aws.twin_lakes import default_credentials
from velib_assets_tests.ingest.test_archive_formats import OWN, gbfs_files, put, table
from velib_assets_tests.samples import HOUR, raw, records

PARIS = ZoneInfo("Europe/Paris")
COLUMNS = {"station_id": "code", "bikes": "nb_velos", "docks": "nb_bornes"}


@pytest.fixture
def address(emulator: Emulator, bucket: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A prefix in a bucket that this process may read."""
    with default_credentials(emulator.env(), monkeypatch):
        yield f"s3://{bucket}/collection"


def test_all_forms_are_read_from_a_bucket(emulator: Emulator, address: str, tmp_path: Path) -> None:
    put(tmp_path, "2022/06/04/1200.csv", table().encode())
    put(tmp_path, "velib_data_20220604_121500.csv.gz", OWN.encode())
    put(tmp_path, "20220604T103000Z/station_status.json", gbfs_files()["station_status"])
    put(tmp_path, "station_information.json", gbfs_files()["station_information"])
    put(tmp_path, "notes.txt", b"")
    put(tmp_path, "velib_data_20221030_023000.csv", OWN.encode())
    name = address.removeprefix("s3://").partition("/")[0]
    for file in (path for path in tmp_path.rglob("*") if path.is_file()):
        key = f"collection/{file.relative_to(tmp_path).as_posix()}"
        emulator.client("s3").put_object(Bucket=name, Key=key, Body=file.read_bytes())
    folder, bucket = Archive(tmp_path, PARIS, COLUMNS), BucketArchive(address, "us-east-1", PARIS, COLUMNS)
    last = HOUR + timedelta(days=300)
    assert bucket.recorded_hours(HOUR, last) == folder.recorded_hours(HOUR, last) == {HOUR}
    assert bucket.skipped(HOUR, last) == folder.skipped(HOUR, last)
    assert len(bucket.skipped(HOUR, last).refused) == len(bucket.skipped(HOUR, last).notes) == 1
    snapshots = list(bucket.recorded(HOUR))
    assert snapshots == list(folder.recorded(HOUR))
    assert [(s.taken_at.minute, s.problem, len(decode(s.response).records)) for s in snapshots] == [
        (0, None, 3),
        (15, None, 2),
        (30, None, 2),
    ]


def test_packs_are_read_from_a_bucket(emulator: Emulator, address: str, tmp_path: Path) -> None:
    """A backup of a packed lake; each snapshot is read by its range."""
    lake = FolderStore(tmp_path)
    for minute in (0, 15):
        made = raw(records(), minute)
        lake.create(made.key, made.data)
    plain = list(Archive(tmp_path).recorded(HOUR))
    pack_day(lake, HOUR.date())
    name = address.removeprefix("s3://").partition("/")[0]
    pack = str(pack_of(raw(records()).key))
    emulator.client("s3").put_object(
        Bucket=name, Key=f"collection/{pack}", Body=(tmp_path / pack).read_bytes()
    )
    bucket = BucketArchive(address, "us-east-1")
    assert bucket.recorded_hours(HOUR, HOUR) == {HOUR}
    assert list(bucket.recorded(HOUR)) == plain
