"""The shape of the partitioned assets: many partitions in one run, each with its own outcome.

A backfill is one run over a range of partitions. With a plain asset, one result would mark every partition of
the range as materialized, the range's checks would have no partition, and an asset that yields nothing would
skip the assets below it. So a partitioned asset is a graph asset whose op logs the materialization and the
checks of each partition when it ends. A partition that failed is not marked, and does not stop the others.
"""

import functools
import inspect
import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple

import dagster as dg

from velib_assets.defs.asset_keys import PREFIX, asset_key
from velib_assets.defs.checks import Finding, specs_of
from velib_assets.defs.graphs import OWNERS, blocking_output, code_of, composition, log_check, outs_of
from velib_assets.defs.pooled_storage import one_transaction
from velib_assets.lake.network import own_names

progress = logging.getLogger("velib.progress")


class Outcome(NamedTuple):
    """What became of an hour, a day or a month in an asset.

    `metadata` is that of the materialization, or None if nothing was written. `findings` are by check name.
    `period` is the hour or the first day, and `text` names it in messages. `is_removed` is true if all that
    there was had to go: Dagster cannot mark a partition as not materialized, so it gets an observation.
    `tags` are those of the materialization.
    """

    asset: str
    partition: str
    period: date
    text: str
    metadata: Mapping[str, Any] | None
    findings: Mapping[str, Finding]
    summary: str
    is_removed: bool = False
    tags: Mapping[str, str] = {}


Event = dg.DagsterEvent | dg.Output[None]
Layer = Callable[..., Iterator[Outcome]]


def partitioned_asset(
    partitions: dg.PartitionsDefinition,
    *,
    name: str = "",
    unit: str,
    upstream: str | None,
    upstream_unit: str,
    group_name: str,
    kinds: set[str],
    metadata: Mapping[str, Any],
) -> Callable[[Layer], dg.AssetsDefinition]:
    """Turn a function into an asset with its docstring as description, and its checks.

    The function takes the context and resources (`dg.ResourceParam`), and yields an outcome per partition.

    Args:
        partitions: The partitions.
        name: Of the asset; by default that of the function.
        unit: What a partition is, in the plural, for example `hours`; the op is named after it.
        upstream: The asset above, if there is one.
        upstream_unit: The unit of the asset above.
        group_name: The group in the UI.
        kinds: The icons in the UI.
        metadata: Of the definition, beside the link to the code.
    """

    def decorate(layer: Layer) -> dg.AssetsDefinition:
        asset_name = name or layer.__name__
        specs = specs_of(asset_name)

        @functools.wraps(layer)  # Dagster reads the resources from the layer's signature
        def compute(context: dg.OpExecutionContext, **resources: object) -> Iterator[Event]:
            yield from log_outcomes(context, [asset_name], layer(context, **resources))

        op = dg.op(
            name=f"{asset_name}_{unit}",
            ins={"upstream": dg.In(dg.Nothing)} if upstream else {},
            out=outs_of(["result"], specs),
        )(compute)
        asset: dg.AssetsDefinition = dg.graph_asset(
            name=asset_name,
            key_prefix=PREFIX or None,
            ins={"upstream": dg.AssetIn(asset_key(upstream), dagster_type=dg.Nothing)} if upstream else {},
            description=own_names(inspect.getdoc(layer) or ""),
            partitions_def=partitions,
            backfill_policy=dg.BackfillPolicy.single_run(),
            check_specs=specs,
            group_name=group_name,
            kinds=kinds,
            owners=OWNERS,
            metadata={**code_of(layer), **metadata},
        )(composition(op, asset_name, f"{upstream}_{upstream_unit}"))
        return asset

    return decorate


def log_outcomes(
    context: dg.OpExecutionContext,
    names: Sequence[str],
    outcomes: Iterable[Outcome],
    *,
    is_reported: bool = False,
) -> Iterator[Event]:
    """Log the checks and the materialization of each partition, so that they are stored when it ends.

    If they were yielded instead, the first failed blocking check would end the range.

    Args:
        context: The op's context.
        names: The assets that run. Outcomes of other assets are logged as well and do not count.
        outcomes: The outcomes, as they become known.
        is_reported: Whether a check of another asset of this run reports why nothing is written.

    Raises:
        dagster.Failure: No partition was written, and no check reports why. If one does, the run goes on
            without the assets below.
    """
    selected = context.selected_output_names  # computed at each access
    specs = [s for name in names for s in specs_of(name) if s.get_python_identifier() in selected]
    written, reported, reasons = 0, is_reported, []
    for outcome in outcomes:
        with one_transaction(context.instance):
            _log_outcome(context, outcome)
        if outcome.metadata is not None:
            progress.info(outcome.summary, extra={"layer": outcome.asset, "hour": outcome.period})
        if outcome.asset in names:
            is_written = outcome.metadata is not None or outcome.is_removed
            written += is_written
            reported = reported or bool(outcome.findings)
            reasons += [] if is_written else [f"{outcome.text}: {outcome.summary}"]
        yield from context.consume_events()
    if not written and not reported:
        text = "; ".join(dict.fromkeys(reasons))
        raise dg.Failure(f"{', '.join(names)} wrote nothing. {text}", allow_retries=False)
    if not written:
        text = "; ".join(dict.fromkeys(reasons))
        context.log.info("Nothing downstream runs: %s wrote nothing. %s", ", ".join(names), text)
        yield from (blocking_output(spec) for spec in specs[:1])
        return
    for spec in specs:
        if spec.blocking:  # Dagster warns if the output is missing
            yield dg.Output(None, spec.get_python_identifier())


def _log_outcome(context: dg.OpExecutionContext, outcome: Outcome) -> None:
    """Log the checks of a partition and, if it was written, its materialization."""
    asset, partition = outcome.asset, outcome.partition
    for check, finding in outcome.findings.items():
        log_check(context, asset, check, finding, partition)
    if outcome.metadata is not None:
        metadata = dict(outcome.metadata)
        context.log_event(
            dg.AssetMaterialization(
                asset_key(asset), partition=partition, metadata=metadata, tags={**outcome.tags}
            )
        )
    elif outcome.is_removed:
        observation = dg.AssetObservation(asset_key(asset), partition=partition, description=outcome.summary)
        context.log_event(observation)
