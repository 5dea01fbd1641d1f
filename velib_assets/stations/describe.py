"""Completes rows whose description the feed left out: from the register, and the commune from the code."""

from __future__ import annotations

import hashlib
from typing import Any, Dict, FrozenSet, List, NamedTuple, Optional, Set, Tuple

import pyarrow as pa
import pyarrow.compute as pc

from velib_assets.clean.arrow_columns import equal_to_previous
from velib_assets.lake.network import KEY, VELIB
from velib_assets.stations.communes import commune_of_code
from velib_assets.stations.register import Register
from velib_assets.stations.sights import FIELDS, milliseconds

OWN = frozenset({"name", "lat", "lon", "capacity"})
"""The fields that every feed gives; GBFS never has a commune."""

Missing = Dict[str, Dict[str, Optional[List[str]]]]
"""What a feed left out, by time of the snapshot (milliseconds since 1970) and field: the station codes, or
None for all of the snapshot's rows."""


class Described(NamedTuple):
    """How rows without a whole description were completed.

    Args:
        digest: of the values used; empty if there were none.
        rows: rows whose name, position or capacity was completed.
        undescribed: rows that still have no name, position or capacity.
        missing: what the feed left out.
    """

    digest: str
    rows: int
    undescribed: int
    missing: Missing

    @property
    def left_out(self) -> Set[str]:
        """The names, positions and capacities that some rows lacked."""
        return {name for fields in self.missing.values() for name in fields if name in OWN}


def own_fields(network: str) -> FrozenSet[str]:
    """Return the fields that describe a station in every feed of a network: in GBFS the capacity need not."""
    return OWN if network == VELIB else OWN - {"capacity"}


def describe(rows: pa.Table, register: Register, network: str = KEY) -> Tuple[pa.Table, Optional[Described]]:
    """Complete the null values of FIELDS.

    Args:
        rows: rows sorted by station and time, with station_id, ingested_ts and FIELDS.
        register: the register; it may be empty.
        network: the key of the network. Only in that of Vélib' does a station's code say its commune.

    Returns:
        The rows, and how they were completed: None if every row has a whole description.
    """
    lacking = [name for name in FIELDS if rows[name].null_count]
    if not lacking:
        return rows, None
    own = own_fields(network)
    rows = rows.combine_chunks()
    times = milliseconds(rows["ingested_ts"])
    found = _completed(rows, times, lacking, register, network)
    used = {name: pc.and_(rows[name].is_null(), found[name].is_valid()) for name in lacking}
    completed = rows
    for name in lacking:
        completed = completed.set_column(
            rows.schema.get_field_index(name), rows.schema.field(name), found[name]
        )
    return completed, Described(
        _digest(
            rows["station_id"], times, {name: pc.if_else(used[name], found[name], None) for name in lacking}
        ),
        _count([used[name] for name in lacking if name in own]),
        _count([completed[name].is_null() for name in sorted(own)]),
        _missing(rows, times, lacking),
    )


def description_digest(rows: pa.Table, register: Register, network: str = KEY) -> str:
    """Return the digest of the values with which `describe` completes rows; empty if there are none."""
    described = describe(rows, register, network)[1]
    return described.digest if described else ""


def undescribe(rows: pa.Table, missing: Missing) -> pa.Table:
    """Return completed rows as the feed gave them: with null where `missing` says so."""
    times = milliseconds(rows["ingested_ts"])
    for moment, fields in missing.items():
        of_snapshot = pc.equal(times, int(moment))
        for name, codes in fields.items():
            gone = (
                of_snapshot
                if codes is None
                else pc.and_(of_snapshot, pc.is_in(rows["station_id"], pa.array(codes, pa.string())))
            )
            rows = rows.set_column(
                rows.schema.get_field_index(name), rows.schema.field(name), pc.if_else(gone, None, rows[name])
            )
    return rows


def _completed(
    rows: pa.Table, times: pa.ChunkedArray, lacking: List[str], register: Register, network: str
) -> Dict[str, pa.ChunkedArray]:
    """Return the columns of `lacking` with nulls replaced as far as possible."""
    moments = pc.unique(times).to_pylist()
    constant = register.is_constant(min(moments), max(moments))
    columns = {name: rows[name] for name in lacking}
    for moment in moments[:1] if constant else moments:
        known = register.known_at(moment)
        position = pc.index_in(rows["station_id"], value_set=known["station_id"].combine_chunks())
        for name in lacking:
            value = known[name].take(position)
            if not constant:
                value = pc.if_else(pc.equal(times, moment), value, None)
            columns[name] = pc.coalesce(columns[name], value)
    if "commune" in columns and columns["commune"].null_count:
        codes = pc.unique(rows["station_id"])
        communes = pa.array([commune_of_code(code, network) for code in codes.to_pylist()], pa.string())
        by_code = communes.take(pc.index_in(rows["station_id"], value_set=codes))
        columns["commune"] = pc.coalesce(columns["commune"], by_code)
    return columns


def _digest(codes: pa.ChunkedArray, times: pa.ChunkedArray, used: Dict[str, pa.ChunkedArray]) -> str:
    """Return the SHA-256 of the values used, by station and the time from which they were used."""
    same, some = pc.equal(codes[1:], codes[:-1]), None
    for values in used.values():
        same = pc.and_(same, equal_to_previous(values))
        some = values.is_valid() if some is None else pc.or_(some, values.is_valid())
    starts = pa.chunked_array([pa.array([True]), *pc.invert(same).chunks])
    lines = pa.table({"station_id": codes, "time": times, **used}).filter(pc.and_(starts, some))
    if not len(lines):
        return ""
    digest = hashlib.sha256(f"{len(lines)} {' '.join(sorted(used))}\n".encode())
    for name in ("station_id", "time", *sorted(used)):
        values = pa.concat_arrays(lines[name].chunks)
        digest.update(_bytes_of(values.is_valid().cast(pa.uint8())))
        digest.update(_bytes_of(values))
    return digest.hexdigest()


def _bytes_of(values: pa.Array) -> bytes:
    """Return the values as bytes, whatever the version of Arrow; null is like zero or empty text."""
    if pa.types.is_string(values.type):
        texts = pc.fill_null(values, "")
        return _bytes_of(pc.binary_length(texts)) + "".join(texts.to_pylist()).encode("utf-8")
    filled = pc.fill_null(values, 0)
    width = filled.type.bit_width // 8
    return bytes(filled.buffers()[1].slice(filled.offset * width, len(filled) * width))


def _missing(rows: pa.Table, times: pa.ChunkedArray, lacking: List[str]) -> Missing:
    totals = _counts(times)
    missing: Missing = {}
    for name in lacking:
        gone = rows[name].is_null()
        for moment, count in _counts(times.filter(gone)).items():
            codes = None
            if count != totals[moment]:
                codes = rows["station_id"].filter(pc.and_(gone, pc.equal(times, moment))).to_pylist()
            missing.setdefault(str(moment), {})[name] = codes
    return missing


def _counts(values: pa.ChunkedArray) -> Dict[Any, int]:
    return {entry["values"]: entry["counts"] for entry in pc.value_counts(values).to_pylist()}


def _count(masks: List[pa.ChunkedArray]) -> int:
    """Return the number of rows for which any mask is true."""
    if not masks:
        return 0
    either = masks[0]
    for mask in masks[1:]:
        either = pc.or_(either, mask)
    return int(pc.sum(either).as_py() or 0)
