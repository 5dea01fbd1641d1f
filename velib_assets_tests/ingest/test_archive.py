"""The archive: which files are found, in which order, and what happens to damaged ones."""

from __future__ import annotations

import gzip
import json
import os
import tempfile
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from velib_assets.ingest.decode import decode
from velib_assets.ingest.feeds.archive import Archive, ArchiveUnreadableError
from velib_assets.ingest.feeds.feed import FeedError
from velib_assets.ingest.raw_object import encode_raw
from velib_assets.ingest.response import FeedResponse, UnusableError
from velib_assets.lake.keys import hours_between

HOUR = datetime(2022, 6, 4, 17, tzinfo=timezone.utc)
PAGE = b'{"total_count": 1, "results": [{"stationcode": "1001"}]}'
REAL = Path(__file__).resolve().parents[3] / "shared" / "data" / "velib"
NOBODY = 65534  # the user id of "nobody"


def put(folder: Path, name: str, body: bytes = PAGE) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(body) if name.endswith(".gz") else body)
    return path


def only(folder: Path, hour: datetime = HOUR) -> tuple[str, list[object]]:
    """Return the feed and the records of an hour's only snapshot."""
    (snapshot,) = Archive(folder).recorded(hour)
    return snapshot.response.feed, decode(snapshot.response).records


@pytest.mark.parametrize("body", [PAGE, b'[{"stationcode": "1001"}]'], ids=["page", "array"])
@pytest.mark.parametrize("ending", ["", ".gz"])
def test_export_is_read(tmp_path: Path, body: bytes, ending: str) -> None:
    """A page or an array, compressed or not, at any depth."""
    put(tmp_path, f"2022/06/20220604T173459Z.json{ending}", body)
    assert only(tmp_path) == ("opendata", [{"stationcode": "1001"}])


@pytest.mark.parametrize("feed", ["opendata", "simulator"])
def test_raw_object_is_read(tmp_path: Path, feed: str) -> None:
    """A lake is an archive, and its snapshots keep their feed."""
    decoded = decode(FeedResponse(feed, {"body": PAGE}))
    (tmp_path / "velib_20220604_173000.json.gz").write_bytes(encode_raw(feed, HOUR, HOUR, decoded))
    assert only(tmp_path) == (feed, [{"stationcode": "1001"}])


def test_raw_object_of_the_first_version_is_read(tmp_path: Path) -> None:
    """It is not compressed and has no feed (opendata) and no hash."""
    put(tmp_path, "velib_20220604_173000.json", b'{"source": "velib", "results": [{"a": 1}]}')
    assert only(tmp_path) == ("opendata", [{"a": 1}])


def test_raw_object_of_gbfs_is_read(tmp_path: Path) -> None:
    """Its records are joined already."""
    pair = {"information": {"stationCode": "1001"}, "status": {"stationCode": "1001"}}
    decoded = decode(FeedResponse("gbfs", {"body": json.dumps([pair]).encode()}))
    stored = encode_raw("gbfs", HOUR, HOUR, decoded)
    (tmp_path / "velib_20220604_173000.json.gz").write_bytes(stored)
    assert only(tmp_path) == ("gbfs", [pair])


def test_snapshots_are_in_order_of_time(tmp_path: Path) -> None:
    """The names of folders do not matter."""
    put(tmp_path, "a/20220604T175959Z.json", b"[1]")
    put(tmp_path, "b/20220604T170000Z.json.gz", b"[2]")
    put(tmp_path, "b/20220604T180000Z.json.gz")
    snapshots = list(Archive(tmp_path).recorded(HOUR))
    assert [(r.taken_at, r.response.bodies["body"]) for r in snapshots] == [
        (HOUR, b"[2]"),
        (HOUR + timedelta(seconds=3599), b"[1]"),
    ]


def test_one_second_has_one_snapshot(tmp_path: Path) -> None:
    """Exports win over raw objects, and plain files over compressed ones."""
    for name in ("a/velib_20220604_170000.json", "b/20220604T170000Z.json.gz"):
        put(tmp_path, name)
    put(tmp_path, "z/20220604T170000Z.json", b"[7]")
    assert only(tmp_path) == ("opendata", [7])


