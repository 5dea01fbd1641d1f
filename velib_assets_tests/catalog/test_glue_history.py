"""The history files in the Glue Data Catalog: one partition per month, whose parameters have the files."""

from __future__ import annotations

from typing import Any, Callable

import pytest

from velib_assets.aws.api import AwsError
from velib_assets.catalog import glue_calls
from velib_assets.catalog.catalog import HistoryFile
from velib_assets.catalog.glue_table import GlueTable
from velib_assets.history.digests import digest_of_month, key_of_period
from velib_assets.lake.schema import HISTORY_COLUMNS

DAYS_FOLDER = "s3://bucket/history/source=velib/month=2022-06/"
MONTH_FOLDER = "s3://bucket/history/source=velib/closed/month=2022-06/"


class Glue:
    """The calls about partitions of the history, on a dict; `before_write` runs once, before a write."""

    def __init__(self) -> None:
        self.tables: dict[str, Any] = {}
        self.entries: dict[str, dict[str, Any]] = {}
        self.writes: list[str] = []
        self.before_write: list[Callable[[], object]] = []

    def call(self, _client: object, method: str, _resource: str, **arguments: Any) -> dict[str, Any]:
        """Answer a call."""
        if method == "get_table":
            if arguments["Name"] not in self.tables:
                raise AwsError("there is no such table", "EntityNotFoundException")
            return {"Table": self.tables[arguments["Name"]]}
        if method == "create_table":
            self.tables[arguments["TableInput"]["Name"]] = arguments["TableInput"]
            return {}
        if method == "get_partition":
            return {"Partition": self._known(arguments["PartitionValues"][0])}
        if self.before_write:
            self.before_write.pop()()
        self.writes.append(method)
        if method == "delete_partition":
            self._known(arguments["PartitionValues"][0])
            del self.entries[arguments["PartitionValues"][0]]
            return {}
        if method == "batch_create_partition":
            (written,) = arguments["PartitionInputList"]
        else:
            written = arguments["Entries"][0]["PartitionInput"]
        (month,) = written["Values"]
        if (month in self.entries) == (method == "batch_create_partition"):
            code = "AlreadyExistsException" if month in self.entries else "EntityNotFoundException"
            return {"Errors": [{"PartitionValues": [month], "ErrorDetail": {"ErrorCode": code}}]}
        self.entries[month] = written
        return {}

    def pages(
        self, _client: object, _method: str, _resource: str, **arguments: object
    ) -> list[dict[str, Any]]:
        """Return the partitions that match an expression, in two pages."""
        expression = str(arguments.get("Expression", ""))
        expression = str(arguments.get("Expression", ""))
        wanted = [entry for month, entry in sorted(self.entries.items()) if _matches(month, expression)]
        return [{"Partitions": wanted[:1]}, {"Partitions": wanted[1:]}]

    def _known(self, month: str) -> dict[str, Any]:
        if month not in self.entries:
            raise AwsError("there is no such partition", "EntityNotFoundException")
        return self.entries[month]


def _matches(month: str, expression: str) -> bool:
    for condition in expression.split(" AND ") if expression else []:
        _, sign, value = condition.split(" ")
        text = value.strip("'")
        if not (month >= text if sign == ">=" else month <= text):
            return False
    return True


@pytest.fixture
def glue(monkeypatch: pytest.MonkeyPatch) -> Glue:
    fake = Glue()
    monkeypatch.setattr(glue_calls, "client", lambda *_: None)
    monkeypatch.setattr(glue_calls, "call", fake.call)
    monkeypatch.setattr(glue_calls, "pages", fake.pages)
    return fake


@pytest.fixture
def catalog(glue: Glue) -> GlueTable:
    assert not glue.tables
    return GlueTable("velib_db_tf", "bucket")


def file(period: str, digest: str = "abc", sha256: str = "f" * 64) -> HistoryFile:
    return HistoryFile(period, key_of_period(period), 100, 2000, digest, sha256)


