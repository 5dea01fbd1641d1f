"""One DuckDB in memory for one question: locked settings, bounds, the table's files, the views.

Belongs here: how DuckDB is set up and how its rows come out of it. Does not: which files, or what the
question is (query_engine). A DuckDB file on disk would lock every other process out.
"""

import os
import tempfile
import threading
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pyarrow as pa

from velib_assets.lake.schema import COLUMNS, DATABASE, PARTITION_COLUMNS, TABLE
from velib_assets.query.query_error import QueryError

TYPES = {
    "string": "VARCHAR",
    "int": "INTEGER",
    "bigint": "BIGINT",
    "double": "DOUBLE",
    "boolean": "BOOLEAN",
    "timestamp": "TIMESTAMP",
}
MOST_SECONDS = 300.0
MEMORY, MOST_SPILL = "2GB", "10GB"
MOST_BYTES = 512 * 1024 * 1024
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
SET max_temp_directory_size = '{most_spill}';
SET allowed_directories = [{lake}];
SET enable_external_access = false;
CREATE SCHEMA {database};
USE {database};
SET lock_configuration = true;
"""


@contextmanager
def session(lake: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """A DuckDB that may read files of the lake and no others, and whose settings and bounds hold.

    It takes 2 GB of memory at most, then up to 10 GB of a folder of its own in the system's temporary one.

    Raises:
        QueryError: after five minutes.
    """
    spill = (
        Path(tempfile.gettempdir()) / f"velib-query-{uuid.uuid4().hex}"
    )  # made when needed, gone at the end
    with duckdb.connect() as db:
        db.execute(
            _SETTINGS.format(
                lake=_text(os.fspath(lake.resolve()) + os.sep),
                memory=MEMORY,
                spill=_text(os.fspath(spill)),
                most_spill=MOST_SPILL,
                database=DATABASE,
            )
        )
        done = threading.Event()
        threading.Thread(target=_end_late, args=(db, done), name="velib-query-clock", daemon=True).start()
        try:
            yield db
        except duckdb.InterruptException:
            words = f"it took over {MOST_SECONDS:,.0f} s: filter by date and hour, or ask for less"
            raise QueryError(words) from None
        finally:
            done.set()


def _end_late(db: duckdb.DuckDBPyConnection, done: threading.Event) -> None:
    """Interrupt what still runs when the time is over; again and again: between two steps it is not heard."""
    if not done.wait(MOST_SECONDS):
        while not done.wait(0.2):
            db.interrupt()


def bind(db: duckdb.DuckDBPyConnection, files: Iterable[Path]) -> None:
    """Make `source_velib` of these files, or the empty table of no files."""
    paths = ", ".join(_text(os.fspath(path)) for path in files)
    db.execute(f"CREATE OR REPLACE VIEW {DATABASE}.{TABLE} AS {_table(paths) if paths else _empty()}")


def rows_of(db: duckdb.DuckDBPyConnection, sql: str) -> pa.Table:
    """The rows of a query.

    Raises:
        QueryError: for an answer of over 512 MB.
    """
    relation = db.sql(sql)
    kinds = [str(kind) for kind in relation.types]
    reader, batches, size = relation.to_arrow_reader(_BATCH_ROWS), [], 0
    for batch in reader:
        batches.append(batch)
        size += batch.nbytes
        if size > MOST_BYTES:
            raise QueryError(f"the answer is larger than {MOST_BYTES // 1024**2} MB: use LIMIT, or aggregate")
    table = pa.Table.from_batches(batches, reader.schema)
    for position, kind in enumerate(kinds):
        if kind == "HUGEINT":  # what DuckDB sums and counts in; Athena's is bigint
            try:
                column = table.column(position).cast(pa.int64())
            except pa.ArrowInvalid as error:
                raise QueryError(f"a number is larger than a bigint: {error}") from error
            table = table.set_column(position, table.field(position).name, column)
    return table


def _table(paths: str) -> str:
    """The files as the table: times lose their zone (they are UTC), partition keys are text."""
    columns = ", ".join(
        f'CAST("{column.name}" AS {TYPES[column.type]}) AS "{column.name}"'
        if column.type == "timestamp"
        else f'"{column.name}"'
        for column in (*COLUMNS, *PARTITION_COLUMNS)
    )
    options = "hive_partitioning = true, hive_types_autocast = false, union_by_name = false"
    return f"SELECT {columns} FROM read_parquet([{paths}], {options})"  # noqa: S608 - quoted paths


def _empty() -> str:
    columns = ", ".join(
        f'CAST(NULL AS {TYPES[column.type]}) AS "{column.name}"' for column in (*COLUMNS, *PARTITION_COLUMNS)
    )
    return f"SELECT {columns} WHERE false"


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
