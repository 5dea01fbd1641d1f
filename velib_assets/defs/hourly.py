"""The shape of the three hourly assets: many hours in one run, each with its own outcome.

A backfill is one run over a range of hours. With a plain asset, one result would mark every hour of the range
as materialized, the range's checks would have no partition, and a layer that yields nothing would skip the
layers below it. So an hourly asset is a graph asset whose op logs the materialization and the checks of each
hour as the hour ends. An hour that failed is not marked, and does not stop the others.
"""

import functools
import inspect
import logging
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any, NamedTuple

import dagster as dg

from velib_assets.defs.checks import Finding, specs_of
from velib_assets.defs.graphs import OWNERS, blocking_output, code_of, composition, log_check, outs_of
from velib_assets.defs.partitions import HOURLY, hour_of_key, key_of
from velib_assets.defs.pooled_storage import one_transaction
from velib_assets.lake.keys import hour_text

progress = logging.getLogger("velib.progress")


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


Event = dg.DagsterEvent | dg.Output[None]
Layer = Callable[..., Iterator[HourOutcome]]


def hours_of(context: dg.OpExecutionContext) -> list[datetime]:
    """Return the hours (UTC) of a run's partitions."""
    return [hour_of_key(key) for key in context.partition_keys]


def hourly_asset(
    *, upstream: str | None, group_name: str, kinds: set[str], metadata: Mapping[str, Any] | None = None
) -> Callable[[Layer], dg.AssetsDefinition]:
    """Turn a function into an hourly asset with its name, its docstring as description, and its checks.

    The function takes the context and resources (`dg.ResourceParam`), and yields an outcome per hour.
    """

    def decorate(layer: Layer) -> dg.AssetsDefinition:
        name, specs = layer.__name__, specs_of(layer.__name__)

        @functools.wraps(layer)  # Dagster reads the resources from the layer's signature
        def compute(context: dg.OpExecutionContext, **resources: object) -> Iterator[Event]:
            yield from log_outcomes(context, name, layer(context, **resources))

        op = dg.op(
            name=f"{name}_hours",
            ins={"upstream": dg.In(dg.Nothing)} if upstream else {},
            out=outs_of(["result"], specs),
        )(compute)
        asset: dg.AssetsDefinition = dg.graph_asset(
            name=name,
            ins={"upstream": dg.AssetIn(upstream, dagster_type=dg.Nothing)} if upstream else {},
            description=inspect.getdoc(layer),
            partitions_def=HOURLY,
            backfill_policy=dg.BackfillPolicy.single_run(),
            check_specs=specs,
            group_name=group_name,
            kinds=kinds,
            owners=OWNERS,
            metadata={**code_of(layer), **(metadata or {})},
        )(composition(op, name, f"{upstream}_hours"))
        return asset

    return decorate


def log_outcomes(
    context: dg.OpExecutionContext, name: str, outcomes: Iterator[HourOutcome]
) -> Iterator[Event]:
    """Log the checks and the materialization of each hour, so that they are stored when the hour ends.

    If they were yielded instead, the first failed blocking check would end the range.

    Raises:
        dagster.Failure: No hour was written, and no check reports why. If one does, the run goes on without
            the layers below.
    """
    specs = specs_of(name)
    written, reported, reasons = 0, False, []
    for outcome in outcomes:
        with one_transaction(context.instance):
            _log_outcome(context, name, outcome)
        if outcome.metadata is not None:
            written += 1
            progress.info(outcome.summary, extra={"layer": name, "hour": outcome.hour})
        else:
            reported = reported or bool(outcome.findings)
            reasons.append(f"{hour_text(outcome.hour)}: {outcome.summary}")
        yield from context.consume_events()
    if not written and not reported:
        raise dg.Failure(f"{name} wrote nothing. {'; '.join(reasons)}", allow_retries=False)
    if not written:
        context.log.info("Nothing downstream runs: %s wrote nothing. %s", name, "; ".join(reasons))
        yield blocking_output(specs[0])
        return
    for spec in specs:
        if spec.blocking:  # Dagster warns if the output is missing
            yield dg.Output(None, spec.get_python_identifier())


def _log_outcome(context: dg.OpExecutionContext, name: str, outcome: HourOutcome) -> None:
    """Log the checks of an hour and, if it was written, its materialization."""
    partition = key_of(outcome.hour)
    for check, finding in outcome.findings.items():
        log_check(context, name, check, finding, partition)
    if outcome.metadata is not None:
        context.log_event(dg.AssetMaterialization(name, partition=partition, metadata=dict(outcome.metadata)))
