"""The guard: one read-only query on the catalog's tables, which reads the lake's files and no others."""

import re
from pathlib import Path

import duckdb
import pytest

from velib_assets.query.duckdb_engine import LocalQueryEngine
from velib_assets.query.duckdb_session import session
from velib_assets.query.engine import QueryError
from velib_assets_tests.kpi_lake import engine_over, row, rows_of, sql


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> LocalQueryEngine:
    return engine_over(tmp_path_factory.mktemp("lake"), [row("a", 0, 20)])


@pytest.mark.parametrize(
    "statement",
    [
        "DROP VIEW kpi_shortage",
        "DELETE FROM source_velib",
        "INSERT INTO source_velib VALUES (1)",
        "CREATE TABLE t AS SELECT 1",
        "COPY source_velib TO '/tmp/x'",
        "ATTACH '/tmp/x.db'",
        "SET TimeZone = 'Europe/Paris'",
        "PRAGMA version",
        "EXPLAIN SELECT 1",
        "UNLOAD (SELECT 1) TO 's3://bucket/'",
        "SELECT * INTO t FROM source_velib",
        "WITH x AS (DELETE FROM source_velib) SELECT 1",
        "/* a */ -- b\nDROP VIEW kpi_shortage",
    ],
)
def test_only_read_only_queries_are_allowed(statement: str, engine: LocalQueryEngine) -> None:
    """`velib query` is read-only."""
    with pytest.raises(QueryError, match="only read-only queries are allowed"):
        engine.query(statement)


@pytest.mark.parametrize(
    "statement", ["SELECT 1; SELECT 2", "SELECT 1; DROP VIEW kpi_shortage", "", "-- nothing"]
)
def test_exactly_one_statement_is_allowed(statement: str, engine: LocalQueryEngine) -> None:
    """A second statement is not run silently."""
    with pytest.raises(QueryError, match="exactly one statement"):
        engine.query(statement)


def test_semicolon_and_comments_are_not_a_second_statement(engine: LocalQueryEngine) -> None:
    """Pasted statements often contain them."""
    assert rows_of(engine, "-- how many\nSELECT count(*) FROM kpi_shortage; -- done") == [(1,)]


@pytest.mark.parametrize(
    "query",
    [
        "SELECT * FROM read_csv('/etc/passwd')",
        "SELECT * FROM read_text('/etc/passwd')",
        "SELECT * FROM parquet_metadata('/etc/passwd')",
        "SELECT * FROM duckdb_settings()",
    ],
)
def test_table_functions_are_refused(query: str, engine: LocalQueryEngine) -> None:
    """Athena has none of them; they read files."""
    with pytest.raises(QueryError, match="Athena has no table function"):
        engine.query(query)


@pytest.mark.parametrize(
    "name", ["'/etc/passwd'", '"/etc/passwd"', '"source_velib; DROP TABLE x"', '"engine"']
)
def test_table_name_is_never_a_file_or_a_variable(name: str, engine: LocalQueryEngine) -> None:
    """DuckDB would open a file with that name, or a pandas frame in a variable."""
    with pytest.raises(QueryError, match="TABLE_NOT_FOUND"):
        engine.query(sql("SELECT * FROM", name))


def test_session_refuses_files_outside_the_lake(tmp_path: Path) -> None:
    """The boundary, if a statement passes the guard."""
    with session(tmp_path) as db, pytest.raises(duckdb.PermissionException):
        db.execute("SELECT * FROM read_csv('/etc/passwd')")


def test_session_refuses_a_folder_whose_name_starts_like_the_lake(tmp_path: Path) -> None:
    """`lake-demo` starts with `lake`."""
    (tmp_path / "lake-demo").mkdir()
    (tmp_path / "lake-demo" / "x.csv").write_text("a\n1\n", encoding="utf-8")
    with session(tmp_path / "lake") as db, pytest.raises(duckdb.PermissionException):
        db.execute(sql("SELECT * FROM", f"read_csv('{tmp_path}/lake-demo/x.csv')"))


def test_session_settings_are_locked(tmp_path: Path) -> None:
    """File access cannot be enabled again."""
    with session(tmp_path) as db, pytest.raises(duckdb.Error, match="locked"):
        db.execute("SET enable_external_access = true")


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("SELECT * FROM kpi_shortag", "did you mean kpi_shortage?"),
        ("SELECT statoin_id FROM kpi_shortage", "no column 'statoin_id'; did you mean station_id?"),
        ("SELECT k.statoin_id FROM kpi_shortage k", "no column 'statoin_id'; did you mean station_id?"),
        ("SELECT bikes FROM kpi_shortage ORDER BY qqq", "no column 'qqq'; the closest names are "),
        ("SELECT z.bikes FROM kpi_shortage k", "FROM has no table 'z'; the closest names are k"),
        ("SELECT bikes WHERE bikes = 1", "because the query has no FROM"),
        ("SELECT sun(bikes) FROM kpi_shortage", "FUNCTION_NOT_FOUND: there is no function sun"),
        ("SELEC 1", "SYNTAX_ERROR: a query cannot start with 'SELEC'; did you mean SELECT?"),
        ("(SELCT 1)", "did you mean SELECT?"),
        ("hello", "SYNTAX_ERROR: a query cannot start with 'hello'; only read-only queries"),
        ("SELECT * FORM kpi_shortage", "SYNTAX_ERROR: Line 1, column 26, at 'kpi_shortage'"),
        ("SELECT * FROM kpi_shortage WHERE", "SYNTAX_ERROR: Line 1, column 32, at 'WHERE'"),
        ("SELECT FROM", "SYNTAX_ERROR: Line 1"),
        ("SELECT k.nope FROM kpi_shortage k", "nope"),
        ("SELECT * FROM other_db.kpi_shortage", "the only one is velib_db_tf"),
        ("SELECT count(* FROM kpi_shortage", "Line 1"),
        ("SELECT no_such_function(1)", "no_such_function"),
    ],
)
def test_errors_are_one_line_and_name_the_cause(query: str, message: str, engine: LocalQueryEngine) -> None:
    """The command prints them unmodified."""
    with pytest.raises(QueryError) as refused:
        engine.query(query)
    assert message in str(refused.value)
    assert "\n" not in str(refused.value)
    assert "\x1b" not in str(refused.value)
    assert not re.search("Binder|Catalog Error|sqlglot|Token", str(refused.value))


def test_quoted_value_stays_a_value(engine: LocalQueryEngine) -> None:
    """Quotes are escaped in DuckDB's SQL."""
    assert rows_of(engine, "SELECT 'it''s; DROP VIEW x --' AS v") == [("it's; DROP VIEW x --",)]


@pytest.mark.parametrize("folder", ["it's a lake", "la[k]e", "l*ke?", "ключ é"])
def test_lake_folder_may_have_any_name(folder: str, tmp_path: Path) -> None:
    """Paths are quoted, and wildcards in them have no meaning."""
    assert rows_of(
        engine_over(tmp_path / folder, [row("a", 0, 20)]), "SELECT station_id FROM kpi_shortage"
    ) == [("a",)]


def test_deeply_nested_statement_is_refused_with_a_message(engine: LocalQueryEngine) -> None:
    """Not with the traceback of a RecursionError."""
    with pytest.raises(QueryError):
        engine.query("SELECT " + "(" * 3000 + "1" + ")" * 3000)
