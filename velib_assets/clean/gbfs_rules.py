"""The rules for a typed snapshot of a GBFS feed that need all of its rows: flags and positions.

They are for networks other than Vélib', after either path has read the records.
"""

from __future__ import annotations

import pyarrow as pa

from velib_assets.clean.positions import with_plausible_positions
from velib_assets.clean.typed_snapshot import TypedSnapshot
from velib_assets.stations.placeholders import without_words

_FLAGS = ("is_installed", "is_renting", "is_returning")


def with_gbfs_rules(snapshot: TypedSnapshot) -> TypedSnapshot:
    """Return a snapshot with the flags that its feed does not give, and with plausible names and positions.

    A flag that no station has is true for all: a feed that never says that a station is closed has open
    stations. Names such as `null` are null. Positions: see `with_plausible_positions`.
    """
    rows = without_words(snapshot.table, "name")
    for name in _FLAGS:
        if rows[name].null_count == len(rows):
            position = rows.schema.get_field_index(name)
            always = pa.repeat(pa.scalar(True), len(rows))
            rows = rows.set_column(position, rows.schema.field(position), always)
    return snapshot._replace(table=with_plausible_positions(rows))
