"""`velib query` only reads, only the catalog's tables, and only so much: a corpus of what tries otherwise."""

import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from velib_assets.resources import duckdb_session
from velib_assets.resources.query_engine import LocalQueryEngine, QueryError
from velib_assets_tests.kpi_lake import engine_over, row, rows_of, sql

pytestmark = pytest.mark.promise("security")
Figure = Callable[[str, float], None]


class Place(NamedTuple):
    """A lake, and beside it a folder with secrets, which is also the working directory."""

    engine: LocalQueryEngine
    lake: Path
    outside: Path


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    logging.getLogger("sqlglot").setLevel(logging.ERROR)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "canary-env")
    lake, outside = tmp_path / "lake", tmp_path / "outside"
    outside.mkdir()
    monkeypatch.chdir(outside)
    engine = engine_over(lake, [row("a", 0, 20)])
    for folder in (outside, lake):
        (folder / "secret.csv").write_text("a\ncanary-file\n", encoding="utf-8")
        (folder / "secret.json").write_text('[{"a": "canary-file"}]', encoding="utf-8")
        pq.write_table(pa.table({"a": ["canary-file"]}), folder / "secret.parquet")
    yield Place(engine, lake, outside)
    logging.getLogger("sqlglot").setLevel(logging.WARNING)


# Functions that read, write, list, run or tell; {0} is a folder that holds secrets.
FUNCTIONS = """
read_csv('{0}/secret.csv')
read_csv_auto('{0}/*.csv')
read_text('{0}/secret.csv')
read_blob('{0}/secret.csv')
read_parquet('{0}/secret.parquet')
parquet_scan('{0}/secret.parquet')
read_json('{0}/secret.json')
read_json_auto('{0}/secret.json')
read_ndjson('{0}/secret.json')
glob('{0}/*')
sniff_csv('{0}/secret.csv')
parquet_metadata('{0}/secret.parquet')
parquet_schema('{0}/secret.parquet')
read_duckdb('{0}/x.db')
query('FROM read_text(''{0}/secret.csv'')')
query_table('source_velib')
duckdb_settings()
duckdb_secrets()
duckdb_logs()
enable_profiling('json')
enable_logging()
pragma_version()
json_execute_serialized_sql('x')
seq_scan('source_velib')
pandas_scan(1)
python_map_function(1)
repeat('x',9)
which_secret('s3://x','s3')
""".strip().splitlines()
PLACES = (
    "SELECT * FROM {0}",
    "SELECT * FROM source_velib CROSS JOIN LATERAL {0}",
    "SELECT * FROM source_velib LEFT JOIN LATERAL {0} x ON true",
    "SELECT * FROM source_velib, LATERAL {0} AS x",
    "SELECT * FROM TABLE({0})",
    "SELECT (SELECT count(*) FROM {0})",
    "WITH x AS (SELECT * FROM {0}) SELECT * FROM x",
    "SELECT * FROM ROWS FROM ({0})",
    "SELECT * FROM velib_db_tf.{0}",
    "SELECT * FROM system.main.{0}",
    "SELECT 1 UNION ALL SELECT 1 FROM {0}",
    "SELECT 1 WHERE EXISTS (SELECT 1 FROM {0})",
    "SELECT 1 ORDER BY (SELECT 1 FROM {0})",
    "SELECT count(*) FILTER (WHERE EXISTS (SELECT 1 FROM {0})) FROM source_velib",
    "SELECT * FROM source_velib LATERAL VIEW {0} v AS c",
    "SELECT * /* {0} */ FROM {0} -- x",
    "SELECT\u00a0*\u2003FROM\n{0}",
)
NAMES = (
    "'{0}/secret.csv'",
    '"{0}/secret.csv"',
    '"secret.parquet"',
    '"s3://bucket/x.parquet"',
    '"http://127.0.0.1/x.csv"',
)
NAMED = (
    "SELECT * FROM {0}",
    "TABLE {0}",
    "SELECT * FROM source_velib CROSS JOIN {0}",
    "WITH q AS (WITH {0} AS (SELECT 1 AS a) SELECT 1 AS b) SELECT * FROM {0}",
    "SELECT * FROM {0} WHERE (WITH {0} AS (SELECT 1 AS a) SELECT a FROM {0}) = 1",
    "SELECT * FROM velib_db_tf.{0}",
)
STATEMENTS = """
COPY source_velib TO '{0}/out.csv'
COPY (SELECT 1) TO 'out.parquet'
EXPORT DATABASE '{0}/out'
IMPORT DATABASE '{0}'
ATTACH '{0}/out.db' AS y
INSTALL httpfs
LOAD httpfs
PRAGMA database_list
SET enable_external_access = true
RESET ALL
CALL pragma_version()
EXPLAIN ANALYZE SELECT 1
SUMMARIZE source_velib
DESCRIBE '{0}/secret.csv'
SHOW ALL TABLES
FROM source_velib
FROM '{0}/secret.csv'
PIVOT source_velib ON bikes
PREPARE x AS SELECT 1
EXECUTE x
VACUUM
CHECKPOINT
USE memory
CREATE SECRET (TYPE s3)
CREATE TABLE t AS SELECT 1
INSERT INTO source_velib VALUES (1)
DROP VIEW kpi_shortage
SELECT 1; SELECT 2
SELECT 1;;DROP VIEW kpi_shortage
SELECT/**/1;/**/DROP/**/VIEW/**/kpi_shortage
(((COPY source_velib TO 'x')))
SELECT * INTO t FROM source_velib
SELECT * FROM (DELETE FROM source_velib RETURNING *)
WITH x AS (DROP VIEW y) SELECT 1
WITH x AS MATERIALIZED (COPY source_velib TO 'x') SELECT 1
/*/**/*/DROP VIEW x
\ufeffDROP VIEW x
\u00a0DROP VIEW x
\uff24\uff32\uff2f\uff30 VIEW x
SELECT 1 --\rDROP VIEW x
SELECT getenv('AWS_SECRET_ACCESS_KEY')
SELECT write_log('x')
SELECT current_setting('allowed_directories')
SELECT getvariable('x')
SELECT pg_sleep(1)
SELECT current_query()
SELECT nextval('x')
SELECT system.version()
SELECT main.read_text('x')
SELECT read_text('{0}/secret.csv')
SELECT query('SELECT 1')
SELECT COLUMNS('.*') FROM source_velib
SELECT * FROM information_schema.tables
SELECT * FROM pg_catalog.pg_tables
SELECT * FROM duckdb_tables
SELECT * FROM sqlite_master
TABLE duckdb_settings
SELECT * FROM $$/etc/passwd$$
SELECT * FROM U&'/etc/passwd'
""".strip().split("\n")


