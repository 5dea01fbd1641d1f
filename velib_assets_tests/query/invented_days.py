"""Invented days for the daily KPIs: rows of `velib_history` with all that real days have, and worse."""

import random
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any

from velib_assets_tests.kpi_lake import row
from velib_assets_tests.query.daily_reference import HALF_HOUR, QUARTER, midnight

STATIONS = 16
OPENS, CLOSES, MOVES, FROZEN, SILENT, CLOSED = "s03", "s04", "s05", "s06", "s07", "s08"
NEVER_REPORTS, OVER_CAPACITY, TYPES_DIFFER, QUIET = "s09", "s10", "s11", "s12"
_OUTAGE = (timedelta(hours=9), timedelta(hours=13, minutes=10))


def invented_rows(day: date, *, outage: bool = False, seed: int = 0) -> list[dict[str, Any]]:
    """Rows from two days before a local day to its end and an hour more.

    Snapshots come about every quarter of an hour, some late, some not at all, some with few stations. With
    `outage`, the day has none for hours.
    """
    dice = random.Random(f"{day} {seed}")  # noqa: S311 - a city, not a secret
    start, end = midnight(day), midnight(day + timedelta(days=1))
    rows, bikes = [], {code: dice.randint(0, 20) for code in _codes()}
    for taken in _times(dice, start, end, outage=outage):
        few = dice.random() < 0.02
        for code in _codes():
            if code not in (FROZEN, QUIET):
                bikes[code] = min(20, max(0, bikes[code] + dice.choice((-3, -1, 0, 0, 1, 3))))
            if not _is_seen(code, taken, start) or (few and dice.random() < 0.7) or dice.random() < 0.02:
                continue
            rows.append(_row(dice, code, bikes[code], taken, start))
    return rows


def _codes() -> list[str]:
    return [f"s{n:02}" for n in range(STATIONS)]


def _times(dice: random.Random, start: datetime, end: datetime, *, outage: bool) -> Iterator[datetime]:
    taken = start - timedelta(hours=48)
    while taken < end + timedelta(hours=1):
        late = timedelta(milliseconds=dice.choice((0, 1, 2_500, 61_000, 240_000)))
        is_out = outage and _OUTAGE[0] <= taken - start < _OUTAGE[1]
        # The last snapshots of the day are there, so that the last one counts until midnight.
        if not is_out and (dice.random() > 0.06 or end - HALF_HOUR <= taken < end):
            yield taken + late
        taken += QUARTER


def _is_seen(code: str, taken: datetime, start: datetime) -> bool:
    if code == OPENS:
        return taken >= start + timedelta(hours=10)
    return code != CLOSES or taken < start - timedelta(minutes=20)


def _row(dice: random.Random, code: str, bikes: int, taken: datetime, start: datetime) -> dict[str, Any]:
    number = int(code[1:])
    ebikes = bikes // 3
    changes: dict[str, Any] = {
        "ingested_ts": taken,
        "reported_ts": taken - timedelta(minutes=dice.randint(0, 60)),
        "arrondissement": f"Paris {number % 3 + 1}e",
        "lat": 48.85 + number * 0.0005,
        "lon": 2.35 + (number % 4) * 0.0005,
        "mechanical": bikes - ebikes,
        "ebikes": ebikes,
    }
    docks: int | None = 20 - bikes
    count: int | None = bikes
    if code in (SILENT, NEVER_REPORTS):
        changes |= {
            "is_stale": True,
            "reported_ts": None if code == NEVER_REPORTS else start - timedelta(days=9),
        }
    elif code == CLOSED:
        changes |= dict.fromkeys(("is_renting", "is_returning"), False)
    elif code == MOVES and taken >= start:
        changes |= {"lat": changes["lat"] + 0.002}
    elif code == OVER_CAPACITY:
        docks = 22 - bikes if dice.random() < 0.3 else docks
    elif code == TYPES_DIFFER and dice.random() < 0.3:
        changes |= {"ebikes": ebikes + 2}
    elif code == QUIET:
        changes |= {"lat": 48.99}  # no neighbours
    elif code != FROZEN and dice.random() < 0.1:
        count, docks, changes = _damaged(dice, count, docks, changes)
    return row(code, count, docks, **changes)


def _damaged(
    dice: random.Random, bikes: int | None, docks: int | None, changes: dict[str, Any]
) -> tuple[int | None, int | None, dict[str, Any]]:
    """A row with an unknown or unusual value."""
    kind = dice.randrange(8)
    if kind == 0:
        return None, docks, changes | {"mechanical": None}
    if kind == 1:
        return bikes, None, changes
    names = ("is_installed", "is_renting", "is_returning", "capacity", "ebikes", "lat")
    if kind < 8:
        name = names[kind - 2]
        value = dice.choice((None, False)) if name.startswith("is_") else None
        changes |= {name: value, "name": None, "is_stale": dice.random() < 0.2}
    return bikes, docks, changes
