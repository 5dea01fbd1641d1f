"""The encoding of history files: Parquet with a footer `velib` that has the digest of their sources.

Each column has the encoding and the level of zstd that gave the best size for its time on recorded days
(docs/design.md), out of those that Athena reads: its engine reads BYTE_STREAM_SPLIT of doubles only.
"""

from __future__ import annotations

import json
from typing import IO, Any, Dict, Iterable, NamedTuple, Optional

import pyarrow as pa
import pyarrow.parquet as pq

from velib_assets.clean.typed_snapshot import ARROW_TYPES
from velib_assets.lake.schema import HISTORY_COLUMNS

HISTORY_SCHEMA = pa.schema([(column.name, ARROW_TYPES[column.type]) for column in HISTORY_COLUMNS])
"""The columns of a history file."""

_FOOTER = b"velib"
_DELTA = "DELTA_BINARY_PACKED"
_LEVELS = {"station_id": 12, "name": 15, "reported_ts": 9, "fill_rate": 15, "mechanical": 12}
_OPTIONS: Dict[str, Any] = {
    "compression": "zstd",
    "compression_level": {
        **dict.fromkeys(HISTORY_SCHEMA.names, 3),
        **_LEVELS,
        **dict.fromkeys(("bikes", "docks", "ebikes"), 15),
    },
    "use_dictionary": [
        *("ingested_ts", "station_id", "name", "commune", "arrondissement"),
        *("capacity", "mechanical", "fill_rate", "date"),
    ],
    "column_encoding": dict.fromkeys(("bikes", "docks", "ebikes"), _DELTA),
    "write_statistics": ["ingested_ts", "station_id", "date"],  # those by which a reader skips row groups
    "store_schema": False,
}


class HistoryFooter(NamedTuple):
    """The source of a history file: its digest, its rows, and the hours of a day or the days of a month.

    `parts` has the digest of each day of a month. That of an hour is empty: the catalog has it.
    """

    digest: str
    rows: int
    parts: Dict[str, str]


def encode_history(groups: Iterable[pa.Table], digest: str, parts: Dict[str, str]) -> bytes:
    """Encode the sorted rows of a day or a month as Parquet.

    Args:
        groups: the rows as HISTORY_SCHEMA; each table becomes a row group.
        digest: the file's digest.
        parts: see HistoryFooter.
    """
    footer = json.dumps({"digest": digest, "parts": parts}, sort_keys=True, separators=(",", ":"))
    sink = pa.BufferOutputStream()
    with pq.ParquetWriter(sink, HISTORY_SCHEMA, **_OPTIONS) as writer:
        for group in groups:
            writer.write_table(group.combine_chunks(), row_group_size=len(group))
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
