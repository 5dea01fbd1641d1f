"""The tables in the Glue Data Catalog are created and kept as declared, and partitions keep their facts."""

from __future__ import annotations

from typing import Any

import pytest

from velib_assets.aws.api import AwsError
from velib_assets.catalog import glue_calls
from velib_assets.catalog.catalog import Partition
from velib_assets.catalog.declared_tables import (
    DAILY_TABLES,
    OTHER_TABLES,
    SOURCE_VELIB,
    DeclaredTable,
    differences,
    table_input,
)
from velib_assets.catalog.glue_table import GlueTable
from velib_assets.clean.clean_file import REJECTS_SCHEMA
from velib_assets.lake.daily_schema import DAILY_COLUMNS
from velib_assets.lake.keys import STATIONS_KEY, clean_key, daily_kpi_key, hour_prefix, rejects_key
from velib_assets.stations.register_file import STATIONS_SCHEMA
from velib_assets_tests.samples import HOUR

STATIONS, REJECTS = OTHER_TABLES
PARTITION = Partition(HOUR, clean_key(HOUR), 40, 1000, "abc")


class Glue:
    """The calls of the Glue Data Catalog that the pipeline uses, on a dict."""

    def __init__(self) -> None:
        self.tables: dict[str, dict[str, Any]] = {}
        self.entries: list[dict[str, Any]] = []
        self.writes: list[str] = []

    def call(self, _client: object, method: str, _resource: str, **arguments: Any) -> dict[str, Any]:
        """Answer a call."""
        if method == "get_table":
            if arguments["Name"] not in self.tables:
                raise AwsError("there is no such table", "EntityNotFoundException")
            return {"Table": self.tables[arguments["Name"]]}
        self.writes.append(method)
        if method in ("create_table", "update_table"):
            self.tables[arguments["TableInput"]["Name"]] = arguments["TableInput"]
        elif method == "batch_create_partition":
            self.entries += arguments["PartitionInputList"]
        elif method == "batch_update_partition":
            self.entries = [entry["PartitionInput"] for entry in arguments["Entries"]]
        return {}

    def pages(self, *_: object, **__: object) -> list[dict[str, Any]]:
        """Answer a call that reads partitions."""
        return [{"Partitions": self.entries}]


@pytest.fixture
def glue(monkeypatch: pytest.MonkeyPatch) -> Glue:
    fake = Glue()
    monkeypatch.setattr(glue_calls, "client", lambda *_: None)
    monkeypatch.setattr(glue_calls, "call", fake.call)
    monkeypatch.setattr(glue_calls, "pages", fake.pages)
    return fake


def test_tables_are_created_once(glue: Glue) -> None:
    catalog = GlueTable("velib_db_tf", "bucket")
    for _ in range(2):
        catalog.declare_tables()
    assert glue.writes == ["create_table"] * 3
    assert sorted(glue.tables) == ["rejects_velib", "stations", "velib_history"]


@pytest.mark.parametrize(
    ("table", "part", "value"),
    [
        ("stations", "Location", "s3://elsewhere/"),
        ("stations", "Columns", []),
        ("rejects_velib", "projection.date.range", "2022-01-01,NOW"),
    ],
)
def test_table_that_somebody_changed_is_corrected(glue: Glue, table: str, part: str, value: object) -> None:
    catalog = GlueTable("velib_db_tf", "bucket")
    catalog.declare_tables()
    declared = glue.tables[table]
    changed = "Parameters" if part.startswith("projection") else "StorageDescriptor"
    glue.tables[table] = {**declared, changed: {**declared[changed], part: value}}
    glue.writes.clear()
    catalog.declare_tables()
    assert (glue.writes, glue.tables[table]) == (["update_table"], declared)


def test_registering_hours_creates_only_their_table(glue: Glue) -> None:
    assert GlueTable("velib_db_tf", "bucket").register([PARTITION]) == 1
    assert list(glue.tables) == ["source_velib"]


