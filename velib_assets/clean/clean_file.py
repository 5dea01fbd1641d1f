"""The clean file: one Parquet file an hour, its schema, its bytes and the footer that dates it.

Belongs here: the Arrow form of the table contract, and the footer `velib` (JSON: digest of the raw
listing, what became of each snapshot). Does not: computing the rows (hour).
"""

from __future__ import annotations

import json
from typing import IO, TYPE_CHECKING, Any, Dict, List, NamedTuple, Optional

import pyarrow as pa
import pyarrow.parquet as pq

from velib_assets.lake.schema import COLUMNS

if TYPE_CHECKING:
    from velib_assets.clean.hour import CleanHour

ARROW_TYPES: Dict[str, pa.DataType] = {
    "string": pa.string(),
    "int": pa.int32(),
    "double": pa.float64(),
    "boolean": pa.bool_(),
    "timestamp": pa.timestamp("ms", tz="UTC"),
}
TABLE_SCHEMA = pa.schema([(column.name, ARROW_TYPES[column.type]) for column in COLUMNS])
REJECTS_SCHEMA = pa.schema(
    [
        ("raw_key", pa.string()),
        ("ingested_ts", pa.timestamp("ms", tz="UTC")),
        ("position", pa.int32()),
        ("station_id", pa.string()),
        ("reason", pa.string()),
        ("record", pa.string()),
    ]
)
_FOOTER = b"velib"
_TEXTS = [column.name for column in COLUMNS if column.type == "string"]
_WRITING: Dict[str, Any] = {
    "compression": "zstd",
    "use_dictionary": _TEXTS,
    "write_statistics": ["ingested_ts", "station_id"],  # what a reader could skip a file by
    "store_schema": False,
}


class Footer(NamedTuple):
    """What a clean file says of its making: the digest of its raw listing, its snapshots' counts."""

    digest: str
    rows: int
    snapshots: List[Dict[str, Any]]
    quarantined: List[Dict[str, Any]]


def encode_clean(clean: CleanHour) -> bytes:
    """The hour's Parquet file; the same hour gives the same bytes within one pyarrow version."""
    footer = {
        "digest": clean.digest,
        "snapshots": [part._asdict() for part in clean.snapshots],
        "quarantined": [part._asdict() for part in clean.quarantined],
    }
    text = json.dumps(footer, ensure_ascii=False, sort_keys=True)
    return _encode(clean.table, {_FOOTER.decode(): text})


def encode_rejects(clean: CleanHour) -> Optional[bytes]:
    """The hour's rejected records as Parquet, or None when there are none."""
    if not clean.rejects:
        return None
    rows = [
        {"raw_key": key, "ingested_ts": taken, **reject._asdict()} for key, taken, reject in clean.rejects
    ]
    return _encode(pa.Table.from_pylist(rows, schema=REJECTS_SCHEMA), {})


def read_footer(source: IO[bytes]) -> Optional[Footer]:
    """The footer of a clean file, or None where the file is not one of ours or is damaged."""
    try:
        parquet = pq.read_metadata(source)
        said = json.loads((parquet.metadata or {})[_FOOTER])
        return Footer(said["digest"], parquet.num_rows, said["snapshots"], said["quarantined"])
    except (pa.ArrowException, OSError, KeyError, TypeError, ValueError):
        return None


def _encode(table: pa.Table, footer: Dict[str, str]) -> bytes:
    sink = pa.BufferOutputStream()
    with pq.ParquetWriter(sink, table.schema, **_WRITING) as writer:
        writer.write_table(table)
        writer.add_key_value_metadata(footer)
    return bytes(sink.getvalue())