def test_recorded_hours_include_both_ends(tmp_path: Path) -> None:
    for hour in (16, 17, 19, 20):
        put(tmp_path, f"20220604T{hour}3000Z.json")
    hours = Archive(tmp_path).recorded_hours(HOUR, HOUR + timedelta(hours=2))
    assert hours == {HOUR, HOUR + timedelta(hours=2)}


def test_new_files_are_found(tmp_path: Path) -> None:
    """The daemon runs for weeks; planning searches again."""
    put(tmp_path, "20220604T173000Z.json")
    archive = Archive(tmp_path)
    archive.recorded_hours(HOUR, HOUR)
    put(tmp_path, "20220604T183000Z.json")
    assert len(archive.recorded_hours(HOUR, HOUR + timedelta(hours=1))) == 2
    assert len(list(archive.recorded(HOUR + timedelta(hours=1)))) == 1


@pytest.mark.parametrize(
    "name",
    [
        "20220604T173000Z.jsonl",
        "20221304T173000Z.json",
        "2022064T173000Z.json",
        "20220604T173000Z.json.gz.part",
        "velib_20220604_173000_0a1b.body",
        ".20220604T173000Z.json.swp",
    ],
)
def test_other_names_are_skipped(tmp_path: Path, name: str) -> None:
    put(tmp_path, name)
    put(tmp_path, "20220604T173100Z.json")
    assert len(list(Archive(tmp_path).recorded(HOUR))) == 1


def test_links_are_not_followed(tmp_path: Path) -> None:
    """A link can leave the folder or form a cycle."""
    put(tmp_path, "inside/20220604T173000Z.json")
    outside = put(tmp_path, "outside/20220604T174000Z.json")
    (tmp_path / "inside/20220604T174000Z.json").symlink_to(outside)
    (tmp_path / "inside/more").symlink_to(tmp_path)
    assert len(list(Archive(tmp_path / "inside").recorded(HOUR))) == 1


def test_folder_itself_may_be_a_link(tmp_path: Path) -> None:
    """Only links inside it are skipped."""
    put(tmp_path, "real/20220604T173000Z.json")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    assert only(tmp_path / "link")[0] == "opendata"


@pytest.mark.parametrize("name", ["20220604T173000Z.json.gz", "velib_20220604_173000.json.gz"])
def test_damaged_file_has_a_problem(tmp_path: Path, name: str) -> None:
    """Its bytes go to quarantine, and the hour's other snapshots are restored."""
    damaged = gzip.compress(PAGE)[:-9]
    (tmp_path / name).write_bytes(damaged)
    put(tmp_path, "20220604T174500Z.json")
    first, second = Archive(tmp_path).recorded(HOUR)
    assert first.response.bodies == {"body": damaged}
    assert first.problem is not None
    assert first.problem.code == "not_gzip"
    with pytest.raises(UnusableError):
        decode(first.response)
    assert second.problem is None


def test_altered_raw_object_has_a_problem(tmp_path: Path) -> None:
    """Its hash does not match."""
    stored = gzip.decompress(encode_raw("opendata", HOUR, HOUR, decode(FeedResponse("", {"body": PAGE}))))
    put(tmp_path, "velib_20220604_173000.json.gz", stored.replace(b"1001", b"1002"))
    (snapshot,) = Archive(tmp_path).recorded(HOUR)
    assert snapshot.problem is not None
    assert snapshot.problem.code == "hash_mismatch"


def test_raw_object_of_another_network_has_a_problem(tmp_path: Path) -> None:
    """A lake holds one network; loaded here, its stations would be those of this one."""
    stored = gzip.decompress(encode_raw("gbfs", HOUR, HOUR, decode(FeedResponse("", {"body": PAGE}))))
    put(tmp_path, "rouen_20220604_173000.json", stored.replace(b'"source": "velib"', b'"source": "rouen"'))
    (snapshot,) = Archive(tmp_path).recorded(HOUR)
    assert snapshot.problem is not None
    assert snapshot.problem.code == "other_network"
    assert "of the network rouen, not of velib" in str(snapshot.problem)


