"""Athena's answers as tables: what its texts become."""

from datetime import datetime
from typing import Any

import pytest

from velib_assets.query.athena_results import table_of_pages


def answer(kind: str, *texts: str) -> list[Any]:
    """A column of one type, as GetQueryResults gives it."""
    rows = [{"Data": [{"VarCharValue": text}]} for text in ("x", *texts)]
    about = {"ColumnInfo": [{"Name": "x", "Type": kind}]}
    table = table_of_pages(iter([{"ResultSet": {"Rows": rows, "ResultSetMetadata": about}}]))
    found: list[Any] = table["x"].to_pylist()
    return found


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
def test_a_time_with_a_zone_is_given_in_utc(text: str, utc: str) -> None:
    assert answer("timestamp with time zone", text) == [datetime.fromisoformat(utc)]


@pytest.mark.parametrize("text", ["+012345-06-04 06:09:36.000", "2022-06-04 06:09:36.000 Nowhere/City"])
def test_what_cannot_be_read_stays_as_athena_wrote_it(text: str) -> None:
    assert answer("timestamp with time zone", text) == [text]
