"""The partitions of the assets: hours, days and months, all in UTC.

Date and hour are one dimension. As two dimensions the future hours of today would exist as partitions, and a
range across midnight would not. The running hour has a partition; a day and a month have one when they are
over.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, time

import dagster as dg

from velib_assets.defs.range_events import RANGE_END, RANGE_START
from velib_assets.lake.keys import day_text, hours_text, parse_day
from velib_assets.lake.local_days import DAY
from velib_assets.lake.months import parse_month
from velib_assets.settings import FIRST_HOUR

MAX_SPANS = 6
_HOUR, _DAY, _MONTH = "%Y-%m-%d-%H:%M", "%Y-%m-%d", "%Y-%m"


def midnight(day: date) -> datetime:
    """Return the start of a UTC day."""
    return datetime.combine(day, time(), UTC)


def hourly_from(first: datetime) -> dg.HourlyPartitionsDefinition:
    """Return the partitions from `first` (an hour, UTC) to the running hour."""
    return dg.HourlyPartitionsDefinition(
        start_date=first,
        timezone="UTC",
        fmt=_HOUR,
        end_offset=1,  # the running hour has a partition from its first second
    )


def daily_from(first: datetime) -> dg.DailyPartitionsDefinition:
    """Return the partitions from the UTC day of `first` to the last day that is over."""
    return dg.DailyPartitionsDefinition(midnight(first.date()), timezone="UTC", fmt=_DAY)


def monthly_from(first: datetime) -> dg.MonthlyPartitionsDefinition:
    """Return the partitions from the UTC month of `first` to the last month that is over."""
    return dg.MonthlyPartitionsDefinition(midnight(first.date().replace(day=1)), timezone="UTC", fmt=_MONTH)


HOURLY, DAILY, MONTHLY = hourly_from(FIRST_HOUR), daily_from(FIRST_HOUR), monthly_from(FIRST_HOUR)


def starting_at(first: datetime, assets: Sequence[dg.AssetsDefinition]) -> list[dg.AssetsDefinition]:
    """Return assets whose partitions start at `first` (VELIB_FIRST_HOUR) instead of the default."""
    if first == FIRST_HOUR:
        return list(assets)
    replaced: dict[dg.PartitionsDefinition, dg.PartitionsDefinition] = {
        HOURLY: hourly_from(first),
        DAILY: daily_from(first),
        MONTHLY: monthly_from(first),
    }

    def moved(spec: dg.AssetSpec) -> dg.AssetSpec:
        partitions = spec.partitions_def
        return spec.replace_attributes(partitions_def=replaced[partitions]) if partitions else spec

    return list(dg.map_asset_specs(moved, assets))


def key_of(hour: datetime) -> str:
    """Return the partition key of an hour."""
    return hour.strftime(_HOUR)


def hour_of_key(key: str) -> datetime:
    """Return the hour (UTC) of a partition key."""
    return datetime.strptime(key, _HOUR).replace(tzinfo=UTC)


def days_of(context: dg.OpExecutionContext) -> list[date]:
    """Return the days of a run's partitions."""
    return [parse_day(key) for key in context.partition_keys]


def months_of(context: dg.OpExecutionContext) -> list[date]:
    """Return the months of a run's partitions, each as its first day."""
    return [parse_month(key) for key in context.partition_keys]


def day_ranges(days: Iterable[date]) -> list[tuple[date, date]]:
    """Group days into contiguous (first, last) ranges, in order."""
    ranges: list[tuple[date, date]] = []
    for day in sorted({*days}):
        if ranges and ranges[-1][1] + DAY == day:
            ranges[-1] = (ranges[-1][0], day)
        else:
            ranges.append((day, day))
    return ranges


def partitions_text(keys: Sequence[str]) -> str:
    """Summarise the partition keys of an asset as text, as `hours_text` does with hours."""
    if not keys:
        return ""
    if len(keys[0]) > len("2022-06-04"):
        return hours_text([hour_of_key(key) for key in keys])
    if len(keys[0]) == len("2022-06"):
        return _spans_text([(key, key) for key in sorted({*keys})], f"{len({*keys})} months")
    ranges = day_ranges(parse_day(key) for key in keys)
    return _spans_text([(day_text(a), day_text(b)) for a, b in ranges], f"{len({*keys})} days")


def _spans_text(spans: Sequence[tuple[str, str]], count: str) -> str:
    if len(spans) <= MAX_SPANS:
        return ", ".join(first if first == last else f"{first} to {last}" for first, last in spans)
    return f"{count} between {spans[0][0]} and {spans[-1][1]}"


def range_tags(first: datetime, last: datetime) -> dict[str, str]:
    """Return the tags of a run over the hours from `first` to `last`, inclusive."""
    return _range_tags(key_of(first), key_of(last))


def day_range_tags(first: date, last: date) -> dict[str, str]:
    """Return the tags of a run over the days from `first` to `last`, inclusive."""
    return _range_tags(day_text(first), day_text(last))


def _range_tags(first: str, last: str) -> dict[str, str]:
    return {RANGE_START: first, RANGE_END: last}
