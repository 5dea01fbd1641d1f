"""The register in memory: for each station, when each part of its description changed.

It learns from hours in any order, and the result depends only on the hours, not on their order.
"""

from __future__ import annotations

from bisect import bisect_right
from datetime import datetime
from typing import Any, Callable, Dict, Iterable, List, Optional, Tuple

import pyarrow as pa

from velib_assets.clean.typed_snapshot import TABLE_SCHEMA
from velib_assets.lake.keys import HOUR
from velib_assets.stations.changes import (
    OPEN,
    Station,
    initial_value,
    station_with,
    value_at,
    without_repeats,
)
from velib_assets.stations.sights import FIELDS, Sights, agrees, milliseconds_of

Ranges = List[Tuple[datetime, datetime]]
_FULL_SHARE, _FEW = 0.8, 5
_HOUR_MS = 3_600_000


class Register:
    """The descriptions of all stations over time.

    Args:
        stations: the changes of each station by FIELDS and OPEN. A commune starts as that of the code.
        hours: the hours that were learned, as ranges with both ends included.
    """

    def __init__(
        self, stations: Optional[Dict[str, Station]] = None, hours: Iterable[Tuple[datetime, datetime]] = ()
    ) -> None:
        self.stations = stations or {}
        self.hours: Ranges = list(hours)
        self.revision = object()
        """Another one after each change of a station."""
        self._times: Optional[List[int]] = None
        self._opened: List[int] = []
        self._closed: List[int] = []
        self._tables: Dict[bool, Tuple[int, pa.Table]] = {}
        self._agreed: Optional[Tuple[int, int, pa.Table]] = None

    def copy(self) -> Register:
        """Return a register that does not follow later changes of this one."""
        copy = Register(dict(self.stations), self.hours)
        copy.revision = self.revision
        return copy

    def learn(self, sights: Sights, later: Callable[[datetime], Optional[Sights]]) -> bool:
        """Replace what is known from an hour by these observations.

        Args:
            sights: the hour's observations.
            later: returns the observations of an hour that was learned before. It is called only if the
                hour changes what later hours mean.

        Returns:
            Whether the register changed.
        """
        changed = self._add_hour(sights.hour)
        before: Dict[str, Station] = {}
        current: Optional[Sights] = sights
        while current:
            for code, old in self._learn_hour(current).items():
                before.setdefault(code, old)
            following = self._next_hour(current.hour)
            if following is None or not self._is_pending(
                before, milliseconds_of(current.hour) + _HOUR_MS - 1
            ):
                break
            current = later(following)
        if before:
            self._drop_repeats(before)
        return changed or bool(before)

    def _drop_repeats(self, codes: Iterable[str]) -> None:
        for code in codes:
            station = self.stations.get(code, {})
            for name, changes in station.items():
                station[name] = without_repeats(changes, initial_value(name, code))
        self.stations = {code: station for code, station in self.stations.items() if any(station.values())}
        self.revision = object()
        self._times, self._tables, self._agreed = None, {}, None

    def forget(self, hour: datetime, later: Callable[[datetime], Optional[Sights]]) -> bool:
        """Remove what is known from an hour that has no usable snapshot any more."""
        if not self.has(hour):
            return False
        names = ("station_id", "ingested_ts", *FIELDS)
        empty = pa.schema([TABLE_SCHEMA.field(name) for name in names]).empty_table()
        self.learn(Sights(hour, [], empty), later)
        parts = [(first, min(last, hour - HOUR)) for first, last in self.hours if first < hour]
        parts += [(max(first, hour + HOUR), last) for first, last in self.hours if last > hour]
        self.hours = sorted(set(parts))
        return True

    def has(self, hour: datetime) -> bool:
        """Return whether an hour was learned."""
        return any(first <= hour <= last for first, last in self.hours)

    def changed_between(self, first: int, last: int) -> int:
        """Return the number of stations that changed after `first` and up to `last`, in milliseconds."""
        if self.is_constant(first, last):
            return 0
        return sum(
            any(first < moment <= last for changes in station.values() for moment, _ in changes)
            for station in self.stations.values()
        )

    def open_at(self, moment: int) -> int:
        """Return the number of open stations at a time in milliseconds since 1970."""
        self._change_times()
        return bisect_right(self._opened, moment) - bisect_right(self._closed, moment)

    def known_at(self, moment: int) -> pa.Table:
        """Return station_id and FIELDS of every station: the last values up to a time, or else the next."""
        return self._table(moment, later=True)

    def is_constant(self, first: int, last: int) -> bool:
        """Return whether no description changes between two times."""
        times = self._change_times()
        return bisect_right(times, first) == bisect_right(times, last)

    def differs(self, other: Register, hour: datetime) -> bool:
        """Return whether two registers may describe stations differently within an hour."""
        first = milliseconds_of(hour)
        last = first + _HOUR_MS - 1
        if not (self.is_constant(first, last) and other.is_constant(first, last)):
            return True
        ours, theirs = (register.known_at(first).drop_columns(OPEN) for register in (self, other))
        return not ours.sort_by("station_id").equals(theirs.sort_by("station_id"))

    def _learn_hour(self, sights: Sights) -> Dict[str, Station]:
        """Learn one hour; returns the previous changes of the stations that changed."""
        start = milliseconds_of(sights.hour)
        end = start + _HOUR_MS
        if self.is_constant(start - 1, end - 1) and self._agrees(sights, start - 1):
            return {}
        seen = sights.by_station()
        full = _full_moments(sights, seen, len(self._open_table(start - 1)))
        changed = {}
        for code in {*self.stations, *seen}:
            old = self.stations.get(code, {})
            new = station_with(code, old, (start, end), seen.get(code, {}), full)
            if new != old:
                changed[code] = old
                self.stations[code] = new
        if changed:
            self._times, self._tables, self._agreed = None, {}, None
        return changed

    def _agrees(self, sights: Sights, moment: int) -> bool:
        """Return whether an hour says nothing new since a time; most repeat the last hour that did not."""
        state = (bisect_right(self._change_times(), moment), len(sights.moments))
        rows = sights.rows.drop_columns("ingested_ts")
        if (
            self._agreed
            and self._agreed[:2] == state
            and not sights.rejected
            and self._agreed[2].equals(rows)
        ):
            return True
        if not agrees(sights, self._open_table(moment)):
            return False
        self._agreed = (*state, rows)
        return True

    def _is_pending(self, before: Dict[str, Station], moment: int) -> bool:
        """Return whether a station is described otherwise at a time than before."""
        for code, old in before.items():
            new = self.stations.get(code, {})
            for name in (OPEN, *FIELDS):
                value = value_at(old, name, code, moment)
                if value is not None and value != value_at(new, name, code, moment):
                    return True
        return False

    def _open_table(self, moment: int) -> pa.Table:
        table = self._table(moment, later=False)
        return table.filter(table[OPEN])

    def _table(self, moment: int, *, later: bool) -> pa.Table:
        """Return every station's values at a time; `later` completes them with the next values."""
        position = bisect_right(self._change_times(), moment)
        cached = self._tables.get(later)
        if cached and cached[0] == position:
            return cached[1]
        columns: Dict[str, List[Any]] = {name: [] for name in ("station_id", OPEN, *FIELDS)}
        for code, station in self.stations.items():
            columns["station_id"].append(code)
            for name in (OPEN, *FIELDS):
                columns[name].append(value_at(station, name, code, moment, later=later))
        arrays = {name: pa.array(values, _TYPES[name]) for name, values in columns.items()}
        self._tables[later] = (position, pa.table(arrays))
        return self._tables[later][1]

    def _change_times(self) -> List[int]:
        if self._times is None:
            every = (changes for station in self.stations.values() for changes in station.values())
            self._times = sorted({moment for changes in every for moment, _ in changes})
            turns = [turn for station in self.stations.values() for turn in station.get(OPEN, [])]
            self._opened = sorted(moment for moment, is_open in turns if is_open)
            self._closed = sorted(moment for moment, is_open in turns if not is_open)
        return self._times

    def _add_hour(self, hour: datetime) -> bool:
        if self.has(hour):
            return False
        ranges: Ranges = []
        for first, last in sorted([*self.hours, (hour, hour)]):
            if ranges and ranges[-1][1] + HOUR == first:
                ranges[-1] = (ranges[-1][0], last)
            else:
                ranges.append((first, last))
        self.hours = ranges
        return True

    def _next_hour(self, hour: datetime) -> Optional[datetime]:
        """Return the next learned hour."""
        return next((max(first, hour + HOUR) for first, last in self.hours if last > hour), None)


_TYPES = {OPEN: pa.bool_(), **{name: TABLE_SCHEMA.field(name).type for name in ("station_id", *FIELDS)}}


def _full_moments(sights: Sights, seen: Dict[str, Dict[int, Any]], known: int) -> List[int]:
    """Return the snapshots that are complete enough that a station missing from them is closed.

    They have 80 % of the open stations, or lack at most five, and all records that the feed announced.
    """
    counts = {moment: sum(moment in moments for moments in seen.values()) for moment in sights.moments}
    usual = known or max(counts.values(), default=0)
    least = min(_FULL_SHARE * usual, max(usual - _FEW, 1))
    return [m for m, count in counts.items() if count >= least and m not in sights.partial]
