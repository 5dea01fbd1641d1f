"""Sorts rows by station and time, and cuts sorted rows into row groups of whole stations."""

from __future__ import annotations

from typing import Iterable, Iterator, List, Optional

import pyarrow as pa
import pyarrow.compute as pc

DAY_GROUP, MONTH_GROUP = 64_000, 122_880
"""The most rows of a row group in the file of a day and of a month, but for the rest of its last station.

Smaller groups let a reader skip more, and cost 6 kB each.
"""

_TIME_BITS = 43  # milliseconds until the year 2248; 20 bits are left for the stations


def sort_rows(table: pa.Table) -> pa.Table:
    """Sort rows by `station_id` and `ingested_ts`. One number sorts faster than two columns."""
    stations = table["station_id"].combine_chunks()
    if not pa.types.is_dictionary(stations.type):
        stations = stations.dictionary_encode()
    order = pc.array_sort_indices(stations.dictionary)
    rank = pc.array_sort_indices(order)  # the inverse of a permutation
    station = pc.shift_left(rank.take(stations.indices).cast(pa.int64()), _TIME_BITS)
    time = table["ingested_ts"].combine_chunks().cast(pa.int64())
    return table.take(pc.array_sort_indices(pc.add(station, time)))


def row_groups(tables: Iterable[pa.Table], rows: int, limit: int) -> Iterator[pa.Table]:
    """Cut sorted rows into row groups of about equal size, each of whole stations.

    The result does not depend on how the rows are divided into tables.

    Args:
        tables: the rows in order; each table has all rows of its stations.
        rows: the number of all rows.
        limit: the most rows of a group, but for the rest of its last station.
    """
    target = -(-rows // -(-rows // limit)) if rows else 0
    rest: Optional[pa.Table] = None
    for table in tables:
        rest = pa.concat_tables([rest, table]) if rest else table
        start = 0
        for end in _station_ends(rest):
            if end - start >= target:
                yield rest.slice(start, end - start)
                start = end
        rest = rest.slice(start)
    if rest:
        yield rest


def _station_ends(table: pa.Table) -> List[int]:
    """Return the positions after the last row of each station of sorted rows."""
    if not len(table):
        return []
    stations = table["station_id"].combine_chunks()
    changes = pc.indices_nonzero(pc.not_equal(stations[1:], stations[:-1]))
    return [*(position + 1 for position in changes.to_pylist()), len(table)]
