"""One in-memory DuckDB per query: its locked settings, its limits and the table's files.

A DuckDB file on disk would lock out every other process.
"""

import glob
import os
import tempfile
import threading
import uuid
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pyarrow as pa

from velib_assets.lake.schema import COLUMNS, DATABASE, PARTITION_COLUMNS, TABLE, TYPES, Column
from velib_assets.query.engine import QueryError

MAX_SECONDS = 300.0
MEMORY, MAX_SPILL = "2GB", "10GB"
MAX_BYTES = 512 * 1024 * 1024
_BATCH_ROWS = 100_000
_SETTINGS = """
SET TimeZone = 'UTC';
SET integer_division = true;
SET python_enable_replacements = false;
SET autoinstall_known_extensions = false;
SET autoload_known_extensions = false;
SET enable_external_file_cache = false;
SET memory_limit = '{memory}';
SET temp_directory = {spill};
SET max_temp_directory_size = '{max_spill}';
SET allowed_directories = [{lake}, {lake_pattern}];
SET enable_external_access = false;
CREATE SCHEMA {database};
USE {database};
SET lock_configuration = true;
"""


@contextmanager
def session(lake: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open a DuckDB that can read the lake's files and no others, with locked settings.

    It uses up to 2 GB of memory, and then up to 10 GB of disk in the system's temporary folder.

    Raises:
        QueryError: After five minutes.
    """
    spill = Path(tempfile.gettempdir()) / f"velib-query-{uuid.uuid4().hex}"  # DuckDB creates and removes it
    folder = _path_text(lake.resolve()) + os.sep
    pattern = glob.escape(folder)  # what create_table writes; it matches this lake only
    with duckdb.connect() as db:
        db.execute(
            _SETTINGS.format(
                lake=_quoted(folder),
                lake_pattern=_quoted(pattern),
                memory=MEMORY,
                spill=_quoted(_path_text(spill)),
                max_spill=MAX_SPILL,
                database=DATABASE,
            )
        )
        done = threading.Event()
        timeout = threading.Thread(
            target=_interrupt_after_timeout, args=(db, done), name="velib-query-timeout", daemon=True
        )
        timeout.start()
        try:
            yield db
        except duckdb.InterruptException:
            message = f"the query took over {MAX_SECONDS:,.0f} s: filter by date and hour, or select less"
            raise QueryError(message) from None
        finally:
            done.set()
            timeout.join()  # it holds the connection, which DuckDB reports as leaked at the end


def _interrupt_after_timeout(db: duckdb.DuckDBPyConnection, done: threading.Event) -> None:
    """Interrupt the query after MAX_SECONDS, repeatedly: DuckDB ignores it between two statements."""
    if not done.wait(MAX_SECONDS):
        while not done.wait(0.2):
            db.interrupt()


def create_table(
    db: duckdb.DuckDBPyConnection,
    files: Iterable[Path],
    name: str = TABLE,
    schema: Sequence[Column] = (*COLUMNS, *PARTITION_COLUMNS),
) -> None:
    """Define a table, `source_velib` by default, over these files; without files it is empty.

    Timestamps lose their time zone (they are UTC), and partition keys are text.

    Raises:
        duckdb.Error: If a file cannot be read, or lacks a column.
    """
    paths = ", ".join(_quoted(glob.escape(_path_text(path))) for path in files)
    options = "hive_partitioning = true, hive_types_autocast = false, union_by_name = false"
    rows = f"FROM read_parquet([{paths}], {options})" if paths else "WHERE false"
    columns = ", ".join(
        f"CAST({quoted if paths else 'NULL'} AS {TYPES[column.type].duckdb}) AS {quoted}"
        for column in schema
        if (quoted := f'"{column.name}"')
    )
    try:
        db.execute(f"CREATE OR REPLACE VIEW {DATABASE}.{name} AS SELECT {columns} {rows}")
    except duckdb.BinderException as error:  # no fault of the query: a damaged footer has other names
        raise duckdb.IOException(f"the files of {name} do not have its columns: {error}") from error


def fetch(db: duckdb.DuckDBPyConnection, sql: str) -> pa.Table:
    """Run a query and return its rows.

    Raises:
        QueryError: If the result is larger than 512 MB, or a number is larger than a bigint.
        duckdb.Error: If the query fails.
    """
    relation = db.sql(sql)
    huge = [position for position, kind in enumerate(relation.types) if str(kind) == "HUGEINT"]
    reader, batches, size = relation.to_arrow_reader(_BATCH_ROWS), [], 0
    for batch in _batches(reader):
        batches.append(batch)
        size += batch.nbytes
        if size > MAX_BYTES:
            raise QueryError(f"the result is larger than {MAX_BYTES // 1024**2} MB: use LIMIT, or aggregate")
    table = pa.Table.from_batches(batches, reader.schema)
    for position in huge:  # DuckDB's sums are HUGEINT, Athena's are bigint
        try:
            column = table.column(position).cast(pa.int64())
        except pa.ArrowInvalid as error:
            raise QueryError(f"a number is larger than a bigint: {error}") from error
        table = table.set_column(position, table.field(position).name, column)
    return table


def _batches(reader: pa.RecordBatchReader) -> Iterator[pa.RecordBatch]:
    """Yield the batches of a running query. Arrow's stream makes an OSError of each error of DuckDB."""
    try:
        yield from reader
    except OSError as error:
        text = str(error)
        interrupted = text.startswith("INTERRUPT")
        raise (duckdb.InterruptException if interrupted else duckdb.Error)(text) from error


def _path_text(path: Path) -> str:
    """Return a path as DuckDB opens it: its bytes as UTF-8, in any locale of this process."""
    return os.fsencode(path).decode("utf-8", "replace")


def _quoted(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
