"""Athena's results, which are text, as typed tables."""

from datetime import datetime
from typing import Any

import pytest

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
