"""Local days in the network's time zone."""

from datetime import date, datetime, timedelta, timezone

import pytest

from velib_assets.lake import network
from velib_assets.lake.local_days import (
    day_bounds,
    local_day_of,
    local_days_overlapping,
    slots_in,
    utc_days_overlapped,
)

UTC = timezone.utc
SPRING, AUTUMN = date(2024, 3, 31), date(2024, 10, 27)


@pytest.mark.parametrize(
    ("day", "start", "hours"),
    [
        (date(2024, 1, 10), datetime(2024, 1, 9, 23, tzinfo=UTC), 24),
        (date(2024, 7, 10), datetime(2024, 7, 9, 22, tzinfo=UTC), 24),
        (SPRING, datetime(2024, 3, 30, 23, tzinfo=UTC), 23),
        (AUTUMN, datetime(2024, 10, 26, 22, tzinfo=UTC), 25),
    ],
)
def test_bounds_follow_the_clocks(day: date, start: datetime, hours: int) -> None:
    assert day_bounds(day) == (start, start + timedelta(hours=hours))
    assert slots_in(day) == 4 * hours


def test_days_follow_each_other_without_a_gap() -> None:
    days = [date(2024, 1, 1) + timedelta(days=n) for n in range(366)]
    assert all(day_bounds(day)[1] == day_bounds(day + timedelta(days=1))[0] for day in days)
    assert sum(map(slots_in, days)) == 366 * 96


def test_each_instant_belongs_to_the_day_whose_bounds_contain_it() -> None:
    moment = datetime(2024, 3, 29, tzinfo=UTC)
    for _ in range(4 * 24 * 4):
        start, end = day_bounds(local_day_of(moment))
        assert start <= moment < end
        moment += timedelta(minutes=15)


def test_utc_days_and_local_days_overlap_each_other() -> None:
    assert utc_days_overlapped(SPRING) == [date(2024, 3, 30), SPRING]
    assert local_days_overlapping(SPRING) == [SPRING, date(2024, 4, 1)]
    for n in range(366):
        day = date(2024, 1, 1) + timedelta(days=n)
        assert all(day in local_days_overlapping(utc_day) for utc_day in utc_days_overlapped(day))
        assert all(day in utc_days_overlapped(local) for local in local_days_overlapping(day))


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        ("America/Santiago", date(2024, 9, 8), 23),  # the clocks skip midnight
        ("America/Santiago", date(2024, 4, 6), 25),  # the last hour is repeated
        ("America/Havana", date(2024, 11, 3), 25),  # the first hour is repeated
        ("Asia/Kolkata", date(2024, 7, 10), 24),
    ],
)
def test_clocks_of_other_networks(zone: str, day: date, hours: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(network, "DECLARED_ZONE", zone)
    start, end = day_bounds(day)
    assert end - start == timedelta(hours=hours)
    assert local_day_of(start) == day
    assert local_day_of(start - timedelta(seconds=1)) == day - timedelta(days=1)
    assert local_day_of(end - timedelta(seconds=1)) == day


def test_day_in_a_zone_of_utc_overlaps_one_utc_day(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(network, "DECLARED_ZONE", "UTC")
    assert utc_days_overlapped(SPRING) == local_days_overlapping(SPRING) == [SPRING]
