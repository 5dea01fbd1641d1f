"""The clean file: one Parquet file per hour, with a footer `velib` that has the digest of its raw."""

from __future__ import annotations

import json
from typing import IO, Any, Dict, List, NamedTuple, Optional, Tuple

import pyarrow as pa
import pyarrow.parquet as pq

from velib_assets.clean.hour import HourRows
from velib_assets.clean.typed_snapshot import ARROW_TYPES, TABLE_SCHEMA, Drift
from velib_assets.lake.schema import COLUMNS, REJECT_COLUMNS
from velib_assets.stations.describe import Missing

_FOOTER = b"velib"
_MOST_DRIFT = 500  # of each kind: a feed can invent any number of fields
REJECTS_SCHEMA = pa.schema([(column.name, ARROW_TYPES[column.type]) for column in REJECT_COLUMNS])
_OPTIONS: Dict[str, Any] = {
    "compression": "zstd",
    "use_dictionary": [column.name for column in COLUMNS if column.type == "string"],
    "write_statistics": ["ingested_ts", "station_id"],  # those by which a reader can skip a file
    "store_schema": False,
}


class Footer(NamedTuple):
    """The source of a clean file.

    `digest` is that of its raw listing and of the descriptions used, `snapshots` the counts of its snapshots,
    and `missing` what the feed left out of descriptions (see `Described`). `drift` is how the feed's fields
    differed, and `partial` are the keys of the snapshots that have fewer records than announced; a file of an
    older version does not say.
    """

    digest: str
    rows: int
    snapshots: List[Dict[str, Any]]
    missing: Missing
    drift: Drift = Drift()
    partial: Tuple[str, ...] = ()


def encode_clean(clean: HourRows) -> bytes:
    """Encode an hour as Parquet. Within one pyarrow version, equal hours give equal bytes."""
    footer: Dict[str, Any] = {
        "digest": clean.summary.digest,
        "snapshots": [part._asdict() for part in clean.summary.snapshots],
        "quarantined": [part._asdict() for part in clean.summary.quarantined],
    }
    if clean.described:
        footer["missing"] = clean.described.missing
    if clean.summary.partial:
        footer["partial"] = clean.summary.partial
    if any(clean.summary.drift):
        kinds = clean.summary.drift._asdict()
        footer["drift"] = {kind: names[:_MOST_DRIFT] for kind, names in kinds.items() if names}
    text = json.dumps(footer, ensure_ascii=False, sort_keys=True)
    return _encode(clean.table, {_FOOTER.decode(): text})


def encode_rejects(clean: HourRows) -> Optional[bytes]:
    """Encode an hour's rejected records as Parquet; None if there are none."""
    if not clean.rejects:
        return None
    rows = [
        {"raw_key": key, "ingested_ts": taken, **reject._asdict()} for key, taken, reject in clean.rejects
    ]
    return _encode(pa.Table.from_pylist(rows, schema=REJECTS_SCHEMA), {})


def read_footer(source: IO[bytes]) -> Optional[Footer]:
    """Read the footer of a clean file; None if it is damaged or not a clean file."""
    try:
        parquet = pq.read_metadata(source)
        footer = json.loads((parquet.metadata or {})[_FOOTER])
        drift = Drift(**{kind: tuple(names) for kind, names in footer.get("drift", {}).items()})
        missing = footer.get("missing", {})
        partial = tuple(footer.get("partial", ()))
        return Footer(footer["digest"], parquet.num_rows, footer["snapshots"], missing, drift, partial)
    except (pa.ArrowException, OSError, KeyError, TypeError, ValueError):
        return None


def schema_differences(source: IO[bytes]) -> List[str]:
    """Describe how a Parquet file's columns differ from the declared ones.

    Raises:
        pyarrow.ArrowInvalid: if it is not a Parquet file.
    """
    actual = {field.name: field.type for field in pq.read_schema(source)}
    declared = {field.name: field.type for field in TABLE_SCHEMA}
    return (
        [f"{name} is missing" for name in declared if name not in actual]
        + [f"{name} is not declared" for name in actual if name not in declared]
        + [
            f"{name} is {actual[name]}, but declared {type_}"
            for name, type_ in declared.items()
            if name in actual and actual[name] != type_
        ]
    )


def _encode(table: pa.Table, footer: Dict[str, str]) -> bytes:
    sink = pa.BufferOutputStream()
    with pq.ParquetWriter(sink, table.schema, **_OPTIONS) as writer:
        writer.write_table(table)
        writer.add_key_value_metadata(footer)
    return bytes(sink.getvalue())