def test_hour_completed_from_the_register_is_remembered(glue: Glue) -> None:
    catalog, completed = GlueTable("velib_db_tf", "bucket"), PARTITION._replace(completed=True)
    catalog.register([PARTITION])
    assert (catalog.partitions(), "velib.completed" in glue.entries[0]["Parameters"]) == ([PARTITION], False)
    assert catalog.register([completed]) == 1
    assert (catalog.partitions(), glue.entries[0]["Parameters"]["velib.completed"]) == ([completed], "true")
    assert catalog.register([completed]) == 0
    assert catalog.register([PARTITION]) == 1
    assert catalog.partitions() == [PARTITION]


def test_hash_of_the_file_is_a_parameter_of_its_partition(glue: Glue) -> None:
    """A partition of an older version has none, and is updated when its hash is known."""
    catalog, hashed = GlueTable("velib_db_tf", "bucket"), PARTITION._replace(sha256="f" * 64)
    catalog.register([PARTITION])
    assert "velib.sha256" not in glue.entries[0]["Parameters"]
    assert catalog.register([hashed]) == 1
    assert (catalog.partitions(), glue.entries[0]["Parameters"]["velib.sha256"]) == ([hashed], "f" * 64)
    assert catalog.register([hashed]) == 0


def test_declared_columns_are_those_of_the_files() -> None:
    assert [column.name for column in STATIONS.columns] == STATIONS_SCHEMA.names
    assert STATIONS_KEY.startswith(STATIONS.prefix)
    assert "/" not in STATIONS_KEY[len(STATIONS.prefix) :]
    assert [column.name for column in REJECTS.columns] == REJECTS_SCHEMA.names


def test_daily_tables_are_created_once_and_apart_from_the_others(glue: Glue) -> None:
    """Each tick declares the others, and would pay three more requests."""
    catalog = GlueTable("velib_db_tf", "bucket")
    for _ in range(2):
        catalog.declare_daily_tables()
    assert glue.writes == ["create_table"] * 3
    assert sorted(glue.tables) == [f"{name}_days" for name in sorted(DAILY_COLUMNS)]


@pytest.mark.parametrize("table", DAILY_TABLES, ids=lambda table: table.name)
def test_daily_file_is_in_the_folder_that_athena_computes(table: DeclaredTable) -> None:
    declared = table_input(table, "bucket")
    folder = declared["Parameters"]["storage.location.template"].replace("${date}", f"{HOUR:%Y-%m-%d}")
    key = daily_kpi_key(table.name.removesuffix("_days"), HOUR.date())
    assert f"s3://bucket/{key}" == f"{folder}rows.parquet"
    assert [key["Name"] for key in declared["PartitionKeys"]] == ["date"]
    assert "date" not in [column["Name"] for column in declared["StorageDescriptor"]["Columns"]]


def test_rejects_of_an_hour_are_in_the_folder_that_athena_computes() -> None:
    """Athena fills the values of the keys into the template; the hour has two digits."""
    declared = table_input(REJECTS, "bucket")["Parameters"]
    template = declared["storage.location.template"]
    folder = template.replace("${date}", f"{HOUR:%Y-%m-%d}").replace("${hour}", f"{HOUR:%H}")
    assert folder == f"s3://bucket/{hour_prefix('rejects', HOUR)}"
    assert rejects_key(HOUR).startswith(hour_prefix("rejects", HOUR))
    assert declared["projection.hour.digits"] == "2"


def test_tables_without_projection_do_not_differ_from_a_crawled_one() -> None:
    declared = table_input(SOURCE_VELIB, "bucket")
    crawled = {**declared, "Parameters": {"UPDATED_BY_CRAWLER": "velib_clean_crawler"}}
    assert differences(crawled, declared) == []
    assert differences(table_input(REJECTS, "other"), table_input(REJECTS, "bucket")) != []