def attacks(folder: Path, full: bool) -> Iterator[str]:
    """Each function in a few places, or in every one; each name, each statement."""
    for number, function in enumerate(FUNCTIONS):
        for place, form in enumerate(PLACES):
            if full or (number + place) % 3 == 0 or place in (1, 2):
                yield form.format(function.strip()).replace("{0}", str(folder))
    for name in NAMES:
        yield from (form.format(name).replace("{0}", str(folder)) for form in NAMED)
    yield from (statement.replace("{0}", str(folder)) for statement in STATEMENTS)


@pytest.mark.parametrize("where", ["outside", "lake"])
def test_no_statement_of_the_corpus_is_answered(where: str, place: Place, full: bool, figure: Figure) -> None:
    """Also within the lake: its catalog's tables are what may be asked, not its files."""
    before = {path: path.stat().st_mtime_ns for path in place.lake.parent.rglob("*")}
    answered, odd, count = [], [], 0
    for statement in attacks(place.outside if where == "outside" else place.lake, full):
        count += 1
        try:
            place.engine.query(statement)
            answered.append(statement)
        except QueryError as error:
            if "canary" in str(error) or "Permission" in str(error):
                odd.append((statement, str(error)))  # it was the second lock that held
    assert answered == []
    assert odd == []
    assert {path: path.stat().st_mtime_ns for path in place.lake.parent.rglob("*")} == before
    figure("statements refused", count)


def test_a_name_in_with_is_a_name_whatever_it_looks_like(place: Place) -> None:
    question = 'WITH "secret.csv" AS (SELECT 1 AS a) SELECT a FROM "secret.csv"'
    assert rows_of(place.engine, question) == [(1,)]


def test_a_partition_that_is_a_link_is_not_followed(place: Place) -> None:
    """Its rows are those of an hour that is gone."""
    (file,) = (place.lake / "clean").rglob("*.parquet")
    moved = place.outside / "elsewhere.parquet"
    file.rename(moved)
    file.symlink_to(moved)
    assert rows_of(place.engine, "SELECT count(*) FROM source_velib") == [(0,)]


@pytest.mark.parametrize("name", ["memory_limit", "temp_directory", "max_temp_directory_size", "threads"])
def test_bounds_cannot_be_lifted(name: str, place: Place) -> None:
    import duckdb

    with duckdb_session.session(place.lake) as db, pytest.raises(duckdb.Error, match="locked"):
        db.execute(sql("SET", name, "= '1'"))


def test_a_question_without_end_is_ended(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(duckdb_session, "MOST_SECONDS", 0.5)
    endless = (
        "SELECT count(*) FROM UNNEST(sequence(1, 1000000)) a(x) CROSS JOIN UNNEST(sequence(1, 1000000)) b(y)"
    )
    with pytest.raises(QueryError, match="it took over"):
        place.engine.query(endless)
    assert rows_of(place.engine, "SELECT 1") == [(1,)]


def test_an_answer_too_large_is_refused_and_leaves_nothing(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(duckdb_session, "MOST_BYTES", 1_000_000)
    with pytest.raises(QueryError, match="use LIMIT"):
        place.engine.query("SELECT x, x + 1, x + 2 FROM UNNEST(sequence(1, 500000)) t(x)")


def test_memory_is_bounded_and_what_spills_is_removed(
    place: Place, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Two gigabytes, then a folder in the system's temporary one, gone afterwards."""
    spill = tmp_path / "spill"
    spill.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(spill))
    with duckdb_session.session(place.lake) as db:
        asked = "SELECT current_setting('memory_limit'), current_setting('temp_directory')"
        limit, folder = db.execute(asked).fetchall()[0]
    assert (limit, Path(folder).parent) == ("1.8 GiB", spill)
    monkeypatch.setattr(duckdb_session, "MEMORY", "64MB")
    monkeypatch.setattr(duckdb_session, "MOST_SPILL", "16MB")
    strings = "array_agg(rpad(CAST(x AS varchar), 10000, 'x'))"
    with pytest.raises(QueryError, match="Out of Memory"):
        place.engine.query(sql("SELECT cardinality(", strings, ") FROM UNNEST(sequence(1, 50000)) t(x)"))
    assert list(spill.iterdir()) == []