DAYS = [file("2022-06-04"), file("2022-06-05", "def")]
MONTH = file("2022-06", digest_of_month(DAYS))


def test_days_share_the_partition_of_their_month(glue: Glue, catalog: GlueTable) -> None:
    assert catalog.register_history([*DAYS, file("2022-07-01")]) == 3
    assert catalog.history() == [*DAYS, file("2022-07-01")]
    assert {month: entry["StorageDescriptor"]["Location"] for month, entry in glue.entries.items()} == {
        "2022-06": DAYS_FOLDER,
        "2022-07": DAYS_FOLDER.replace("2022-06", "2022-07"),
    }
    assert catalog.register_history(DAYS) == 0
    assert glue.writes == ["batch_create_partition"] * 2


def test_table_has_the_columns_of_the_files_and_the_month_as_its_key(glue: Glue, catalog: GlueTable) -> None:
    catalog.register_history(DAYS)
    table = glue.tables["velib_history"]
    columns = [column["Name"] for column in table["StorageDescriptor"]["Columns"]]
    assert columns == [column.name for column in HISTORY_COLUMNS]
    assert [key["Name"] for key in table["PartitionKeys"]] == ["month"]


def test_location_is_the_folder_of_the_month_while_it_is_current(glue: Glue, catalog: GlueTable) -> None:
    """Athena then reads one file; after a late snapshot it reads the days again."""

    def location() -> str:
        return str(glue.entries["2022-06"]["StorageDescriptor"]["Location"])

    catalog.register_history([*DAYS, MONTH])
    assert (location(), catalog.history()) == (MONTH_FOLDER, sorted([*DAYS, MONTH]))
    changed = file("2022-06-05", "late")
    assert catalog.register_history([changed]) == 1
    assert (location(), len(catalog.history())) == (DAYS_FOLDER, 3)
    catalog.register_history([MONTH._replace(digest=digest_of_month([DAYS[0], changed]))])
    assert location() == MONTH_FOLDER
    assert catalog.unregister_history(["2022-06"]) == 1
    assert location() == DAYS_FOLDER


def test_partition_goes_with_its_last_file(glue: Glue, catalog: GlueTable) -> None:
    catalog.register_history(DAYS)
    assert catalog.unregister_history(["2022-06-04", "2022-06-05", "2022-06-06"]) == 2
    assert glue.entries == {}
    assert catalog.history() == []
    assert catalog.unregister_history(["2022-06-04"]) == 0


@pytest.mark.parametrize(
    ("first", "last", "expected"),
    [
        ("2022-06-05", "2022-06-20", ["2022-06", "2022-06-05"]),
        ("2022-06", "2022-06", ["2022-06", "2022-06-04", "2022-06-05"]),
        ("2022-07-01", "", ["2022-07-01"]),
        ("", "2022-06-04", ["2022-06", "2022-06-04"]),
    ],
)
def test_range_has_days_and_the_months_they_belong_to(
    catalog: GlueTable, first: str, last: str, expected: list[str]
) -> None:
    catalog.register_history([*DAYS, MONTH, file("2022-07-01")])
    assert [found.period for found in catalog.history(first, last)] == expected


@pytest.mark.parametrize("exists", [False, True])
def test_two_writers_of_one_month_keep_each_others_days(glue: Glue, catalog: GlueTable, exists: bool) -> None:
    """Glue replaces a partition as a whole: the other one writes between our reading and our writing."""
    if exists:
        catalog.register_history([file("2022-06-01")])
    other = GlueTable("velib_db_tf", "bucket")
    glue.before_write.append(lambda: other.register_history([DAYS[0]]))
    assert catalog.register_history([DAYS[1]]) == 1
    assert DAYS[1] in catalog.history()
    other.register_history([DAYS[0]])  # what its own verification does
    assert set(DAYS) <= set(catalog.history())


def test_file_without_a_hash_is_read_back(catalog: GlueTable) -> None:
    plain = file("2022-06-04", sha256="")
    catalog.register_history([plain])
    assert catalog.history() == [plain]
