"""Assembles typed snapshots into the table's rows: drops duplicates, sorts, then derives columns."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from typing import Dict, List, Mapping, Optional, Sequence, Tuple

import pyarrow as pa
import pyarrow.compute as pc

from velib_assets.clean.arrow_columns import equal_to_previous
from velib_assets.clean.typed_snapshot import ARROW_TYPES, table_schema, typed_schema
from velib_assets.lake.network import KEY, VELIB
from velib_assets.stations.communes import PARIS, paris_label

STALE_AFTER = timedelta(hours=3)
"""A station that last reported longer than this before its snapshot is stale."""

_INGESTED = pa.field("ingested_ts", ARROW_TYPES["timestamp"])


def assemble(
    times: Sequence[datetime], tables: Sequence[pa.Table], network: str = KEY
) -> Tuple[pa.Table, List[int]]:
    """Return the sorted rows of all snapshots, and how many rows each snapshot contributed.

    Of several rows with one station and time, the one that reported last counts, then an installed one, then
    the first in the order of snapshots and of the feed.

    Args:
        times: when each snapshot was taken.
        tables: the rows of each snapshot, as `typed_schema`.
        network: the key of the network.

    Returns:
        The columns of `typed_schema` and ingested_ts; `derive` adds the others.
    """
    if not tables:
        return typed_schema(network).append(_INGESTED).empty_table(), []
    rows, key = _keyed(times, tables)
    order = pc.sort_indices(key)
    repeats = _repeats(key, order)
    counts = [len(table) for table in tables]
    if pc.any(repeats).as_py():
        order = _best_first(rows, key).filter(pa.concat_arrays([pa.array([True]), pc.invert(repeats)]))
        counted = pc.value_counts(_repeat(range(len(tables)), tables).take(order))
        by_table = dict(zip(*(values.to_pylist() for values in counted.flatten())))
        counts = [by_table.get(n, 0) for n in range(len(tables))]
    return rows.take(order), counts


def differing_duplicates(times: Sequence[datetime], tables: Sequence[pa.Table]) -> Dict[str, int]:
    """Return the stations with rows that differ within one snapshot, and in how many snapshots.

    The arguments are those of `assemble`.
    """
    rows, key = _keyed(times, tables)
    order = _best_first(rows, key)
    twins, ordered = _repeats(key, order), rows.take(order)
    same = twins
    for name in tables[0].column_names if tables else ():
        same = pc.and_(same, equal_to_previous(ordered[name].combine_chunks()))
    differ = pc.and_(twins, pc.invert(same))
    keys = key.take(order)[1:].filter(differ).to_pylist()
    codes = ordered["station_id"][1:].filter(differ).to_pylist()
    return dict(sorted(Counter(dict(zip(keys, codes)).values()).items()))


def _keyed(times: Sequence[datetime], tables: Sequence[pa.Table]) -> Tuple[pa.Table, pa.Array]:
    """Return the rows of all snapshots, and a number for each that orders by station, then by time."""
    rows = pa.concat_tables(tables).combine_chunks()
    moments = sorted(set(times))
    snapshot = _repeat([moments.index(taken) for taken in times], tables)
    codes = rows["station_id"].combine_chunks().dictionary_encode()
    rank = pc.sort_indices(pc.sort_indices(codes.dictionary))  # of each code in sorted order
    key = pc.add(pc.multiply(rank.cast(pa.int64()).take(codes.indices), len(moments)), snapshot)
    ingested = pa.array(moments, ARROW_TYPES["timestamp"]).take(snapshot)
    return rows.append_column(_INGESTED, ingested), key


def _repeats(key: pa.Array, order: pa.Array) -> pa.Array:
    """Return for each row but the first, in order, whether it has the key of the row before."""
    ordered = key.take(order)
    return pc.equal(ordered[1:], ordered[:-1])


def _best_first(rows: pa.Table, key: pa.Array) -> pa.Array:
    """Return the order by key; of equal keys, the row that counts is first, because the sort is stable."""
    preference = pa.table(
        {
            "key": key,
            "reported": pc.negate(rows["reported_ts"].cast(pa.int64())),
            "installed": pc.negate(pc.fill_null(rows["is_installed"], False).cast(pa.int8())),
        }
    )
    return pc.sort_indices(preference, sort_keys=[(name, "ascending") for name in preference.column_names])


def _repeat(values: Sequence[int], tables: Sequence[pa.Table]) -> pa.Array:
    """Repeat each table's value for each of its rows."""
    return pa.concat_arrays(
        [pa.repeat(pa.scalar(value, pa.int64()), len(table)) for value, table in zip(values, tables)]
    )


def derive(
    rows: pa.Table, arrondissements: Optional[Mapping[str, str]] = None, network: str = KEY
) -> pa.Table:
    """Add the derived columns to assembled rows; returns the columns of `table_schema`.

    Args:
        rows: assembled rows.
        arrondissements: those that the feed wrote itself, by station code; others follow from the code.
        network: the key of the network. In others than Vélib' the arrondissement is the area, like the
            commune, and the fill rate is a share of the capacity in snapshots without any docks.
    """
    column = {name: rows[name].combine_chunks() for name in rows.column_names}
    late = pc.greater(pc.subtract(column["ingested_ts"], column["reported_ts"]), STALE_AFTER)
    column["is_stale"] = pc.fill_null(late, True)
    bikes, docks = (column[name].cast(pa.float64()) for name in ("bikes", "docks"))
    total = pc.add(bikes, docks)
    if network == VELIB:
        column["arrondissement"] = _arrondissement(column, arrondissements or {})
    else:
        column["arrondissement"] = column["commune"]
        capacity = column["capacity"].cast(pa.float64())
        total = pc.if_else(_have_docks(column["ingested_ts"], docks), total, capacity)
    divisor = pc.if_else(pc.greater(total, 0), total, pa.scalar(None, pa.float64()))
    column["fill_rate"] = pc.divide(bikes, divisor)
    schema = table_schema(network)
    return pa.table([column[name] for name in schema.names], schema=schema)


def _have_docks(times: pa.Array, docks: pa.Array) -> pa.Array:
    """Return for each row whether its snapshot has a number of free docks for any station."""
    if not docks.null_count:
        return pa.repeat(pa.scalar(True), len(docks))
    return pc.is_in(times, value_set=pc.unique(times.filter(docks.is_valid())))


def _arrondissement(column: Mapping[str, pa.Array], written: Mapping[str, str]) -> pa.Array:
    """Return the label of each row's arrondissement of Paris; elsewhere its commune."""
    codes = column["station_id"].dictionary_encode()
    labels = [written.get(code) or paris_label(code) for code in codes.dictionary.to_pylist()]
    label = pa.array(labels, pa.string()).take(codes.indices)
    in_paris = pc.and_(pc.equal(column["commune"], PARIS), label.is_valid())
    return pc.if_else(pc.fill_null(in_paris, False), label, column["commune"])
