"""A corpus of statements that try to read files, to write, to execute, or to inspect the engine.

It puts functions and names into every position where a table can occur.
"""

from collections.abc import Iterator
from pathlib import Path

# Functions that read, write, list, execute or inspect; {0} is a folder with secrets.
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
POSITIONS = (
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
    """Yield each function in some positions (all if `full`), each name and each statement."""
    for number, function in enumerate(FUNCTIONS):
        for position, form in enumerate(POSITIONS):
            if full or (number + position) % 3 == 0 or position in (1, 2):
                yield form.format(function.strip()).replace("{0}", str(folder))
    for name in NAMES:
        yield from (form.format(name).replace("{0}", str(folder)) for form in NAMED)
    yield from (statement.replace("{0}", str(folder)) for statement in STATEMENTS)
