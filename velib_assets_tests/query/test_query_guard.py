"""What may be asked: one question, of the catalog's tables, reading the lake's files and no others."""

from pathlib import Path

import duckdb
import pytest

from velib_assets.query.duckdb_engine import LocalQueryEngine, QueryError
from velib_assets.query.duckdb_session import session
from velib_assets_tests.kpi_lake import engine_over, row, rows_of, sql


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> LocalQueryEngine:
    return engine_over(tmp_path_factory.mktemp("lake"), [row("a", 0, 20)])


@pytest.mark.parametrize(
    "question",
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
def test_only_questions_are_answered(question: str, engine: LocalQueryEngine) -> None:
    """`velib query` is read-only."""
    with pytest.raises(QueryError, match="only questions are answered"):
        engine.query(question)


@pytest.mark.parametrize(
    "question", ["SELECT 1; SELECT 2", "SELECT 1; DROP VIEW kpi_shortage", "", "-- nothing"]
)
def test_exactly_one_statement(question: str, engine: LocalQueryEngine) -> None:
    """A second statement is not run silently."""
    with pytest.raises(QueryError, match="one statement"):
        engine.query(question)


def test_a_semicolon_and_comments_are_no_second_statement(engine: LocalQueryEngine) -> None:
    """People paste what they have."""
    assert rows_of(engine, "-- how many\nSELECT count(*) FROM kpi_shortage; -- done") == [(1,)]


@pytest.mark.parametrize(
    "question",
    [
        "SELECT * FROM read_csv('/etc/passwd')",
        "SELECT * FROM read_text('/etc/passwd')",
        "SELECT * FROM parquet_metadata('/etc/passwd')",
        "SELECT * FROM duckdb_settings()",
    ],
)
def test_table_functions_of_the_local_engine_are_refused(question: str, engine: LocalQueryEngine) -> None:
    """Athena has none of them, and they read files."""
    with pytest.raises(QueryError, match="Athena has no table function"):
        engine.query(question)


@pytest.mark.parametrize(
    "name", ["'/etc/passwd'", '"/etc/passwd"', '"source_velib; DROP TABLE x"', '"engine"']
)
def test_a_name_is_never_a_file_or_a_variable(name: str, engine: LocalQueryEngine) -> None:
    """DuckDB would open a file of that name, or a pandas frame of a variable."""
    with pytest.raises(QueryError, match="TABLE_NOT_FOUND"):
        engine.query(sql("SELECT * FROM", name))


def test_the_session_itself_reads_no_other_file(tmp_path: Path) -> None:
    """The second lock, should a statement slip through the first."""
    with session(tmp_path) as db, pytest.raises(duckdb.PermissionException):
        db.execute("SELECT * FROM read_csv('/etc/passwd')")


def test_the_session_does_not_read_a_neighbour_with_a_longer_name(tmp_path: Path) -> None:
    """`lake-demo` starts with `lake`."""
    (tmp_path / "lake-demo").mkdir()
    (tmp_path / "lake-demo" / "x.csv").write_text("a\n1\n", encoding="utf-8")
    with session(tmp_path / "lake") as db, pytest.raises(duckdb.PermissionException):
        db.execute(sql("SELECT * FROM", f"read_csv('{tmp_path}/lake-demo/x.csv')"))


def test_the_sessions_settings_are_locked(tmp_path: Path) -> None:
    """Nothing turns file access on again."""
    with session(tmp_path) as db, pytest.raises(duckdb.Error, match="locked"):
        db.execute("SET enable_external_access = true")


@pytest.mark.parametrize(
    ("question", "words"),
    [
        ("SELECT * FROM kpi_shortag", "did you mean kpi_shortage?"),
        ("SELECT statoin_id FROM kpi_shortage", "did you mean station_id?"),
        ("SELECT k.nope FROM kpi_shortage k", "nope"),
        ("SELECT * FROM other_db.kpi_shortage", "the only one is velib_db_tf"),
        ("SELECT count(* FROM kpi_shortage", "Line 1"),
        ("SELECT no_such_function(1)", "no_such_function"),
    ],
)
def test_errors_name_what_is_wrong_in_one_line(question: str, words: str, engine: LocalQueryEngine) -> None:
    """The command prints them as they are."""
    with pytest.raises(QueryError) as refused:
        engine.query(question)
    assert words in str(refused.value)
    assert "\n" not in str(refused.value)
    assert "\x1b" not in str(refused.value)


def test_a_value_in_quotes_stays_a_value(engine: LocalQueryEngine) -> None:
    """Quotes are doubled on the way to DuckDB."""
    assert rows_of(engine, "SELECT 'it''s; DROP VIEW x --' AS v") == [("it's; DROP VIEW x --",)]


@pytest.mark.parametrize("folder", ["it's a lake", "la[k]e", "l*ke?", "ключ é"])
def test_a_lakes_folder_may_have_any_name(folder: str, tmp_path: Path) -> None:
    """Paths are quoted, and stars in them are not patterns."""
    assert rows_of(
        engine_over(tmp_path / folder, [row("a", 0, 20)]), "SELECT station_id FROM kpi_shortage"
    ) == [("a",)]


def test_a_deeply_nested_statement_is_refused_in_words(engine: LocalQueryEngine) -> None:
    """A RecursionError with its trace is no answer."""
    with pytest.raises(QueryError):
        engine.query("SELECT " + "(" * 3000 + "1" + ")" * 3000)
