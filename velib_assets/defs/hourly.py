"""The shape of the hourly assets, on top of `partitioned`: functions that yield an outcome per hour."""

import functools
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any, NamedTuple

import dagster as dg

from velib_assets.defs.checks import Finding
from velib_assets.defs.partitioned import Outcome, partitioned_asset
from velib_assets.defs.partitions import HOURLY, hour_of_key, key_of
from velib_assets.lake.keys import hour_text


class HourOutcome(NamedTuple):
    """The outcome of one hour in one layer.

    `metadata` is that of the materialization, or None if nothing was written. `findings` are by check name;
    they are empty if the layer above wrote nothing, because its checks give the reason already.
    """

    hour: datetime
    metadata: Mapping[str, Any] | None
    findings: Mapping[str, Finding]
    summary: str

    @classmethod
    def failed(cls, hour: datetime, check: str, finding: Finding) -> "HourOutcome":
        """Return the outcome of an hour that was not written: one failed check, so one alert."""
        return cls(hour, None, {check: finding}, finding.message)


Layer = Callable[..., Iterator[HourOutcome]]


def hours_of(context: dg.OpExecutionContext) -> list[datetime]:
    """Return the hours (UTC) of a run's partitions."""
    return [hour_of_key(key) for key in context.partition_keys]


def hourly_asset(
    *,
    name: str = "",
    upstream: str | None,
    group_name: str,
    kinds: set[str],
    metadata: Mapping[str, Any] | None = None,
) -> Callable[[Layer], dg.AssetsDefinition]:
    """Turn a function that yields an outcome per hour into an asset, as `partitioned_asset` does."""

    def decorate(layer: Layer) -> dg.AssetsDefinition:
        @functools.wraps(layer)
        def outcomes(context: dg.OpExecutionContext, **resources: object) -> Iterator[Outcome]:
            for hour, facts, findings, summary in layer(context, **resources):
                key, text = key_of(hour), hour_text(hour)
                yield Outcome(name or layer.__name__, key, hour, text, facts, findings, summary)

        return partitioned_asset(
            HOURLY,
            name=name,
            unit="hours",
            upstream=upstream,
            upstream_unit="hours",
            group_name=group_name,
            kinds=kinds,
            metadata=metadata or {},
        )(outcomes)

    return decorate
