"""Hourly UTC partitions <-> hours of the lake.

Belongs here: the one partitions definition and the conversions. Date and hour are one hourly dimension:
as two dimensions today's future hours would exist, and a range across midnight would not.
"""

from datetime import UTC, datetime

import dagster as dg

FIRST_HOUR = datetime(2022, 1, 1, tzinfo=UTC)
_KEY = "%Y-%m-%d-%H:%M"

HOURLY = dg.HourlyPartitionsDefinition(
    start_date=FIRST_HOUR,
    timezone="UTC",
    fmt=_KEY,
    end_offset=1,  # the hour that is running has a partition from its first second
)


def key_of(hour: datetime) -> str:
    """The partition key of an hour."""
    return hour.strftime(_KEY)


def hour_of_key(key: str) -> datetime:
    """The hour (UTC) of a partition key."""
    return datetime.strptime(key, _KEY).replace(tzinfo=UTC)


def range_tags(first: datetime, last: datetime) -> dict[str, str]:
    """The tags of a run over the hours `first` to `last`, both included."""
    return {
        "dagster/asset_partition_range_start": key_of(first),
        "dagster/asset_partition_range_end": key_of(last),
    }
