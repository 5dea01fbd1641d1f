"""Queries whose result in DuckDB would differ from Athena's: translated, or refused with a clear message."""

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from velib_assets.query.duckdb_engine import LocalQueryEngine
from velib_assets.query.engine import QueryError
from velib_assets_tests.kpi_lake import at, engine_over, row, rows_of, sql


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> LocalQueryEngine:
    """One station at 10:59 on a Sunday."""
    return engine_over(tmp_path_factory.mktemp("lake"), [row("a", 7, 2, "2022-06-05 10:59", capacity=None)])


@pytest.mark.parametrize(
    ("expression", "athena"),
    [
        ("7 / 2", 3),
        ("-7 / 2", -3),
        ("bikes / docks", 3),
        ("sum(bikes) / 2", 3),
        ("bikes / CAST(docks AS double)", 3.5),
        ("7e0 / 2", 3.5),
        ("avg(bikes)", 7.0),
        ("7 / 4.0", Decimal("1.8")),
        ("bikes / 2.00", Decimal("3.50")),
        ("CAST(2.5e0 AS integer)", 3),
        ("CAST(fill_rate * 3 AS bigint)", 2),
        ("CAST(ingested_ts AS varchar)", "2022-06-05 10:59:00.000"),
        ("CAST(max(ingested_ts) AS varchar)", "2022-06-05 10:59:00.000"),
        (
            "CAST(ingested_ts AT TIME ZONE 'Europe/Paris' AS timestamp)",
            at("2022-06-05 12:59").replace(tzinfo=None),
        ),
        ("hour(ingested_ts AT TIME ZONE 'Europe/Paris')", 12),
        ("hour(at_timezone(ingested_ts, 'Europe/Paris'))", 12),
        (
            "CAST(date_trunc('hour', ingested_ts AT TIME ZONE 'Asia/Tokyo') AS timestamp)",
            at("2022-06-05 19:00").replace(tzinfo=None),
        ),
        ("date_format(ingested_ts, '%H:%i')", "10:59"),
        ("date_diff('hour', ingested_ts, TIMESTAMP '2022-06-05 11:01:00')", 0),
        ("date_diff('day', DATE '2022-06-04', DATE '2022-06-06')", 2),
        ("CAST(DATE '2022-06-04' + INTERVAL '1' DAY AS varchar)", "2022-06-05"),
        ("date_add('day', -1, DATE '2022-06-05')", date(2022, 6, 4)),
        ("day_of_week(ingested_ts)", 7),
        ("extract(DOW FROM ingested_ts)", 7),
        ("regexp_extract(name, 'x+')", None),
        ("regexp_extract(name, 'S.a')", "Sta"),
        ("regexp_replace('aaa', 'a', 'b')", "bbb"),
        ("concat('a', NULL)", None),
        ("greatest(1, NULL)", None),
        ("count_if(bikes > 1)", 1),
        ("ingested_ts - TIMESTAMP '2022-06-04 09:00:00'", "1 01:59:00.000"),
        ("TRY(1 / 0)", None),
        ("capacity", None),
    ],
)
def test_expression_has_the_value_of_athena(expression: str, athena: Any, engine: LocalQueryEngine) -> None:
    """Sqlglot's translation alone gives other values for most of these."""
    columns = "GROUP BY name, ingested_ts, bikes, docks, fill_rate, capacity"
    group = "" if any(f in expression for f in ("sum(", "avg(", "max(", "count_if(")) else columns
    value = (
        engine.query(sql("SELECT", expression, "AS v FROM source_velib", group))["v"].astype(object).iloc[0]
    )
    assert (None if pd.isna(value) else value) == athena


@pytest.mark.parametrize(
    "condition",
    ["hour = 10", "bikes = '7'", "is_stale = 0", "ingested_ts > '2022-06-05'", "bikes || 'x' = '7x'"],
)
def test_type_mismatches_are_left_to_athena(condition: str, engine: LocalQueryEngine) -> None:
    """DuckDB converts the values; Athena refuses the query (docs/data.md)."""
    assert rows_of(engine, sql("SELECT 1 FROM source_velib WHERE", condition)) == [(1,)]


