"""The documented archive is the one that the code reads."""

import re
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from velib_assets.ingest.feeds.archive import Archive
from velib_assets.ingest.feeds.archive_labels import table_columns
from velib_assets.ingest.feeds.archive_names import AmbiguousTimeError, named_time, to_utc
from velib_assets.ingest.step import Ingest
from velib_assets.lake.folder_store import FolderStore
from velib_assets.lake.keys import iso_z
from velib_assets_tests.test_docs import TEXT, table


def outcome(path: str) -> str:
    """What becomes of a file, in the words of the table."""
    time = named_time(path)
    try:
        return iso_z(to_utc(time, ZoneInfo("Europe/Paris"))) if time else "not recognised"
    except AmbiguousTimeError as error:
        return f"refused: {error}"


@pytest.mark.parametrize(("path", "documented"), table("docs/settings.md", "file", "time (UTC)"))
def test_time_of_a_name_is_as_documented(path: str, documented: str) -> None:
    assert outcome(path.strip("`")) == documented


def test_columns_that_can_be_mapped_are_documented() -> None:
    listed = (
        TEXT["docs/settings.md"]
        .partition("On the left are columns of the table")[2]
        .partition(". On the right")[0]
    )
    assert [name for name in listed.split("`")[1::2] if name != "source_velib"] == list(table_columns())


HEADER = b"stationcode,numbikesavailable,numdocksavailable\n"
BAD_FILES = {
    "an empty CSV file": ("csv", b""),
    "a CSV file without rows": ("csv", HEADER),
    "a CSV file in one column": ("csv", b"stationcode\n1001\n"),
    "a CSV file that is not UTF-8": ("csv", HEADER + b"\xff,1,2\n"),
    "a table without a required column": ("csv", b"stationcode,numbikesavailable,capacity\n1001,1,2\n"),
    "a table without a column that the setting names": (
        "csv",
        b"id,numbikesavailable,numdocksavailable\n1,1,2\n",
    ),
    "a table of several snapshots": ("csv", HEADER + b"1001,1,2\n1002,1,2\n" * 3),
    "a damaged Parquet file": ("parquet", b"PAR1PAR1"),
}


@pytest.mark.parametrize(("file", "message"), table("docs/bad-input.md", "file", "message"))
def test_bad_file_is_quarantined_with_the_documented_message(tmp_path: Path, file: str, message: str) -> None:
    extension, data = BAD_FILES[file]
    (tmp_path / f"20250605T120500Z.{extension}").write_bytes(data)
    moment = datetime(2025, 6, 5, 12, 5, tzinfo=UTC)
    columns = {"station_id": "code"} if "setting" in file else {}
    feed = Archive(tmp_path, columns=columns)
    (result,) = Ingest(FolderStore(tmp_path / "lake"), feed).restore(moment, moment)
    assert result.state == "quarantined"
    assert re.fullmatch(re.escape(message).replace("…", ".*"), result.reason)
