"""A typed snapshot, the result of both paths, and how its fields differ from the declared ones."""

from __future__ import annotations

from typing import Any, Iterable, List, Mapping, NamedTuple, Tuple

import pyarrow as pa

from velib_assets.ingest.feeds.definition import FeedDefinition
from velib_assets.lake.text import neutralize_links


class Reject(NamedTuple):
    """A record that cannot be typed: its position in the snapshot, the reason, and the record as JSON."""

    position: int
    station_id: Any
    reason: str
    record: str


class Drift(NamedTuple):
    """How the fields of records differ from the declared ones; each a sorted tuple of descriptions."""

    missing: Tuple[str, ...] = ()
    new: Tuple[str, ...] = ()
    retyped: Tuple[str, ...] = ()


class TypedSnapshot(NamedTuple):
    """A usable snapshot: rows as `TYPED_SCHEMA` in the feed's order, rejects, and the number of records."""

    table: pa.Table
    rejects: List[Reject]
    records: int
    drift: Drift


def drift_between(feed: FeedDefinition, seen: Mapping[str, Iterable[str]]) -> Drift:
    """Compare the fields of records with the declared ones.

    Args:
        feed: the feed of the records.
        seen: the JSON types, except null, under each field path that occurs.
    """
    declared = {field.path: field for field in feed.fields}
    missing = [path for path, field in declared.items() if field.required and not seen.get(path)]
    new = [neutralize_links(path) for path in seen if path not in declared]
    retyped = [
        f"{path}: {' and '.join(sorted(other))} instead of {' or '.join(declared[path].types)}"
        for path, types in seen.items()
        if path in declared and (other := set(types) - set(declared[path].types))
    ]
    return Drift(tuple(sorted(missing)), tuple(sorted(new)), tuple(sorted(retyped)))
