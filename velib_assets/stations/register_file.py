"""The register as a Parquet file in the lake: one row per station and stretch of validity."""

from __future__ import annotations

import hashlib
import json
from itertools import groupby
from typing import Any, Callable, Iterable, Iterator, NamedTuple, Optional, Tuple

import pyarrow as pa
import pyarrow.parquet as pq

from velib_assets.clean.typed_snapshot import ARROW_TYPES
from velib_assets.lake.keys import STATIONS_KEY, hour_text, parse_hour
from velib_assets.lake.schema import STATION_COLUMNS
from velib_assets.lake.store import Change, LakeStore
from velib_assets.stations.changes import OPEN, Station, initial_value, value_at
from velib_assets.stations.communes import arrondissement_of
from velib_assets.stations.register import Register
from velib_assets.stations.sights import FIELDS, milliseconds

STATIONS_SCHEMA = pa.schema([(column.name, ARROW_TYPES[column.type]) for column in STATION_COLUMNS])
_FOOTER = b"velib"
_ATTEMPTS = 20
_WRITER = f"parquet-cpp-arrow version {pa.__version__}"  # as in a file's created_by


class BusyRegisterError(Exception):
    """Others kept replacing the register while this process added to it. Retrying may succeed."""


class LoadedRegister(NamedTuple):
    """A register and the hash of the file that holds it; the hash is empty if there is no file."""

    register: Register
    hash: str


def load_register(store: LakeStore) -> LoadedRegister:
    """Read the register. A missing or damaged file is an empty register, which is built again."""
    data = _read(store)
    return LoadedRegister(decode_register(data) or Register(), _hash(data))


def load_or_empty(store: LakeStore) -> LoadedRegister:
    """Read the register; one that cannot be read is empty, and the asset `stations` reports it."""
    try:
        return load_register(store)
    except OSError:
        return LoadedRegister(Register(), "")


def save_register(store: LakeStore, stored: LoadedRegister) -> Optional[LoadedRegister]:
    """Write a register; None if another process replaced the file since it was read."""
    data = encode_register(stored.register)
    written = store.publish([Change(STATIONS_KEY, data)], lambda: _hash(_read(store)) == stored.hash)
    return stored._replace(hash=_hash(data)) if written else None


def update_register(
    store: LakeStore, change: Callable[[Register], bool], known: Optional[LoadedRegister] = None
) -> LoadedRegister:
    """Apply a change to the newest register and store it; returns the register.

    Args:
        store: the lake.
        change: changes a register and returns whether it did; called again after a conflict.
        known: the register as it was last read or written; it is changed in place if it is the newest.

    Raises:
        BusyRegisterError: after 20 conflicts.
    """
    for _ in range(_ATTEMPTS):
        stored = known if known and known.hash == _hash(_read(store)) else load_register(store)
        known = None
        if not change(stored.register):
            return stored
        if saved := save_register(store, stored):
            return saved
    raise BusyRegisterError(f"{store.address(STATIONS_KEY)} was replaced during each of {_ATTEMPTS} attempts")


def _read(store: LakeStore) -> bytes:
    try:
        return store.read(STATIONS_KEY)
    except FileNotFoundError:
        return b""


