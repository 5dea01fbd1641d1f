"""The encoding of history files: Parquet with a footer `velib` that has the digest of their sources."""

from __future__ import annotations

import json
from typing import IO, Any, Dict, NamedTuple, Optional

import pyarrow as pa
import pyarrow.parquet as pq

from velib_assets.clean.typed_snapshot import ARROW_TYPES
from velib_assets.lake.schema import HISTORY_COLUMNS

HISTORY_SCHEMA = pa.schema([(column.name, ARROW_TYPES[column.type]) for column in HISTORY_COLUMNS])
"""The columns of a history file."""

_FOOTER = b"velib"
_OPTIONS: Dict[str, Any] = {
    "compression": "zstd",
    "use_dictionary": [column.name for column in HISTORY_COLUMNS if column.type == "string"],
    "write_statistics": ["ingested_ts", "station_id"],
    "store_schema": False,
}


class HistoryFooter(NamedTuple):
    """The source of a history file: its digest, its rows, and the digest of each of its hours or days."""

    digest: str
    rows: int
    parts: Dict[str, str]


def encode_history(table: pa.Table, digest: str, parts: Dict[str, str]) -> bytes:
    """Encode the sorted rows of a period as Parquet.

    Args:
        table: the rows as HISTORY_SCHEMA.
        digest: of the parts.
        parts: the digests of the hours of a day, or of the days of a month, by their texts.
    """
    footer = json.dumps({"digest": digest, "parts": parts}, sort_keys=True)
    sink = pa.BufferOutputStream()
    with pq.ParquetWriter(sink, HISTORY_SCHEMA, **_OPTIONS) as writer:
        writer.write_table(table)
        writer.add_key_value_metadata({_FOOTER.decode(): footer})
    return bytes(sink.getvalue())


def read_history_footer(source: IO[bytes]) -> Optional[HistoryFooter]:
    """Read the footer of a history file; None if it is damaged or not a history file."""
    try:
        parquet = pq.read_metadata(source)
        footer = json.loads((parquet.metadata or {})[_FOOTER])
        return HistoryFooter(str(footer["digest"]), parquet.num_rows, dict(footer["parts"]))
    except (pa.ArrowException, OSError, KeyError, TypeError, ValueError):
        return None
