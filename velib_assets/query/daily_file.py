"""The Parquet file of a daily KPI's local day, with a footer `velib` that says what it was computed from."""

from __future__ import annotations

import io
import json
from datetime import date
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from velib_assets.lake.daily_schema import DAILY_COLUMNS
from velib_assets.lake.keys import daily_kpi_key
from velib_assets.lake.store import LakeStore
from velib_assets.query.frames import ARROW

_FOOTER = b"velib"


class DailyFooter(NamedTuple):
    """What a file was computed from.

    `digest` is that of the day's history and of the SQL. `files` has the size in bytes and the SHA-256 of the
    files that were stored before it with the same digest, by their KPI.
    """

    digest: str
    rows: int
    files: dict[str, tuple[int, str]]


def daily_schema(name: str) -> pa.Schema:
    """Return the columns of a daily KPI's files."""
    return pa.schema([(column.name, ARROW[column.type]) for column in DAILY_COLUMNS[name]])


def encode_daily(name: str, rows: pa.Table, digest: str, files: dict[str, tuple[int, str]]) -> bytes:
    """Encode the rows of a day. Within one pyarrow version, equal rows give equal bytes.

    Raises:
        KeyError, pyarrow.ArrowException: If the rows lack a column, or one has another type.
    """
    schema, sink = daily_schema(name), io.BytesIO()
    footer: dict[str, Any] = {"digest": digest, "files": files}
    options = {"compression": "zstd", "store_schema": False, "write_page_checksum": True}
    with pq.ParquetWriter(sink, schema, **options) as writer:
        writer.write_table(rows.select(schema.names).cast(schema))
        writer.add_key_value_metadata({_FOOTER.decode(): json.dumps(footer, sort_keys=True)})
    return sink.getvalue()


def read_daily_rows(lake: LakeStore, name: str, day: date) -> pa.Table:
    """Read the rows of a daily KPI's local day; none if the day has no file, or a damaged one.

    Raises:
        OSError: If the file exists and cannot be read.
    """
    schema = daily_schema(name)
    try:
        data = lake.read(daily_kpi_key(name, day))
    except FileNotFoundError:
        return schema.empty_table()
    try:
        rows = pq.ParquetFile(pa.BufferReader(data)).read(use_threads=False)
        # Columns that an older version did not store are null.
        both = pa.concat_tables([schema.empty_table(), rows], promote_options="permissive")
        return both.select(schema.names).cast(schema)
    except (pa.ArrowException, OSError, ValueError):  # pyarrow raises all three for damaged bytes
        return schema.empty_table()


def read_daily_footer(lake: LakeStore, key: str) -> DailyFooter | None:
    """Read the footer of a stored file; None if there is none, or if it is damaged."""
    try:
        with lake.open(key) as source:
            parquet = pq.read_metadata(source)
        footer = json.loads((parquet.metadata or {})[_FOOTER])
        files = {str(name): (int(size), str(hash_)) for name, (size, hash_) in footer["files"].items()}
        return DailyFooter(str(footer["digest"]), parquet.num_rows, files)
    except (pa.ArrowException, OSError, KeyError, TypeError, ValueError):
        return None