@pytest.mark.parametrize("folder", ["system_backup", "system_velib/2022", "my_system_regions"])
def test_folder_named_like_a_file_of_gbfs_holds_snapshots(tmp_path: Path, folder: str) -> None:
    put(tmp_path, f"{folder}/20220604T173000Z.json")
    assert [snapshot.problem for snapshot in Archive(tmp_path).recorded(HOUR)] == [None]


def test_removed_file_is_an_error(tmp_path: Path) -> None:
    """It existed when the hour was planned; without an error the hour would succeed without it."""
    path = put(tmp_path, "20220604T173000Z.json")
    archive = Archive(tmp_path)
    archive.recorded_hours(HOUR, HOUR)
    path.unlink()
    with pytest.raises(FeedError, match=r"20220604T173000Z\.json cannot be read: No such file"):
        list(archive.recorded(HOUR))


def test_removed_file_does_not_affect_others(tmp_path: Path) -> None:
    """The hour's others are yielded first, then the error is raised."""
    gone = put(tmp_path, "20220604T170100Z.json")
    put(tmp_path, "20220604T173000Z.json")
    archive = Archive(tmp_path)
    assert archive.recorded_hours(HOUR, HOUR)
    gone.unlink()
    recorded = archive.recorded(HOUR)
    assert next(recorded).taken_at.minute == 30
    with pytest.raises(FeedError, match=r"20220604T170100Z\.json cannot be read"):
        next(recorded)


def test_missing_folder_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ArchiveUnreadableError, match="nowhere cannot be read: No such file or directory"):
        Archive(tmp_path / "nowhere").recorded_hours(HOUR, HOUR)


def test_file_instead_of_the_folder_is_an_error(tmp_path: Path) -> None:
    path = put(tmp_path, "20220604T173000Z.json")
    with pytest.raises(ArchiveUnreadableError, match="cannot be read: Not a directory"):
        Archive(path).recorded_hours(HOUR, HOUR)


def test_folder_without_snapshots_is_an_error(tmp_path: Path) -> None:
    put(tmp_path, "notes.txt")
    with pytest.raises(ArchiveUnreadableError, match="contains no recorded snapshot"):
        Archive(tmp_path).recorded_hours(HOUR, HOUR)


def test_unreadable_subfolder_is_an_error() -> None:
    """Skipping it would lose its hours. Root can read everything, so it acts as nobody."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        put(folder, "20220604T173000Z.json")
        (folder / "closed").mkdir(mode=0)
        me = os.geteuid()
        os.seteuid(me or NOBODY)
        try:
            with pytest.raises(ArchiveUnreadableError, match="closed cannot be read: Permission denied"):
                Archive(folder).recorded_hours(HOUR, HOUR)
        finally:
            os.seteuid(me)


def test_folder_that_cannot_be_opened_is_an_error(tmp_path: Path) -> None:
    """For any reason of the operating system, here a name that is too long."""
    with pytest.raises(ArchiveUnreadableError, match="cannot be read: File name too long"):
        Archive(tmp_path / ("x" * 300)).recorded_hours(HOUR, HOUR)


def test_archive_has_no_current_data(tmp_path: Path) -> None:
    """A tick must not get a recorded state."""
    archive = Archive(tmp_path)
    assert not archive.live
    with pytest.raises(FeedError, match="has no current data"):
        archive.fetch(HOUR)


@pytest.mark.skipif(not REAL.is_dir(), reason="needs two recorded days beside the checkout")
def test_two_real_days_are_read() -> None:
    """46 of 48 hours have 84 exports with 118,799 rows."""
    archive, first = Archive(REAL), datetime(2022, 6, 4, tzinfo=timezone.utc)
    hours = archive.recorded_hours(first, first + timedelta(hours=47))
    rows = [
        len(decode(recorded.response).records)
        for hour in hours_between(first, first + timedelta(hours=47))
        for recorded in archive.recorded(hour)
    ]
    assert (len(hours), len(rows), sum(rows)) == (46, 84, 118_799)