@pytest.mark.parametrize(
    "condition",
    [
        "hour = '10' AND \"date\" = '2022-06-05'",
        "CAST(hour AS integer) = 10",
        "\"date\" = CAST(DATE '2022-06-04' + INTERVAL '1' DAY AS varchar)",
        "ingested_ts >= TIMESTAMP '2022-06-05 10:00:00'",
        "ingested_ts > DATE '2022-06-05'",
        "ingested_ts < current_timestamp",
        "date(ingested_ts) = DATE '2022-06-05'",
        "current_timestamp - ingested_ts > INTERVAL '1' DAY",
        "ingested_ts - reported_ts < INTERVAL '3' HOUR",
        "ingested_ts + INTERVAL '2' HOUR > reported_ts",
        "bikes > 1.5 AND fill_rate > 0 AND bikes * 1.0 / (bikes + docks) > 0.5",
        "coalesce(capacity, 0) = 0",
        "capacity IS NULL",
        "is_installed AND NOT is_stale AND is_renting = true",
        "station_id LIKE 'a%' OR length(name) > 3",
        "hour IN (SELECT max(hour) FROM source_velib)",
        "(SELECT count(*) FROM source_velib) = 1",
        "substr(hour, 1, 1) = '1' AND strpos(name, 't') = 2",
        "CASE WHEN bikes > 3 THEN 'many' ELSE 'few' END = 'many'",
        "date_diff('minute', reported_ts, ingested_ts) < 180",
        "round(fill_rate, 2) = 0.78 AND abs(lat) < 90",
        "if(bikes > 3, 1, 0) = 1",
        "extract(HOUR FROM ingested_ts) = 10",
        "date_parse('2022-06-05', '%Y-%m-%d') < ingested_ts",
        "to_unixtime(ingested_ts) > 1e9",
        "from_unixtime(1654300000) < ingested_ts",
        "try_cast(station_id AS integer) IS NULL",
        "nullif(bikes, 7) IS NULL",
    ],
)
def test_valid_condition_is_accepted(condition: str, engine: LocalQueryEngine) -> None:
    """Each of these is true for the only row."""
    assert len(engine.query(sql("SELECT 1 FROM source_velib WHERE", condition))) == 1


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("format('%s', bikes)", "format"),
        ("ingested_ts AT TIME ZONE 'Europe/Paris'", "AS timestamp"),
        ("CAST(ingested_ts AT TIME ZONE 'Europe/Paris' AS varchar)", "AS timestamp"),
        ("DATE '2022-06-05' - DATE '2022-06-04'", "date_diff"),
        ("1 / 0", "DIVISION_BY_ZERO"),
    ],
)
def test_expression_without_equivalent_is_refused(
    expression: str, message: str, engine: LocalQueryEngine
) -> None:
    """A wrong number would go unnoticed."""
    with pytest.raises(QueryError) as refused:
        engine.query(sql("SELECT", expression, "FROM source_velib"))
    assert message in str(refused.value)


@pytest.mark.parametrize(
    ("query", "rows"),
    [
        ("SELECT s.station_id FROM velib_db_tf.source_velib s", [("a",)]),
        ("SELECT velib_db_tf.source_velib.bikes FROM velib_db_tf.source_velib", [(7,)]),
        ('SELECT "date" FROM "awsdatacatalog"."velib_db_tf"."source_velib"', [("2022-06-05",)]),
        ("WITH kpi_shortage AS (SELECT 1 AS x) SELECT x FROM kpi_shortage", [(1,)]),
        ("SELECT max_by(name, bikes), arbitrary(name) FROM SOURCE_VELIB", [("Station a", "Station a")]),
        ("SELECT x FROM UNNEST(ARRAY[1, 2]) AS t(x) ORDER BY x DESC", [(2,), (1,)]),
        ("VALUES (1, 'a'), (2, 'b')", [(1, "a"), (2, "b")]),
        ("(SELECT 1) UNION ALL SELECT 2", [(1,), (2,)]),
        ("SELECT rank() OVER (ORDER BY bikes) AS r FROM source_velib ORDER BY r", [(1,)]),
        ("SELECT count(*) AS n FROM source_velib GROUP BY hour HAVING count(*) > 0 ORDER BY n", [(1,)]),
    ],
)
def test_queries_of_every_shape_run(
    query: str, rows: list[tuple[Any, ...]], engine: LocalQueryEngine
) -> None:
    """Plain and qualified names, a WITH that hides a view, windows, UNNEST, VALUES."""
    assert rows_of(engine, query) == rows


def test_unnamed_columns_are_named_like_in_athena(engine: LocalQueryEngine) -> None:
    """Scripts read `_col0`."""
    assert list(engine.query("SELECT count(*), 1 AS one, min(bikes) FROM source_velib").columns) == [
        "_col0",
        "one",
        "_col2",
    ]


def test_integers_stay_integers_beside_nulls(tmp_path: Path) -> None:
    """A capacity of 20 was printed as 20.000 because another one was null."""
    frame = engine_over(tmp_path, [row("a", 1, 1), row("b", 1, 1, capacity=None)]).query(
        "SELECT capacity FROM source_velib ORDER BY station_id"
    )
    assert frame.to_json(orient="values") == "[[20],[null]]"
