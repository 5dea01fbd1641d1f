"""How full the stations of the simulated city are at a time, and what is out of order.

Only + - * / are used on floats: they round alike on every machine, unlike sines and exponentials.
"""

from __future__ import annotations

from bisect import bisect
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

# Per hour of local time, 0 h to 24 h, in tenths: where people are (-0.6 at home, 1 at work), and how many are
# riding (their bikes are not at stations).
_WORK = (-6, -6, -6, -6, -6, -6, -5, -2, 3, 8, 10, 10, 9, 9, 10, 10, 9, 6, 1, -3, -5, -6, -6, -6, -6)
_REST = (-6, -6, -6, -6, -6, -6, -6, -6, -6, -5, -4, -3, -2, 0, 2, 3, 3, 3, 1, -1, -3, -4, -5, -6, -6)
_WORK_ROAD = (1, 0, 0, 0, 0, 0, 1, 4, 8, 6, 3, 3, 4, 4, 3, 3, 5, 8, 10, 7, 5, 4, 3, 2, 1)
_REST_ROAD = (1, 1, 1, 1, 0, 0, 0, 1, 1, 2, 3, 4, 6, 7, 9, 10, 10, 9, 8, 6, 4, 3, 3, 2, 1)

# Maps a station's score (about -2 to 2) to its fill rate, such that fill rates are distributed as on two real
# days of June 2022 (median 0.29, 3 % without a bike, 8 % above 0.9).
_CURVE_FROM, _CURVE_STEP = -2.0, 0.2
_LOW_CURVE = (0.0, 0.012, 0.024, 0.038, 0.055, 0.081, 0.111, 0.152, 0.2, 0.27)
_CURVE = (*_LOW_CURVE, 0.35, 0.45, 0.57, 0.7, 0.815, 0.885, 0.945, 0.975, 1.0)


class DailyOutages(NamedTuple):
    """What is out of order on a UTC day: positions of stations, and since when silent ones sent no report."""

    closed: frozenset[int]
    takes_back_only: frozenset[int]
    removed: frozenset[int]
    damaged: frozenset[int]
    silent: Mapping[int, int]


def seconds_of(moment: datetime) -> int:
    """Return whole seconds since 1970, UTC."""
    return (moment - EPOCH) // timedelta(seconds=1)


def fills(seed: int, city: Sequence[Station], moment: datetime) -> list[float]:
    """Compute the fill rate of each station (0..1), which changes smoothly with time."""
    pull, road = _where_people_are(moment)
    now, count = seconds_of(moment), len(city)
    hours = _smooth(seed, "hours", 4 * 3600, now, count)
    minutes = _smooth(seed, "minutes", 3600, now, count)
    return [
        fill_of(station.base + 0.75 * station.role * pull - 0.2 * road + 1.2 * slow + 0.4 * quick)
        for station, slow, quick in zip(city, hours, minutes, strict=True)
    ]


def fill_of(score: float) -> float:
    """Interpolate the fill rate for a score."""
    position = min(max((score - _CURVE_FROM) / _CURVE_STEP, 0.0), len(_CURVE) - 1)
    low = min(int(position), len(_CURVE) - 2)
    return _CURVE[low] + (_CURVE[low + 1] - _CURVE[low]) * (position - low)


@lru_cache(maxsize=32)
def draws(seed: int, what: str, number: int, count: int) -> tuple[float, ...]:
    """Draw `count` numbers (0..1) for a seed, a purpose and a number."""
    chance = Random(f"velib {what} {seed} {number}")  # noqa: S311 - a simulation
    return tuple(chance.random() for _ in range(count))


@lru_cache(maxsize=8)
def daily_outages(seed: int, day: int, count: int) -> DailyOutages:
    """Choose what is out of order on a day (days since 1970) in a city of `count` stations."""
    ranks = draws(seed, "moods", day, count)  # another purpose would give another city
    order = sorted(range(count), key=lambda position: ranks[position])

    def take(one_in: int) -> list[int]:
        chosen, order[:] = order[: count // one_in], order[count // one_in :]
        return chosen

    silent = {at: day * _DAY - 4 * 3600 - int(ranks[-1 - n] * 9 * _DAY) for n, at in enumerate(take(250))}
    return DailyOutages(
        closed=frozenset(take(450)),
        takes_back_only=frozenset(take(700)),
        removed=frozenset(take(700)),
        damaged=frozenset(take(400)),
        silent=silent,
    )


def broken_docks(seed: int, day: int, count: int) -> list[int]:
    """Choose how many docks of each station are out of order, for three days; -1 is a surplus dock."""
    numbers, shares = (-1, 0, 1, 2, 3, 4, 6), (0.003, 0.39, 0.69, 0.86, 0.94, 0.98)  # cumulative
    return [numbers[bisect(shares, draw)] for draw in draws(seed, "docks", day // 3, count)]


def _where_people_are(moment: datetime) -> tuple[float, float]:
    local = moment.astimezone(ZoneInfo("Europe/Paris"))
    weekend = local.weekday() >= _SATURDAY
    part = (local.minute * 60 + local.second) / 3600

    def between(curve: Sequence[int]) -> float:
        return (curve[local.hour] + (curve[local.hour + 1] - curve[local.hour]) * part) / 10

    return between(_REST if weekend else _WORK), between(_REST_ROAD if weekend else _WORK_ROAD)


def _smooth(seed: int, what: str, period: int, now: int, count: int) -> list[float]:
    """Compute a number per station (-0.5 to 0.5): drawn every `period` seconds, with smooth transitions."""
    number, rest = divmod(now, period)
    x = rest / period
    eased = x * x * (3 - 2 * x)
    before, after = draws(seed, what, number, count), draws(seed, what, number + 1, count)
    return [a + (b - a) * eased - 0.5 for a, b in zip(before, after, strict=True)]
