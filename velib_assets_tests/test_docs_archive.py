"""The documented archive is the one that the code reads."""

from zoneinfo import ZoneInfo

import pytest

from velib_assets.ingest.feeds.archive_labels import table_columns
from velib_assets.ingest.feeds.archive_names import AmbiguousTimeError, named_time, to_utc
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
