"""A data set replaces its earlier edition as a whole, and nothing else."""

import json
import os
import threading
from pathlib import Path

import pytest

from velib_assets.lake.disk_errors import DiskError
from velib_assets.publish import folder_target
from velib_assets.publish.dataset import sums
from velib_assets.publish.file_names import SUMS
from velib_assets.publish.folder_target import write_folder
from velib_assets.publish.target import default_target, parse_target
from velib_assets.publish.target_contents import TargetError
from velib_assets_tests.disks import full, read_only, small_disk


def edition(text: str, name: str = "velib-2022-06", size: int = 10) -> dict[str, bytes]:
    files = {
        "datapackage.json": json.dumps({"name": name}).encode(),
        "README.md": text.encode(),
        "data.parquet": text.encode() * size,
    }
    return {**files, SUMS: sums(files)}


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_folder_is_created_with_its_parents(tmp_path: Path) -> None:
    write_folder(tmp_path / "a" / "b", edition("one"))
    assert contents(tmp_path / "a" / "b") == edition("one")
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["b"]
    assert (tmp_path / "a" / "b").stat().st_mode & 0o777 == 0o755


def test_empty_folder_is_taken(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    write_folder(tmp_path / "b", edition("one"))
    assert contents(tmp_path / "b") == edition("one")


@pytest.mark.parametrize("can_exchange", [True, False])
def test_earlier_edition_is_replaced(
    tmp_path: Path, can_exchange: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not can_exchange:
        monkeypatch.setattr(folder_target, "_exchange", lambda *_: False)
    earlier = edition("one")
    write_folder(tmp_path / "b", earlier)
    write_folder(tmp_path / "b", edition("two"))
    assert contents(tmp_path / "b") == edition("two")
    assert [path.name for path in tmp_path.iterdir()] == ["b"]


@pytest.mark.parametrize("inside", ["inner", "a/b/inner", "link/inner"])
def test_folder_inside_of_an_edition_is_refused(tmp_path: Path, inside: str) -> None:
    """The edition around it would be refused as changed when it is published again."""
    outer = tmp_path / "outer"
    write_folder(outer, edition("one"))
    (tmp_path / "link").symlink_to(outer)
    with pytest.raises(TargetError, match=rf"inner is inside {outer}, a published data set.*beside it$"):
        parse_target(str((tmp_path if "link" in inside else outer) / inside), "/lake")
    beside = parse_target(str(tmp_path / "beside"), "/lake")
    assert beside.folder == tmp_path / "beside"
    assert parse_target(str(outer), "/lake").folder == outer


def test_folder_around_an_edition_is_refused(tmp_path: Path) -> None:
    write_folder(tmp_path / "outer" / "inner", edition("one"))
    with pytest.raises(TargetError, match="outer is not an earlier edition of velib-2022-06: it has inner"):
        write_folder(tmp_path / "outer", edition("one"))


def test_link_to_a_folder_stays_a_link(tmp_path: Path) -> None:
    write_folder(tmp_path / "real", edition("one"))
    (tmp_path / "link").symlink_to(tmp_path / "real")
    write_folder(tmp_path / "link", edition("two"))
    assert (tmp_path / "link").is_symlink()
    assert contents(tmp_path / "real") == edition("two")


@pytest.mark.parametrize(
    ("name", "data", "reason"),
    [
        ("notes.txt", b"mine", "it has notes.txt"),
        (".hidden", b"mine", "it has .hidden"),
        ("README.md", b"mine", "it has no datapackage.json"),
        ("datapackage.json", b"{}", "it has no datapackage.json"),
        ("datapackage.json", b"\xff", "it has no datapackage.json"),
        ("datapackage.json", b'{"name": "velib-2022-05"}', "it has velib-2022-05"),
    ],
)
def test_foreign_folder_is_refused_and_stays(tmp_path: Path, name: str, data: bytes, reason: str) -> None:
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / name).write_bytes(data)
    with pytest.raises(TargetError, match=reason):
        write_folder(tmp_path / "b", edition("one"))
    assert contents(tmp_path / "b") == {name: data}
    assert [path.name for path in tmp_path.iterdir()] == ["b"]


def test_edition_with_a_file_of_its_reader_is_refused(tmp_path: Path) -> None:
    """Replacing the folder would delete that file."""
    write_folder(tmp_path / "b", edition("one"))
    (tmp_path / "b" / "analysis.ipynb").touch()
    with pytest.raises(TargetError, match=r"analysis\.ipynb"):
        write_folder(tmp_path / "b", edition("two"))
    assert contents(tmp_path / "b") == {**edition("one"), "analysis.ipynb": b""}


@pytest.mark.parametrize("below", ["", "/under"])
def test_file_in_the_way_is_named(tmp_path: Path, below: str) -> None:
    (tmp_path / "b").write_text("mine")
    with pytest.raises((TargetError, OSError), match=r"is a file|a file is in the place of a folder"):
        write_folder(Path(f"{tmp_path}/b{below}"), edition("one"))
    assert (tmp_path / "b").read_text() == "mine"


def test_full_disk_leaves_the_earlier_edition(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", kilobytes=1024) as disk:
        write_folder(disk / "b", edition("one"))
        with full(disk), pytest.raises(DiskError, match=rf"{disk}/b cannot be written"):
            write_folder(disk / "b", edition("two", size=100_000))
        assert contents(disk / "b") == edition("one")
        assert [path.name for path in disk.iterdir()] == ["b"]


def test_read_only_disk_is_named(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk") as disk:
        write_folder(disk / "b", edition("one"))
        if not disk.is_mount() and not os.geteuid():
            return  # root may write a folder without the right to
        with read_only(disk), pytest.raises(DiskError, match=rf"{disk}/b cannot be written"):
            write_folder(disk / "b", edition("two"))
        assert contents(disk / "b") == edition("one")


def test_root_of_a_disk_is_refused(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk") as disk:
        if disk.is_mount():
            with pytest.raises(TargetError, match="is the root of a disk"):
                write_folder(disk, edition("one"))
        assert list(disk.iterdir()) == []


def test_readers_see_one_edition_or_the_other(tmp_path: Path) -> None:
    """The sums of what a reader finds are those of one edition, at any time."""
    editions = [edition(text, size=2000) for text in ("one", "two")]
    write_folder(tmp_path / "b", editions[0])
    seen, stop = [], threading.Event()

    def read() -> None:
        while not stop.is_set():
            handle = os.open(tmp_path / "b", os.O_RDONLY)
            try:
                names = sorted(os.listdir(handle))  # noqa: PTH208 - of the folder that is open
                seen.append((names, str(Path(f"/proc/self/fd/{handle}").readlink())))
            finally:
                os.close(handle)

    reader = threading.Thread(target=read)
    reader.start()
    for number in range(40):
        write_folder(tmp_path / "b", editions[number % 2])
    stop.set()
    reader.join()
    assert seen
    # A folder that was replaced while it was open is emptied; one that is in place is whole.
    assert {tuple(names) for names, place in seen if place == str(tmp_path / "b")} <= {
        tuple(sorted(editions[0]))
    }


def test_two_writers_leave_one_whole_edition(tmp_path: Path) -> None:
    editions = [edition(text, size=5000) for text in ("one", "two", "three", "four")]
    writers = [threading.Thread(target=write_folder, args=(tmp_path / "b", files)) for files in editions]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert contents(tmp_path / "b") in editions
    assert [path.name for path in tmp_path.iterdir()] == ["b"]


def test_folder_of_a_killed_writer_is_removed(tmp_path: Path) -> None:
    for name, age in ((".b.old.tmp", 7200), (".b.new.tmp", 60)):
        (tmp_path / name).mkdir()
        then = (tmp_path / name).stat().st_mtime - age
        os.utime(tmp_path / name, (then, then))
    write_folder(tmp_path / "b", edition("one"))
    assert sorted(path.name for path in tmp_path.iterdir()) == [".b.new.tmp", "b"]


# Which places are refused


@pytest.mark.parametrize(
    "inside", ["raw", "raw/source=velib", "clean/source=velib/date=2022-06-04", "x", "published"]
)
def test_part_of_the_lake_is_refused(tmp_path: Path, inside: str) -> None:
    lake = str(tmp_path / "lake")
    with pytest.raises(TargetError, match="is a part of the lake"):
        parse_target(f"{lake}/{inside}", lake)


@pytest.mark.parametrize("path", ["lake", "lake/", ".", "lake/raw/..", "x/../lake"])
def test_lake_and_what_holds_it_are_refused(tmp_path: Path, path: str) -> None:
    with pytest.raises(TargetError, match="holds the lake"):
        parse_target(f"{tmp_path}/{path}", str(tmp_path / "lake"))


def test_link_into_the_lake_is_refused(tmp_path: Path) -> None:
    (tmp_path / "lake" / "raw").mkdir(parents=True)
    (tmp_path / "link").symlink_to(tmp_path / "lake" / "raw")
    with pytest.raises(TargetError, match="is a part of the lake"):
        parse_target(str(tmp_path / "link" / "b"), str(tmp_path / "lake"))


def test_folder_of_a_partition_is_refused(tmp_path: Path) -> None:
    """Readers would take its name for a column; another lake would find files in it."""
    with pytest.raises(TargetError, match="which readers take for a partition"):
        parse_target(str(tmp_path / "other/raw/source=velib/b"), str(tmp_path / "lake"))


@pytest.mark.parametrize(
    "text",
    ["", " ", "s3://", "s3://bucket", "s3://bucket/", "s3:///x", "http://x/y", "gs://x/y", "~no-such-user/x"],
)
def test_address_that_is_no_folder_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(TargetError):
        parse_target(text, str(tmp_path / "lake"))


def test_default_is_accepted(tmp_path: Path) -> None:
    lake = str(tmp_path / "lake")
    assert (
        parse_target(default_target(lake, "velib-2022-06"), lake).folder
        == tmp_path / "lake/published/velib-2022-06"
    )
    target = parse_target(default_target("s3://bucket", "velib-2022-06"), "s3://bucket")
    assert (target.bucket, target.prefix) == ("bucket", "published/velib-2022-06")
