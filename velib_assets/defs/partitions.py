"""The hourly UTC partitions.

Date and hour are one dimension. As two dimensions the future hours of today would exist as partitions, and a
range across midnight would not.
"""

from collections.abc import Sequence
from datetime import UTC, datetime

import dagster as dg

from velib_assets.settings import FIRST_HOUR

_KEY = "%Y-%m-%d-%H:%M"
RANGE_START, RANGE_END = "dagster/asset_partition_range_start", "dagster/asset_partition_range_end"


def hourly_from(first: datetime) -> dg.HourlyPartitionsDefinition:
    """Return the partitions from `first` (an hour, UTC) to the running hour."""
    return dg.HourlyPartitionsDefinition(
        start_date=first,
        timezone="UTC",
        fmt=_KEY,
        end_offset=1,  # the running hour has a partition from its first second
    )


HOURLY = hourly_from(FIRST_HOUR)


def starting_at(first: datetime, assets: Sequence[dg.AssetsDefinition]) -> list[dg.AssetsDefinition]:
    """Return assets whose hourly partitions start at `first` (VELIB_FIRST_HOUR) instead of the default."""
    if first == FIRST_HOUR:
        return list(assets)
    hourly = hourly_from(first)
    return list(
        dg.map_asset_specs(
            lambda spec: spec.replace_attributes(partitions_def=hourly) if spec.partitions_def else spec,
            assets,
        )
    )


def key_of(hour: datetime) -> str:
    """Return the partition key of an hour."""
    return hour.strftime(_KEY)


def hour_of_key(key: str) -> datetime:
    """Return the hour (UTC) of a partition key."""
    return datetime.strptime(key, _KEY).replace(tzinfo=UTC)


def range_tags(first: datetime, last: datetime) -> dict[str, str]:
    """Return the tags of a run over the hours from `first` to `last`, inclusive."""
    return {RANGE_START: key_of(first), RANGE_END: key_of(last)}
