"""The daily KPIs in plain Python, written from their definitions in docs/data.md and not from their SQL.

It imports nothing of the package. A row is a dict with the columns of the history; its times are aware. Only
rows of other networks than Vélib' have `is_virtual`.
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from statistics import fmean
from typing import Any
from zoneinfo import ZoneInfo

Row = dict[str, Any]
HALF_HOUR = timedelta(minutes=30)
MINUTE = timedelta(minutes=1)
QUARTER = timedelta(minutes=15)
SAME_COUNTS = ("bikes", "docks", "mechanical", "ebikes")


def midnight(day: date) -> datetime:
    """The first instant of a day in Paris, as a UTC time."""
    return datetime.combine(day, time(), ZoneInfo("Europe/Paris")).astimezone(UTC)


def operates(row: Row) -> bool:
    """Whether a station is in operation."""
    counts = row["fill_rate"] is not None
    if "is_virtual" in row:
        counts = counts or (row["docks"] is None and row["bikes"] is not None)
    return row["is_installed"] is True and row["is_stale"] is False and counts


def is_short(row: Row) -> bool:
    """Whether a station is short."""
    return operates(row) and row["is_renting"] is True and row["bikes"] == 0


def is_saturated(row: Row) -> bool:
    """Whether a station is saturated."""
    full = row["docks"] == 0 or (row["fill_rate"] or 0) >= 0.9
    return operates(row) and row["is_returning"] is True and full and not row.get("is_virtual")


def by_station(rows: Iterable[Row]) -> dict[str, list[Row]]:
    """The rows of each station in the order of their times."""
    stations: dict[str, list[Row]] = defaultdict(list)
    for row in sorted(rows, key=lambda row: row["ingested_ts"]):
        stations[row["station_id"]].append(row)
    return dict(sorted(stations.items()))


def newest(rows: Sequence[Row], column: str) -> Any:
    """The newest known value of a column."""
    known = [row[column] for row in rows if row[column] is not None]
    return known[-1] if known else None


class StationDay:
    """One station on one day: what its snapshots say, and for how long."""

    def __init__(self, rows: Sequence[Row], day: date) -> None:
        start, end = midnight(day), midnight(day + timedelta(days=1))
        self.code = rows[0]["station_id"]
        self.rows = [row for row in rows if start <= row["ingested_ts"] < end]
        self.readings: list[tuple[Row, float]] = []
        self.changes: list[tuple[int, float]] = []
        before_or_in = [row for row in rows if start - HALF_HOUR <= row["ingested_ts"] < end]
        for position, row in enumerate(before_or_in):
            taken = row["ingested_ts"]
            until = min(taken + HALF_HOUR, end)
            if position + 1 < len(before_or_in):
                until = min(until, before_or_in[position + 1]["ingested_ts"])
            minutes = (until - max(taken, start)) / MINUTE
            if minutes > 0:
                self.readings.append((row, minutes))
            if position and taken >= start:
                before = before_or_in[position - 1]
                gap = taken - before["ingested_ts"]
                if gap <= HALF_HOUR and None not in (row["bikes"], before["bikes"]):
                    self.changes.append((row["bikes"] - before["bikes"], gap / MINUTE))
        self.named = before_or_in

    def minutes(self, condition: Any) -> float:
        """The minutes for which a condition held."""
        return math.fsum(minutes for row, minutes in self.readings if condition(row))

    @property
    def operating(self) -> list[tuple[Row, float]]:
        """The readings in operation, with their minutes."""
        return [(row, minutes) for row, minutes in self.readings if operates(row)]

    @property
    def trouble(self) -> float:
        """The minutes short or saturated."""
        return self.minutes(is_short) + self.minutes(is_saturated)

    def bike_minutes(self, *columns: str) -> float:
        """Minutes times bikes, over the readings in operation that know both kinds."""
        return math.fsum(
            minutes * sum(row[column] for column in columns)
            for row, minutes in self.operating
            if None not in (row["mechanical"], row["ebikes"])
        )

    def filled(self) -> float:
        """Minutes times fill rate, in operation."""
        return math.fsum(minutes * row["fill_rate"] for row, minutes in self.rated)

    @property
    def rated(self) -> list[tuple[Row, float]]:
        """The readings in operation with a known fill rate, with their minutes."""
        return [(row, minutes) for row, minutes in self.operating if row["fill_rate"] is not None]

    def rated_minutes(self) -> float:
        """The minutes of these readings."""
        return math.fsum(minutes for _, minutes in self.rated)

    def counts(self) -> dict[str, Any]:
        """What is the same for a station and, summed, for the network."""
        bikes = [row["bikes"] for row in self.rows if row["bikes"] is not None]
        return {
            "minutes_covered": self.minutes(lambda _: True),
            "minutes_in_operation": self.minutes(operates),
            "minutes_short": self.minutes(is_short),
            "minutes_saturated": self.minutes(is_saturated),
            "minutes_stale": self.minutes(lambda row: row["is_stale"] is True),
            "arrivals_at_least": sum(change for change, _ in self.changes if change > 0),
            "departures_at_least": sum(-change for change, _ in self.changes if change < 0),
            "minutes_compared": math.fsum(minutes for _, minutes in self.changes),
            "first_bikes": bikes[0] if bikes else None,
            "last_bikes": bikes[-1] if bikes else None,
        }


def station_days(rows: Iterable[Row], day: date) -> list[StationDay]:
    """The stations with a snapshot on the day, by code."""
    days = [StationDay(station, day) for station in by_station(rows).values()]
    return [station for station in days if station.rows]


def ranking(stations: Iterable[StationDay]) -> list[str]:
    """The codes of the stations that were short or saturated, the worst first."""
    # Minutes are sums of floats here: a difference below a microsecond is none.
    worst = sorted(stations, key=lambda station: (-round(station.trouble, 6), station.code))
    return [station.code for station in worst if station.trouble > 0]


def daily_station(rows: Sequence[Row], day: date) -> list[Row]:
    """The rows of kpi_daily_station."""
    stations = station_days(rows, day)
    ranks = {code: rank for rank, code in enumerate(ranking(stations), start=1)}
    result = []
    for station in stations:
        rates = [row["fill_rate"] for row, _ in station.rated]
        bikes, rated = station.bike_minutes("mechanical", "ebikes"), station.rated_minutes()
        result.append(
            {
                "station_id": station.code,
                "name": newest(station.named, "name"),
                "arrondissement": newest(station.named, "arrondissement"),
                "snapshots": len(station.rows),
                "avg_fill_rate": station.filled() / rated if rated else None,
                "min_fill_rate": min(rates, default=None),
                "max_fill_rate": max(rates, default=None),
                "ebike_share": station.bike_minutes("ebikes") / bikes if bikes else None,
                "rank": ranks.get(station.code),
            }
            | station.counts()
        )
    return result


def daily_network(rows: Sequence[Row], day: date) -> list[Row]:
    """The row of kpi_daily_network, or none for a day without snapshots."""
    start, end = midnight(day), midnight(day + timedelta(days=1))
    before = midnight(day - timedelta(days=1))
    stations = station_days(rows, day)
    if not stations:
        return []
    snapshots: dict[datetime, list[Row]] = defaultdict(list)
    for row in rows:
        if before <= row["ingested_ts"] < end:
            snapshots[row["ingested_ts"]].append(row)
    largest = max(map(len, snapshots.values()))
    complete = {taken: found for taken, found in snapshots.items() if len(found) * 10 >= largest * 8}
    of_day = [taken for taken in snapshots if taken >= start]
    now, past = (
        {
            row["station_id"]
            for taken, found in snapshots.items()
            if (taken >= start) == is_now
            for row in found
        }
        for is_now in (True, False)
    )
    known = any(taken >= start for taken in complete) and any(taken < start for taken in complete)
    rated = {
        taken: [row["fill_rate"] for row in found if operates(row) and row["fill_rate"] is not None]
        for taken, found in complete.items()
    }
    rates = [fmean(found) for taken, found in rated.items() if taken >= start and found]
    counts = [station.counts() for station in stations]
    summed = {name: sums([count[name] for count in counts]) for name in counts[0]}
    bikes = math.fsum(station.bike_minutes("mechanical", "ebikes") for station in stations)
    minutes = math.fsum(station.rated_minutes() for station in stations)
    stored = {(taken - start) // QUARTER for taken in of_day}
    slots = (end - start) // QUARTER
    return [
        {
            "stations": len(stations),
            "stations_opened": len(now - past) if known else None,
            "stations_closed": len(past - now) if known else None,
            "stations_silent": sum(all(row["is_stale"] for row in station.rows) for station in stations),
            "slots_stored": len(stored),
            "slots": slots,
            "coverage": len(stored) / slots,
            "snapshots": len(of_day),
            "station_snapshots": sum(len(station.rows) for station in stations),
            "avg_fill_rate": math.fsum(s.filled() for s in stations) / minutes if minutes else None,
            "min_fill_rate": min(rates, default=None),
            "max_fill_rate": max(rates, default=None),
            "ebike_share": math.fsum(s.bike_minutes("ebikes") for s in stations) / bikes if bikes else None,
            "worst_stations": ", ".join(ranking(stations)[:10]) or None,
        }
        | summed
    ]


def sums(values: Sequence[float | int | None]) -> float | int | None:
    """The sum of the known values; None if there are none."""
    known = [value for value in values if value is not None]
    return sum(known) if known else None


def metres(a: tuple[float, float], b: tuple[float, float]) -> float:
    """The distance of two positions: along the surface of a sphere of 6,371 km, by vectors."""
    one, two = (
        (math.cos(lat) * math.cos(lon), math.cos(lat) * math.sin(lon), math.sin(lat))
        for lat, lon in ((math.radians(lat), math.radians(lon)) for lat, lon in (a, b))
    )
    return 2 * 6_371_000 * math.asin(min(1.0, math.dist(one, two) / 2))


def position(rows: Sequence[Row]) -> tuple[float, float] | None:
    """The newest known position."""
    known = [(row["lat"], row["lon"]) for row in rows if None not in (row["lat"], row["lon"])]
    return known[-1] if known else None


def changes_between(rows: Sequence[Row]) -> int:
    """How many rows differ in their counts from the one before."""
    return sum(any(row[name] != before[name] for name in SAME_COUNTS) for before, row in pairwise(rows))


def station_quality(rows: Sequence[Row], day: date) -> list[Row]:
    """The rows of kpi_station_quality."""
    start, end = midnight(day), midnight(day + timedelta(days=1))
    before, window = midnight(day - timedelta(days=1)), end - timedelta(hours=24)
    stations: dict[str, list[Row]] = {
        code: kept
        for code, found in by_station(rows).items()
        if (kept := [row for row in found if before <= row["ingested_ts"] < end])
        and kept[-1]["ingested_ts"] >= start
    }
    last_day = {c: [r for r in found if r["ingested_ts"] >= window] for c, found in stations.items()}
    of_day = {c: [r for r in found if r["ingested_ts"] >= start] for c, found in stations.items()}
    changes = {code: changes_between(found) for code, found in last_day.items()}
    places = {code: position(found) for code, found in of_day.items()}
    result = []
    for code, found in of_day.items():
        over = [
            row["bikes"] + row["docks"] - row["capacity"]
            for row in found
            if None not in (row["bikes"], row["docks"], row["capacity"])
            and row["bikes"] + row["docks"] > row["capacity"]
        ]
        differ = [
            row
            for row in found
            if None not in (row["bikes"], row["mechanical"], row["ebikes"])
            and row["mechanical"] + row["ebikes"] != row["bikes"]
        ]
        was, now = position([row for row in stations[code] if row["ingested_ts"] < start]), places[code]
        moved = metres(was, now) if was and now else None
        result.append(
            {
                "station_id": code,
                "name": newest(stations[code], "name"),
                "arrondissement": newest(stations[code], "arrondissement"),
                "snapshots": len(found),
                "changes": changes[code],
                "over_capacity_snapshots": len(over),
                "max_over_capacity": max(over, default=None),
                "types_differ_snapshots": len(differ),
                "never_reported": all(row["reported_ts"] is None for row in found),
                "is_moved": None if moved is None else moved > 30,
                "moved_metres": moved,
            }
            | frozen(code, last_day[code], changes, places, (window, end))
        )
    return result


def frozen(
    code: str,
    rows: Sequence[Row],
    changes: dict[str, int],
    places: dict[str, tuple[float, float] | None],
    bounds: tuple[datetime, datetime],
) -> Row:
    """Whether a station is frozen, and its neighbours."""
    is_open = all(operates(row) and row["is_renting"] and row["is_returning"] for row in rows)
    if changes[code] or not is_open:
        return {"is_frozen": False, "neighbours": None, "neighbours_moved": None}
    here = places[code]
    around = sorted(
        (metres(here, there), other)
        for other, there in places.items()
        if here and there and other != code and metres(here, there) <= 1000
    )[:5]
    moved = sum(changes[other] >= 10 for _, other in around)
    times = [bounds[0], *(row["ingested_ts"] for row in rows), bounds[1]]
    has_gap = any(b - a >= timedelta(hours=3) for a, b in pairwise(times))
    known = len(around) >= 3 and not has_gap
    return {
        "is_frozen": moved >= 3 if known else None,
        "neighbours": len(around),
        "neighbours_moved": moved,
    }
