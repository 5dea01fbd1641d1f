"""The hourly UTC partitions.

Date and hour are one dimension. As two dimensions the future hours of today would exist as partitions, and a
range across midnight would not.
"""

from datetime import UTC, datetime

import dagster as dg

FIRST_HOUR = datetime(2022, 1, 1, tzinfo=UTC)
_KEY = "%Y-%m-%d-%H:%M"

HOURLY = dg.HourlyPartitionsDefinition(
    start_date=FIRST_HOUR,
    timezone="UTC",
    fmt=_KEY,
    end_offset=1,  # the running hour has a partition from its first second
)


def key_of(hour: datetime) -> str:
    """Return the partition key of an hour."""
    return hour.strftime(_KEY)


def hour_of_key(key: str) -> datetime:
    """Return the hour (UTC) of a partition key."""
    return datetime.strptime(key, _KEY).replace(tzinfo=UTC)


def range_tags(first: datetime, last: datetime) -> dict[str, str]:
    """Return the tags of a run over the hours from `first` to `last`, inclusive."""
    return {
        "dagster/asset_partition_range_start": key_of(first),
        "dagster/asset_partition_range_end": key_of(last),
    }
