"""Hints for conditions on `date` and `hour` that match no partition."""

import pytest

from velib_assets.query.hints import partition_hints

TWO_DIGITS = "hint: hour is text of two digits"
FORM = "hint: date is text of the form YYYY-MM-DD"


def of(condition: str, table: str = "source_velib") -> list[str]:
    return partition_hints(f"SELECT * FROM {table} WHERE {condition}")  # noqa: S608 - a test's own text


@pytest.mark.parametrize(
    ("condition", "hint"),
    [
        ("hour = '7'", f"{TWO_DIGITS}: '07'"),
        ("\"hour\" = '007'", f"{TWO_DIGITS}: '07'"),
        ("'7' = hour", f"{TWO_DIGITS}: '07'"),
        ("hour <> '7'", f"{TWO_DIGITS}: '07'"),
        ("hour IN ('07', '8')", f"{TWO_DIGITS}: '08'"),
        ("hour BETWEEN '7' AND '09'", f"{TWO_DIGITS}: '07'"),
        ("hour >= '7'", f"{TWO_DIGITS}: '07'"),
        ("hour = '24'", f"{TWO_DIGITS}, '00' to '23'"),
        ("hour = '7h'", f"{TWO_DIGITS}, '00' to '23'"),
        ("hour = ''", f"{TWO_DIGITS}, '00' to '23'"),
        ("hour = 24", f"{TWO_DIGITS}, '00' to '23'"),
        ("bikes = 0 AND (hour = ('7') OR docks = 0)", f"{TWO_DIGITS}: '07'"),
        ("date = '2024-1-5'", f"{FORM}: '2024-01-05'"),
        ("date = '2024/01/05'", f"{FORM}: '2024-01-05'"),
        ("date = '05/01/2024'", f"{FORM}: '2024-01-05'"),
        ("date = '20240105'", f"{FORM}: '2024-01-05'"),
        ("date = 20240105", f"{FORM}: '2024-01-05'"),
        ("date = '2024-01-05T07'", f"{FORM}: '2024-01-05'"),
        ("date = '2024-02-30'", "hint: there is no day '2024-02-30'"),
        ("date = '2024-01'", FORM),
        ("date >= '2024-1-5'", f"{FORM}: '2024-01-05'"),
        ("date = 'today'", FORM),
    ],
)
def test_literal_that_matches_no_partition_gets_a_hint(condition: str, hint: str) -> None:
    assert of(condition) == [hint]


@pytest.mark.parametrize(
    "condition",
    [
        "hour = '07'",
        "hour IN ('00', '23')",
        "hour < '24'",
        "hour = 7",
        "CAST(hour AS integer) = 7",
        "hour LIKE '0%'",
        "date = '2024-01-05'",
        "date >= '2024' AND date < '2024-06'",
        "date LIKE '2024-1%'",
        "substr(date, 1, 4) = '2024'",
        "name = '7'",
        "station_id = '2024-1-5'",
        "date = CAST(current_date AS varchar)",
    ],
)
def test_other_conditions_get_none(condition: str) -> None:
    assert of(condition) == []


@pytest.mark.parametrize(
    "table", ["kpi_shortage", "rejects_velib", "quarantine_velib", "velib_db_tf.source_velib"]
)
def test_every_partitioned_table_has_hints(table: str) -> None:
    assert of("hour = '7'", table) == [f"{TWO_DIGITS}: '07'"]


def test_hour_of_the_typical_week_is_a_number() -> None:
    assert of("hour = 7 OR hour = 24", "kpi_typical_week") == []


@pytest.mark.parametrize(
    "sql",
    [
        "WITH t AS (SELECT * FROM source_velib) SELECT count(*) FROM t WHERE hour = '7'",
        "SELECT * FROM (SELECT hour AS h FROM kpi_shortage) WHERE h = '7'",
        "SELECT (SELECT max(bikes) FROM source_velib WHERE hour = '7')",
        "SELECT * FROM kpi_shortage a JOIN kpi_shortage b ON a.name = b.name AND b.hour = '7'",
        "SELECT 1 FROM kpi_shortage WHERE hour = '7' UNION ALL SELECT 1 FROM kpi_shortage WHERE hour = '7'",
    ],
)
def test_nested_queries_are_searched(sql: str) -> None:
    assert partition_hints(sql) == [f"{TWO_DIGITS}: '07'"]


def test_computed_column_of_that_name_is_no_key() -> None:
    assert partition_hints("SELECT * FROM (SELECT '7' AS hour) WHERE hour = '7'") == []


@pytest.mark.parametrize("sql", ["", "SELEC 1", "SHOW TABLES", "SELECT nope FROM nothing"])
def test_query_that_cannot_be_parsed_gets_none(sql: str) -> None:
    assert partition_hints(sql) == []
