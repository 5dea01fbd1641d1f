"""The fast path: portal records as they should be, JSON to Arrow in one pass without the interpreter.

Belongs here: what can be typed as a whole. It declines (returns None) whenever anything is odd, and
`general` then types the snapshot record by record; tests prove that both agree where this one answers.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Dict, Optional, Tuple

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.json as pj

from velib_assets.core.clean.typed import (
    FALSE_WORDS,
    TRUE_WORDS,
    TYPED,
    Drift,
    Typed,
    drift_between,
)
from velib_assets.core.schema import FIELDS

_RECORD: Dict[str, Any] = {
    "stationcode": pa.string(),
    "name": pa.string(),
    "is_installed": pa.string(),
    "capacity": pa.int32(),
    "numdocksavailable": pa.int32(),
    "numbikesavailable": pa.int32(),
    "mechanical": pa.int32(),
    "ebike": pa.int32(),
    "is_renting": pa.string(),
    "is_returning": pa.string(),
    "duedate": pa.timestamp("ms", tz="UTC"),
    "coordonnees_geo": pa.struct([("lon", pa.float64()), ("lat", pa.float64())]),
    "nom_arrondissement_communes": pa.string(),
}
_SCHEMA = pa.schema([("results", pa.list_(pa.struct(list(_RECORD.items()))))])
_PARSE = pj.ParseOptions(explicit_schema=_SCHEMA, unexpected_field_behavior="infer")

_COLUMN = {
    "station_id": "stationcode",
    "name": "name",
    "commune": "nom_arrondissement_communes",
    "capacity": "capacity",
    "bikes": "numbikesavailable",
    "mechanical": "mechanical",
    "ebikes": "ebike",
    "docks": "numdocksavailable",
    "reported_ts": "duedate",
}
_COUNTS = ("capacity", "bikes", "mechanical", "ebikes", "docks")
_TEXTS = ("station_id", "name", "commune")
_FLAGS = ("is_installed", "is_renting", "is_returning")
_MOST_BRACKETS = 8000  # 1,500 stations have 3,000; nested 12,000 deep pyarrow still stood
_YEAR_1 = -62135596800000  # milliseconds from the epoch; Python knows no earlier year


def type_fast(document: bytes) -> Optional[Typed]:
    """Type the portal records of a raw document, or decline.

    Args:
        document: the raw object's JSON, `{..., "results": [records]}`.
    """
    if document.count(b"{") + document.count(b"[") > _MOST_BRACKETS:
        return None  # nested too deep, perhaps: the parser recurses on the C stack
    try:
        return _type(document)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, UnicodeDecodeError):
        return None


def _type(document: bytes) -> Optional[Typed]:
    records = _parse(document)
    if records is None:
        return None
    fields = dict(zip((field.name for field in records.type), records.flatten()))
    table = pa.table([_column(name, fields) for name in TYPED.names], schema=TYPED)
    if not _ordinary(table):
        return None
    return Typed(table, [], len(table), _drift(fields))


def _parse(document: bytes) -> Optional[pa.StructArray]:
    options = pj.ReadOptions(use_threads=False, block_size=len(document) + 1)
    parsed = pj.read_json(pa.BufferReader(document), read_options=options, parse_options=_PARSE)
    if len(parsed) != 1:
        return None
    records = parsed["results"].chunk(0).flatten()
    return records if len(records) and not records.null_count else None


def _column(name: str, fields: Dict[str, Any]) -> pa.Array:
    if name in ("lat", "lon"):
        values = pc.struct_field(fields["coordonnees_geo"], name)
        return pc.if_else(pc.is_finite(values), values, pa.scalar(None, pa.float64()))
    if name in _FLAGS:
        words, truths = _spellings()
        return truths.take(pc.index_in(pc.utf8_lower(fields[name]), value_set=words))
    return fields[_COLUMN[name]]


@lru_cache(maxsize=1)
def _spellings() -> Tuple[pa.Array, pa.Array]:
    """Made when first needed: pyarrow imports pandas when it makes an array of a list."""
    truths = [True] * len(TRUE_WORDS) + [False] * len(FALSE_WORDS)
    return pa.array(TRUE_WORDS + FALSE_WORDS), pa.array(truths)


def _ordinary(table: pa.Table) -> bool:
    """Whether every row can be kept as it is: codes there, counts not negative, text real UTF-8."""
    for name in _TEXTS:
        table[name].validate(full=True)
    if pc.any(pc.equal(pc.ascii_trim_whitespace(table["station_id"]), "")).as_py() is not False:
        return False
    for name in ("bikes", "docks"):
        if table[name].null_count == len(table):
            return False  # null, or not there at all? `general` can tell
    lowest = pc.min(pa.chunked_array([table[name].chunk(0) for name in _COUNTS])).as_py()
    earliest = pc.min(table["reported_ts"]).value
    return (
        table["station_id"].null_count == 0
        and (lowest is None or lowest >= 0)
        and (earliest is None or earliest >= _YEAR_1)
    )


def _drift(fields: Dict[str, Any]) -> Drift:
    """Declared fields were typed as declared; of the others the parser says what it found."""
    return drift_between(
        "opendata",
        {
            name: () if values.null_count == len(values) else _kinds(name, values.type)
            for name, values in fields.items()
            if name not in _RECORD or values.null_count < len(values)
        },
    )


def _kinds(name: str, found: pa.DataType) -> Tuple[str, ...]:
    if name in _RECORD:
        return _DECLARED[name]
    for kind, matches in _KINDS.items():
        if matches(found):
            return (kind,)
    return ("value",)


_DECLARED = {field.path: field.types for field in FIELDS["opendata"]}
_KINDS = {
    "text": lambda found: pa.types.is_string(found) or pa.types.is_timestamp(found),
    "number": lambda found: pa.types.is_integer(found) or pa.types.is_floating(found),
    "boolean": pa.types.is_boolean,
    "object": pa.types.is_struct,
    "list": pa.types.is_list,
}
