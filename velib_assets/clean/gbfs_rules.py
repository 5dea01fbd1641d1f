"""The rules for a typed snapshot of a GBFS feed that need all of its rows: flags and positions.

They are for networks other than Vélib', after either path has read the records.
"""

from __future__ import annotations

from typing import Any, Collection, List, Sequence

import pyarrow as pa

from velib_assets.clean.positions import with_plausible_positions
from velib_assets.clean.typed_snapshot import TypedSnapshot
from velib_assets.ingest.feeds.gbfs_values import says_something
from velib_assets.stations.placeholders import without_words

_FLAGS = ("is_installed", "is_renting", "is_returning")


def with_gbfs_rules(snapshot: TypedSnapshot, given: Collection[str] = ()) -> TypedSnapshot:
    """Return a snapshot with the flags that its feed does not give, and with plausible texts and positions.

    A flag that no station has is true for all: a feed that never says that a station is closed has open
    stations. One that cannot be read at any station stays null, and counts as retyped. Names and areas such
    as `null` are null. Positions: see `with_plausible_positions`.

    Args:
        snapshot: the rows as either path has typed them.
        given: the flags that a record gives, if none of a flag's values can be read; see `given_flags`.
    """
    rows = without_words(without_words(snapshot.table, "name"), "commune", of_provider=True)
    retyped = set(snapshot.drift.retyped)
    for name in _unread(rows):
        if name in given:
            retyped.add(f"status.{name}: no value means yes or no")
            continue
        position = rows.schema.get_field_index(name)
        always = pa.repeat(pa.scalar(True), len(rows))
        rows = rows.set_column(position, rows.schema.field(position), always)
    drift = snapshot.drift._replace(retyped=tuple(sorted(retyped)))
    return snapshot._replace(table=with_plausible_positions(rows), drift=drift)


def given_flags(records: Sequence[Any]) -> List[str]:
    """Return the flags of which a record gives a value, whatever it means."""
    parts = [record.get("status") for record in records if isinstance(record, dict)]
    found = [part for part in parts if isinstance(part, dict)]
    return [name for name in _FLAGS if any(says_something(part.get(name)) for part in found)]


def has_unread_flags(snapshot: TypedSnapshot) -> bool:
    """Return whether a flag is null in every row, although a record has its field."""
    return any(f"status.{name}" not in snapshot.drift.missing for name in _unread(snapshot.table))


def _unread(rows: pa.Table) -> List[str]:
    return [name for name in _FLAGS if rows[name].null_count == len(rows)]