def _hash(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest() if data else ""


def encode_register(register: Register) -> bytes:
    """Encode a register as Parquet. Within one pyarrow version, equal registers give equal bytes."""
    rows = [row for code, station in sorted(register.stations.items()) for row in _stretches(code, station)]
    columns = list(zip(*rows)) or [()] * len(STATIONS_SCHEMA)
    arrays = [pa.array(values, field.type) for values, field in zip(columns, STATIONS_SCHEMA)]
    hours = [[hour_text(first), hour_text(last)] for first, last in register.hours]
    table = pa.Table.from_arrays(arrays, schema=STATIONS_SCHEMA)
    return _encode(table, hours)


def _encode(table: pa.Table, hours: Any) -> bytes:  # noqa: ANN401 - JSON
    footer = json.dumps({"hours": hours, "sha256": _values_hash(table, hours), "writer": _WRITER})
    sink = pa.BufferOutputStream()
    with pq.ParquetWriter(sink, STATIONS_SCHEMA, compression="zstd", store_schema=False) as writer:
        writer.write_table(table)
        writer.add_key_value_metadata({_FOOTER.decode(): footer})
    return bytes(sink.getvalue())


def _values_hash(table: pa.Table, hours: Any) -> str:  # noqa: ANN401 - JSON
    """Return the SHA-256 of a register's rows and hours, which no version of pyarrow changes."""
    times = [milliseconds(table[name]).to_pylist() for name in ("valid_from", "valid_to")]
    columns = [*times, *(table[name].to_pylist() for name in ("station_id", *FIELDS, "arrondissement"))]
    return hashlib.sha256(json.dumps([columns, hours]).encode()).hexdigest()


def _is_damaged(data: bytes, table: pa.Table, footer: bytes, writer: str) -> bool:
    """Whether a file is not as it was written. One of an older version has no hash, and is taken as it is."""
    content = json.loads(footer)
    if set(content) == {"hours"}:
        return False
    if content.get("sha256") != _values_hash(table, content["hours"]):
        return True
    is_same_writer = _WRITER in (writer, content.get("writer"))
    return is_same_writer and _encode(table.cast(STATIONS_SCHEMA), content["hours"]) != data


def decode_register(data: bytes) -> Optional[Register]:
    """Decode a register; None if the bytes are damaged or not a register."""
    try:
        table = _read_table(data)
        metadata = pq.read_metadata(pa.BufferReader(data))
        text = (metadata.metadata or {})[_FOOTER]
        if _is_damaged(data, table, text, metadata.created_by):
            return None
        footer = json.loads(text)
        hours = [(parse_hour(first), parse_hour(last)) for first, last in footer["hours"]]
        columns = [table[name].to_pylist() for name in ("station_id", *FIELDS)]
        times = [milliseconds(table[name]).to_pylist() for name in ("valid_from", "valid_to")]
    except (pa.ArrowException, OSError, KeyError, TypeError, ValueError):
        return None
    rows = zip(columns[0], *times, *columns[1:])
    return Register(
        {code: _changes(code, list(part)) for code, part in groupby(rows, lambda row: row[0])}, hours
    )


def _read_table(data: bytes) -> pa.Table:
    """Read a table; `pq.read_table` would import pyarrow.dataset, which takes 10 MB."""
    return pq.ParquetFile(pa.BufferReader(data)).read(use_threads=False)


def _stretches(code: str, station: Station) -> Iterator[Tuple[Any, ...]]:
    """Yield a station's rows, as STATIONS_SCHEMA with times in milliseconds."""
    moments = sorted({moment for changes in station.values() for moment, _ in changes})
    for moment, end in zip(moments, [*moments[1:], None]):
        if value_at(station, OPEN, code, moment):
            name, lat, lon, capacity, commune = (value_at(station, field, code, moment) for field in FIELDS)
            label = arrondissement_of(code, commune)
            yield code, moment, end, name, lat, lon, capacity, commune, label


def _changes(code: str, rows: Iterable[Tuple[Any, ...]]) -> Station:
    """Return a station's changes from its rows."""
    station: Station = {name: [] for name in (OPEN, *FIELDS)}
    closed: Optional[int] = -1
    for _, start, end, *values in rows:
        if closed is not None and closed != start:
            station[OPEN] += [(closed, False)] if station[OPEN] else []
            station[OPEN].append((start, True))
        for name, value in zip(FIELDS, values):
            previous = station[name][-1][1] if station[name] else initial_value(name, code)
            if value != previous:
                station[name].append((start, value))
        closed = end
    if closed is not None:
        station[OPEN].append((closed, False))
    return {name: changes for name, changes in station.items() if changes}
