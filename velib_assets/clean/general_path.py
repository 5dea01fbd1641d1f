"""The general path: any decoded records, typed one by one, odd ones rejected with their reason.

Belongs here: which field of which feed fills which column. Does not: what one value becomes (values).
"""

from __future__ import annotations

from typing import Any, Callable, Dict, Iterable, List, Mapping, Optional, Sequence, Set

import pyarrow as pa

from velib_assets.clean.typed import TYPED_SCHEMA, Reject, TypedSnapshot, drift_between
from velib_assets.clean.values import (
    KINDS,
    RowError,
    as_json,
    count,
    degrees,
    flag,
    moment,
    text,
)
from velib_assets.ingest.audit import station_code
from velib_assets.ingest.response import GBFS

_COUNTS = ("capacity", "bikes", "mechanical", "ebikes", "docks")


def type_general(records: Sequence[Any], shape: str) -> TypedSnapshot:
    """Type the records of a usable snapshot; `shape` is opendata or gbfs."""
    flatten = _gbfs if shape == GBFS else _opendata
    rows: List[Dict[str, Any]] = []
    rejects: List[Reject] = []
    for position, record in enumerate(records):
        code = text(station_code(record, shape))
        try:
            rows.append(_row(code, flatten(record) if isinstance(record, dict) else {}))
        except RowError as error:
            rejects.append(Reject(position, code, str(error), as_json(record)))
    table = pa.Table.from_pylist(rows, schema=TYPED_SCHEMA)
    return TypedSnapshot(table, rejects, len(records), drift_between(shape, _seen(records, shape)))


def _row(code: Optional[str], raw: Mapping[str, Any]) -> Dict[str, Any]:
    if code is None:
        raise RowError("no station code")
    row: Dict[str, Any] = {"station_id": code}
    for name in TYPED_SCHEMA.names[1:]:
        value = raw.get(name)
        row[name] = count(name, value) if name in _COUNTS else _READ[name](value)
    return row


def _opendata(record: Mapping[str, Any]) -> Dict[str, Any]:
    geo = record.get("coordonnees_geo")
    place = geo if isinstance(geo, dict) else {}
    return {
        "name": record.get("name"),
        "commune": record.get("nom_arrondissement_communes"),
        "lat": place.get("lat"),
        "lon": place.get("lon"),
        "is_installed": record.get("is_installed"),
        "is_renting": record.get("is_renting"),
        "is_returning": record.get("is_returning"),
        "capacity": record.get("capacity"),
        "bikes": record.get("numbikesavailable"),
        "mechanical": record.get("mechanical"),
        "ebikes": record.get("ebike"),
        "docks": record.get("numdocksavailable"),
        "reported_ts": record.get("duedate"),
    }


def _gbfs(record: Mapping[str, Any]) -> Dict[str, Any]:
    known, status = (
        part if isinstance(part, dict) else {} for part in (record.get("information"), record.get("status"))
    )
    types = status.get("num_bikes_available_types")
    by_type: Dict[str, Any] = {}
    for part in types if isinstance(types, list) else []:
        said = part if isinstance(part, dict) else {}
        by_type.update({kind: number for kind, number in said.items() if number is not None})
    return {
        "name": known.get("name"),
        "lat": known.get("lat"),
        "lon": known.get("lon"),
        "capacity": known.get("capacity"),
        "is_installed": status.get("is_installed"),
        "is_renting": status.get("is_renting"),
        "is_returning": status.get("is_returning"),
        "bikes": _first(status, "num_bikes_available", "numBikesAvailable"),
        "docks": _first(status, "num_docks_available", "numDocksAvailable"),
        "mechanical": by_type.get("mechanical"),
        "ebikes": by_type.get("ebike"),
        "reported_ts": status.get("last_reported"),
    }


def _first(record: Mapping[str, Any], *names: str) -> object:
    return next((record[name] for name in names if record.get(name) is not None), None)


_READ: Dict[str, Callable[[object], object]] = {
    "name": text,
    "commune": text,
    "lat": degrees,
    "lon": degrees,
    "is_installed": flag,
    "is_renting": flag,
    "is_returning": flag,
    "reported_ts": moment,
}


def _seen(records: Iterable[Any], shape: str) -> Dict[str, Set[str]]:
    """The JSON types (null apart) under every field path that occurs."""
    seen: Dict[str, Set[str]] = {}
    for record in records:
        if not isinstance(record, dict):
            continue
        parts = (
            [(f"{part}.", record[part]) for part in record if isinstance(record[part], dict)]
            if shape == GBFS
            else [("", record)]
        )
        for prefix, fields in parts:
            for name, value in fields.items():
                types = seen.setdefault(prefix + name, set())
                if value is not None:
                    types.add(KINDS.get(type(value), "value"))
    return seen
