"""What typing a snapshot gives, whichever path typed it.

Belongs here: the columns between JSON and the table, and drift. Does not: how they are filled.
"""

from __future__ import annotations

from typing import Any, Iterable, List, Mapping, NamedTuple, Tuple

import pyarrow as pa

from velib_assets.lake.schema import FIELDS
from velib_assets.lake.text import neutralize_links

TYPED_SCHEMA = pa.schema(
    [
        ("station_id", pa.string()),
        ("name", pa.string()),
        ("commune", pa.string()),
        ("lat", pa.float64()),
        ("lon", pa.float64()),
        ("is_installed", pa.bool_()),
        ("is_renting", pa.bool_()),
        ("is_returning", pa.bool_()),
        ("capacity", pa.int32()),
        ("bikes", pa.int32()),
        ("mechanical", pa.int32()),
        ("ebikes", pa.int32()),
        ("docks", pa.int32()),
        ("reported_ts", pa.timestamp("ms", tz="UTC")),
    ]
)

TRUE_WORDS = ("oui", "1", "true", "yes", "t", "y")
FALSE_WORDS = ("non", "0", "false", "no", "f", "n")
MAX_COUNT = 2**31 - 1


class Reject(NamedTuple):
    """A record that could not be typed: its place in the snapshot, why, and the record as JSON."""

    position: int
    station_id: Any
    reason: str
    record: str


class Drift(NamedTuple):
    """How the records' fields differ from the declared ones; each a sorted tuple of phrases."""

    missing: Tuple[str, ...] = ()
    new: Tuple[str, ...] = ()
    retyped: Tuple[str, ...] = ()


class TypedSnapshot(NamedTuple):
    """A usable snapshot, typed: columns of `TYPED_SCHEMA` in the feed's order, and what was left out."""

    table: pa.Table
    rejects: List[Reject]
    records: int
    drift: Drift


def drift_between(shape: str, seen: Mapping[str, Iterable[str]]) -> Drift:
    """Compare fields seen with a value (path to JSON types, nulls apart) with the declared ones."""
    declared = {field.path: field for field in FIELDS[shape]}
    missing = [p for p, field in declared.items() if field.required and not seen.get(p)]
    new = [neutralize_links(path) for path in seen if path not in declared]
    retyped = [
        f"{path}: {' and '.join(sorted(odd))} where {' or '.join(declared[path].types)} is declared"
        for path, types in seen.items()
        if path in declared and (odd := set(types) - set(declared[path].types))
    ]
    return Drift(tuple(sorted(missing)), tuple(sorted(new)), tuple(sorted(retyped)))
