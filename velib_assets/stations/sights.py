"""What the snapshots of one hour say about stations: which were there, and how they were described."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Dict, Iterable, List, NamedTuple, Optional, Sequence, Tuple

import pyarrow as pa
import pyarrow.compute as pc

FIELDS = ("name", "lat", "lon", "capacity", "commune")
"""The columns that describe a station."""

Values = Tuple[Any, ...]
"""The value of each of FIELDS; None if the feed gave none."""


class Sights(NamedTuple):
    """An hour's observations.

    Args:
        hour: the hour, UTC.
        moments: when its snapshots were taken, in milliseconds since 1970, sorted.
        rows: station_id, ingested_ts and FIELDS as the feed gave them, sorted by station and time.
        rejected: the station and the time of each rejected record: the station was there.
        partial: the moments whose snapshot has fewer records than the feed announced: a station that they
            lack is not closed.
    """

    hour: datetime
    moments: List[int]
    rows: pa.Table
    rejected: Sequence[Tuple[str, int]] = ()
    partial: Sequence[int] = ()

    def by_station(self) -> Dict[str, Dict[int, Values]]:
        """Return the described values of each station by the time of the snapshot."""
        columns = [self.rows[name].to_pylist() for name in ("station_id", *FIELDS)]
        times = milliseconds(self.rows["ingested_ts"]).to_pylist()
        stations: Dict[str, Dict[int, Values]] = {}
        for moment, code, *values in zip(times, *columns):
            stations.setdefault(code, {})[moment] = tuple(values)
        for code, moment in self.rejected:
            stations.setdefault(code, {}).setdefault(moment, (None,) * len(FIELDS))
        return stations


def sights_of(
    hour: datetime,
    rows: pa.Table,
    snapshots: Sequence[datetime],
    rejected: Iterable[Tuple[Optional[str], datetime]] = (),
    partial: Iterable[datetime] = (),
) -> Sights:
    """Return the observations in an hour's rows, before they are completed.

    Args:
        hour: the hour, UTC.
        rows: at least station_id, ingested_ts and FIELDS, sorted by station and time.
        snapshots: when the hour's usable snapshots were taken, UTC.
        rejected: the station code, if it has one, and the time of each rejected record.
        partial: when the snapshots with fewer records than announced were taken, UTC.
    """
    seen = [(code, milliseconds_of(taken)) for code, taken in rejected if code]
    moments = sorted({milliseconds_of(moment) for moment in snapshots})
    described = rows.select(["station_id", "ingested_ts", *FIELDS]).combine_chunks()
    return Sights(hour, moments, described, seen, sorted({milliseconds_of(moment) for moment in partial}))


def milliseconds_of(moment: datetime) -> int:
    """Return an aware time as milliseconds since 1970."""
    return int(moment.timestamp() * 1000)


def milliseconds(times: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return timestamps as milliseconds since 1970."""
    return times.cast(pa.timestamp("ms", tz="UTC")).cast(pa.int64())


def agrees(sights: Sights, known: pa.Table) -> bool:
    """Return whether an hour says nothing new: the open stations in every snapshot, described as known.

    Args:
        sights: the observations.
        known: the open stations, with station_id and FIELDS.
    """
    rows = sights.rows
    if sights.rejected or len(rows) != len(known) * len(sights.moments):
        return False
    found = pc.index_in(rows["station_id"], value_set=known["station_id"].combine_chunks())
    if found.null_count:
        return False
    for name in FIELDS:
        same = pc.fill_null(pc.equal(rows[name], known[name].take(found)), False)
        if not pc.all(pc.or_(same, rows[name].is_null())).as_py() and len(rows):
            return False
    return True
