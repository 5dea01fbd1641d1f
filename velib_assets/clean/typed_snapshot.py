"""A typed snapshot, the result of both paths, and the Arrow schemas of the clean step."""

from __future__ import annotations

from functools import cache
from types import MappingProxyType
from typing import Any, Collection, Dict, Iterable, List, Mapping, NamedTuple, Sequence, Tuple

import pyarrow as pa

from velib_assets.ingest.feeds.definition import FeedDefinition
from velib_assets.lake.network import KEY
from velib_assets.lake.schema import TYPES, columns_of
from velib_assets.lake.text import neutralize_links

_DERIVED = ("ingested_ts", "arrondissement", "fill_rate", "is_stale")


def _arrow_type(alias: str) -> pa.DataType:
    type_ = pa.type_for_alias(alias)
    return pa.timestamp(type_.unit, tz="UTC") if pa.types.is_timestamp(type_) else type_


ARROW_TYPES: Dict[str, pa.DataType] = {name: _arrow_type(type_.arrow) for name, type_ in TYPES.items()}


@cache
def table_schema(network: str) -> pa.Schema:
    """Return the columns of a network's clean files."""
    return pa.schema([(column.name, ARROW_TYPES[column.type]) for column in columns_of(network)])


@cache
def read_types(network: str) -> Mapping[str, str]:
    """Return the columns that are read from a network's records, with the names of their types."""
    types = {column.name: column.type for column in columns_of(network) if column.name not in _DERIVED}
    return MappingProxyType(types)


@cache
def typed_schema(network: str) -> pa.Schema:
    """Return the columns of a network's typed snapshots."""
    return pa.schema([(name, ARROW_TYPES[type_]) for name, type_ in read_types(network).items()])


TABLE_SCHEMA, READ_TYPES, TYPED_SCHEMA = table_schema(KEY), read_types(KEY), typed_schema(KEY)
"""Those of the network of this process."""

COUNTS = tuple(name for name, type_ in READ_TYPES.items() if type_ == "int")
TEXTS = tuple(name for name, type_ in READ_TYPES.items() if type_ == "string")


class Reject(NamedTuple):
    """A record that cannot be typed: its position in the snapshot, the reason, and the record as JSON."""

    position: int
    station_id: Any
    reason: str
    record: str


class Drift(NamedTuple):
    """How the fields of records differ from the declared ones; each a sorted tuple of descriptions.

    `empty` are new fields that are null in every record: worth knowing, but no difference yet.
    """

    missing: Tuple[str, ...] = ()
    new: Tuple[str, ...] = ()
    retyped: Tuple[str, ...] = ()
    empty: Tuple[str, ...] = ()


class UnreadableTimes(NamedTuple):
    """How many rows have a reported time that cannot be read, and the first such value as JSON."""

    number: int = 0
    example: str = ""


class TypedSnapshot(NamedTuple):
    """A usable snapshot.

    Args:
        table: rows as `TYPED_SCHEMA` in the feed's order.
        rejects: the records that are no rows.
        records: the number of records.
        drift: how the fields differ from the declared ones.
        arrondissements: the arrondissement of each station whose commune gives it, such as `Paris 11ème`.
        unreadable: the reported times that cannot be read.
    """

    table: pa.Table
    rejects: List[Reject]
    records: int
    drift: Drift
    arrondissements: Mapping[str, str] = MappingProxyType({})
    unreadable: UnreadableTimes = UnreadableTimes()


def drift_between(feed: FeedDefinition, json_types: Mapping[str, Iterable[str]]) -> Drift:
    """Compare the fields of records with the declared ones.

    In the GBFS feed of another network than Vélib' no field is new: versions and vendors add any number.

    Args:
        feed: the feed of the records. Where a reader selects among declared fields, others are not new: GBFS
            lets each operator add its own.
        json_types: the JSON types, except null, under each field path that occurs.
    """
    declared = {field.path: field for field in feed.fields}
    if feed.reader:
        json_types = {path: types for path, types in json_types.items() if path in declared}
    missing = [path for path, field in declared.items() if field.required and not json_types.get(path)]
    others = {} if feed.reader else {path: json_types[path] for path in json_types if path not in declared}
    new = [neutralize_links(path) for path, types in others.items() if types]
    empty = set(map(neutralize_links, others)) - set(new)
    retyped = [
        f"{path}: {' and '.join(sorted(other))} instead of {' or '.join(declared[path].types)}"
        for path, types in json_types.items()
        if path in declared and (other := set(types) - set(declared[path].types))
    ]
    return Drift(tuple(sorted(missing)), tuple(sorted(new)), tuple(sorted(retyped)), tuple(sorted(empty)))


def without_missing(drift: Drift, feed: FeedDefinition, columns: Collection[str]) -> Drift:
    """Return the differences without the missing fields that fill some of these columns and no other.

    Args:
        drift: the differences.
        feed: the feed of the records.
        columns: columns that are known to be missing.
    """
    filled = {field.path: {field.column, *(column for _, column in field.members)} for field in feed.fields}
    known = {"", *columns}  # "" is the column of a field that fills none
    return drift._replace(missing=tuple(path for path in drift.missing if not filled[path] <= known))


def merge_drifts(drifts: Sequence[Drift]) -> Drift:
    """Return the differences that any of several snapshots has."""
    missing, new, retyped, empty = (
        {text for part in kind for text in part} for kind in zip(Drift(), *drifts)
    )
    return Drift(*(tuple(sorted(kind)) for kind in (missing, new, retyped, empty - new)))
