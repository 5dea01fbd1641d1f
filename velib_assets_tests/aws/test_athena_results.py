"""Athena's results, which are text, as typed tables."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import pyarrow as pa
import pytest

from velib_assets.cli.rows import table_text
from velib_assets.query.athena_statements import pages_to_table


def column(kind: str, *texts: str) -> list[Any]:
    """Return the values of a column of one type, from a page of GetQueryResults."""
    rows = [{"Data": [{"VarCharValue": text}]} for text in ("x", *texts)]
    metadata = {"ColumnInfo": [{"Name": "x", "Type": kind}]}
    table = pages_to_table(iter([{"ResultSet": {"Rows": rows, "ResultSetMetadata": metadata}}]))
    values: list[Any] = table["x"].to_pylist()
    return values


@pytest.mark.parametrize(
    ("text", "utc"),
    [
        ("2022-06-04 06:09:36.000", "2022-06-04 06:09:36"),
        ("2022-06-04 06:09:36.000 UTC", "2022-06-04 06:09:36"),
        ("2022-06-04 06:09:36.000 Europe/Paris", "2022-06-04 04:09:36"),
        ("2022-01-04 06:09:36.000 Europe/Paris", "2022-01-04 05:09:36"),
        ("2022-06-04 06:09:36.000 +05:30", "2022-06-04 00:39:36"),
    ],
)
def test_time_with_a_zone_becomes_utc(text: str, utc: str) -> None:
    assert column("timestamp with time zone", text) == [datetime.fromisoformat(utc)]


@pytest.mark.parametrize("text", ["+012345-06-04 06:09:36.000", "2022-06-04 06:09:36.000 Nowhere/City"])
def test_unparsable_text_stays_text(text: str) -> None:
    assert column("timestamp with time zone", text) == [text]


def table(names: list[str], *rows: Sequence[str | None], pages: int = 1) -> pa.Table:
    """Return the rows of SHOW or DESCRIBE, from GetQueryResults, which repeats no names there."""
    metadata = {"ColumnInfo": [{"Name": name, "Type": "string"} for name in names]}
    lines = [{"Data": [{} if cell is None else {"VarCharValue": cell} for cell in row]} for row in rows]
    size = -(-len(lines) // pages) or 1
    parts = [lines[start : start + size] for start in range(0, len(lines), size)] or [[]]
    return pages_to_table({"ResultSet": {"Rows": part, "ResultSetMetadata": metadata}} for part in parts)


DESCRIBED = ["col_name", "data_type", "comment"]
SOURCE: list[list[str | None]] = [
    ["ingested_ts         \ttimestamp           \tWhen the snapshot was taken"],
    ["station_id          \tstring              \t                    "],
    ["bikes               \tint                 \tfrom deserializer   "],
    ["date                \tstring              \tUTC date            "],
    ["hour                \tstring              \t                    "],
    ["\t \t "],
    ["# Partition Information\t \t "],
    ["# col_name            \tdata_type           \tcomment             "],
    ["\t \t "],
    ["date                \tstring              \tUTC date            "],
    ["hour                \tstring              \t                    "],
]


@pytest.mark.parametrize("pages", [1, 3, 11])
def test_describe_has_one_row_per_column(pages: int) -> None:
    """Athena announces three columns, fills one cell per row, and lists the partition keys twice."""
    assert rows_of(table(DESCRIBED, *SOURCE, pages=pages)) == [
        ("ingested_ts", "timestamp", "When the snapshot was taken"),
        ("station_id", "string", ""),
        ("bikes", "int", "from deserializer"),
        ("date", "string", "UTC date"),
        ("hour", "string", ""),
    ]


@pytest.mark.parametrize(
    ("cells", "row"),
    [
        (["station_id\tvarchar"], ("station_id", "varchar", "")),
        (["station_id"], ("station_id", "", "")),
        (["name\tstring\tfirst\tsecond"], ("name", "string", "first\tsecond")),
        (["name", "string", None], ("name", "string", None)),
        (["name                ", "string"], ("name", "string", "")),
        (["a\tstruct<b:int,c:array<string>>\t"], ("a", "struct<b:int,c:array<string>>", "")),
    ],
)
def test_describe_of_a_view_may_have_fewer_cells(cells: list[str | None], row: tuple[str, ...]) -> None:
    assert rows_of(table(DESCRIBED, cells)) == [row]


def test_describe_formatted_keeps_its_other_sections() -> None:
    lines: list[list[str | None]] = [
        ["# col_name            \tdata_type           \tcomment             "],
        [None],
        ["bikes               \tint                 \t                    "],
        [""],
        *SOURCE[6:9],
        ["date                \tstring              \t                    "],
        ["# Detailed Table Information\t \t "],
        ["Location:           \ts3://bucket/clean/\t "],
        ["Table Parameters:\t \t "],
        ["\tclassification      \tparquet             "],
    ]
    assert rows_of(table(DESCRIBED, *lines)) == [
        ("bikes", "int", ""),
        ("date", "string", ""),
        ("# Detailed Table Information", "", ""),
        ("Location:", "s3://bucket/clean/", ""),
        ("Table Parameters:", "", ""),
        ("", "classification", "parquet"),
    ]


def test_listing_of_one_column_is_not_padded_and_keeps_its_lines() -> None:
    assert rows_of(table(["field"], ["ingested_ts         "], ["date"])) == [("ingested_ts",), ("date",)]
    assert rows_of(table(["partition"], ["date=2022-06-04/hour=10"])) == [("date=2022-06-04/hour=10",)]
    text = ("CREATE VIEW v AS",), ("",), ("  SELECT 1",)
    assert rows_of(table(["Create View"], *text)) == [("CREATE VIEW v AS",), ("",), ("  SELECT 1",)]
    assert rows_of(table(["tab_name"])) == []


def test_described_table_is_printed_as_a_table() -> None:
    lines = table_text(table(DESCRIBED, *SOURCE), "table").splitlines()
    assert len(lines) == 2 + 5
    assert lines[2].split() == ["ingested_ts", "timestamp", "When", "the", "snapshot", "was", "taken"]


def rows_of(result: pa.Table) -> list[tuple[str | None, ...]]:
    return [tuple(row.values()) for row in result.to_pylist()]
