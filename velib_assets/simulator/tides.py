"""What time does to the simulated city: commuters, weather of the hour, and things that break.

Belongs here: numbers per station for a moment. Does not: the stations (simulator_city) or records.
Only + - * / on floats are used: they round alike on every machine, sines and exponentials do not.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from random import Random
from typing import NamedTuple
from zoneinfo import ZoneInfo

from velib_assets.simulator.city import Station

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DAY = 86400
_SATURDAY = 5

# By the hour, local time, 0 h to 24 h: where people are (-0.6 at home, 1 at work), and how many
# are on the way (bikes on the road are missing from the stations).
_WORK = (-6, -6, -6, -6, -6, -6, -5, -2, 3, 8, 10, 10, 9, 9, 10, 10, 9, 6, 1, -3, -5, -6, -6, -6, -6)
_REST = (-6, -6, -6, -6, -6, -6, -6, -6, -6, -5, -4, -3, -2, 0, 2, 3, 3, 3, 1, -1, -3, -4, -5, -6, -6)
_WORK_ROAD = (1, 0, 0, 0, 0, 0, 1, 4, 8, 6, 3, 3, 4, 4, 3, 3, 5, 8, 10, 7, 5, 4, 3, 2, 1)
_REST_ROAD = (1, 1, 1, 1, 0, 0, 0, 1, 1, 2, 3, 4, 6, 7, 9, 10, 10, 9, 8, 6, 4, 3, 3, 2, 1)

# From a station's score (about -2 to 2) to the share of its places that hold bikes: so that shares
# are spread as on two real days of June 2022 (median 0.29, 3 % without a bike, 8 % above 0.9).
_CURVE_FROM, _CURVE_STEP = -2.0, 0.2
_LOW_CURVE = (0.0, 0.012, 0.024, 0.038, 0.055, 0.081, 0.111, 0.152, 0.2, 0.27)
_CURVE = (*_LOW_CURVE, 0.35, 0.45, 0.57, 0.7, 0.815, 0.885, 0.945, 0.975, 1.0)


class DailyOutages(NamedTuple):
    """What is out of order on a UTC day: positions of stations, and since when the silent are so."""

    closed: frozenset[int]
    takes_back_only: frozenset[int]
    removed: frozenset[int]
    damaged: frozenset[int]
    silent: Mapping[int, int]


def seconds_of(moment: datetime) -> int:
    """Whole seconds since 1970, UTC."""
    return (moment - EPOCH) // timedelta(seconds=1)


def fills(seed: int, city: Sequence[Station], moment: datetime) -> list[float]:
    """The share of each station's places that holds bikes, 0..1, changing smoothly with time."""
    pull, road = _where_people_are(moment)
    now, count = seconds_of(moment), len(city)
    hours = _smooth(seed, "hours", 4 * 3600, now, count)
    minutes = _smooth(seed, "minutes", 3600, now, count)
    return [
        fill_of(station.base + 0.75 * station.role * pull - 0.2 * road + 1.2 * slow + 0.4 * quick)
        for station, slow, quick in zip(city, hours, minutes, strict=True)
    ]


def fill_of(score: float) -> float:
    """From a score to a share of bikes, by straight lines between the curve's points."""
    place = (score - _CURVE_FROM) / _CURVE_STEP
    if place <= 0:
        return _CURVE[0]
    if place >= len(_CURVE) - 1:
        return _CURVE[-1]
    low = int(place)
    return _CURVE[low] + (_CURVE[low + 1] - _CURVE[low]) * (place - low)


@lru_cache(maxsize=32)
def draws(seed: int, what: str, number: int, count: int) -> tuple[float, ...]:
    """`count` numbers in 0..1 that belong to a seed, a purpose and a number."""
    chance = Random(f"velib {what} {seed} {number}")  # noqa: S311 - a simulation
    return tuple(chance.random() for _ in range(count))


@lru_cache(maxsize=8)
def daily_outages(seed: int, day: int, count: int) -> DailyOutages:
    """What is out of order on a day (days since 1970) in a city of `count` stations."""
    ranks = draws(seed, "moods", day, count)
    order = sorted(range(count), key=lambda position: ranks[position])

    def some(one_in: int) -> list[int]:
        taken, order[:] = order[: count // one_in], order[count // one_in :]
        return taken

    silent = {at: day * _DAY - 4 * 3600 - int(ranks[-1 - n] * 9 * _DAY) for n, at in enumerate(some(250))}
    return DailyOutages(
        closed=frozenset(some(450)),
        takes_back_only=frozenset(some(700)),
        removed=frozenset(some(700)),
        damaged=frozenset(some(400)),
        silent=silent,
    )


def broken_docks(seed: int, day: int, count: int) -> list[int]:
    """How many docks of each station are out of order, for three days at a time; -1 is one too many."""
    return [_broken(draw) for draw in draws(seed, "docks", day // 3, count)]


def _broken(draw: float) -> int:
    for upto, docks in ((0.003, -1), (0.39, 0), (0.69, 1), (0.86, 2), (0.94, 3), (0.98, 4)):
        if draw < upto:
            return docks
    return 6


def _where_people_are(moment: datetime) -> tuple[float, float]:
    local = moment.astimezone(ZoneInfo("Europe/Paris"))
    weekend = local.weekday() >= _SATURDAY
    part = (local.minute * 60 + local.second) / 3600

    def between(curve: Sequence[int]) -> float:
        return (curve[local.hour] + (curve[local.hour + 1] - curve[local.hour]) * part) / 10

    return between(_REST if weekend else _WORK), between(_REST_ROAD if weekend else _WORK_ROAD)


def _smooth(seed: int, what: str, period: int, now: int, count: int) -> list[float]:
    """A wandering number a station, -0.5 to 0.5: drawn anew each `period` seconds, eased between."""
    number, rest = divmod(now, period)
    x = rest / period
    eased = x * x * (3 - 2 * x)
    before, after = draws(seed, what, number, count), draws(seed, what, number + 1, count)
    return [a + (b - a) * eased - 0.5 for a, b in zip(before, after, strict=True)]
