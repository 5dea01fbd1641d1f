"""The shape that the three hourly layers share: many hours in one run, each with its own outcome.

Belongs here: turning outcomes into Dagster events. Dagster would mark every hour of a range as
materialized by one result, would leave a range's checks without partition, and would skip what follows
when a layer yields nothing. So a layer is a graph asset whose op logs each hour's materialization and
checks itself, and whose input also hangs on an op that always succeeds: hours that failed turn no
hour green and hold up no other.
"""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import dagster as dg

from velib_assets.defs.checks import CHECKS, evaluation, specs_of
from velib_assets.defs.findings import Finding
from velib_assets.defs.partitions import HOURLY, hour_of_key, key_of
from velib_assets.lake.keys import hour_text

BLOCKED_BY = "blocked_by"
progress = logging.getLogger("velib.progress")

# Dagster warns that a blocking check "emitted no result": ours are logged events, and they do block.
logging.getLogger("dagster._core.execution.plan.active").setLevel(logging.ERROR)


class HourOutcome(NamedTuple):
    """What became of an hour in a layer; `metadata` is None where it wrote nothing.

    Where the layer above left nothing to work on there are no findings: that layer's say why.
    """

    hour: datetime
    metadata: Mapping[str, Any] | None
    findings: Mapping[str, Finding]
    summary: str


Layer = Callable[[dg.OpExecutionContext, Sequence[datetime]], Iterator[HourOutcome]]


def hourly_asset(
    layer: Layer,
    *,
    name: str,
    upstream: str | None,
    resources: set[str],
    **attributes: Any,  # noqa: ANN401 - handed on to graph_asset
) -> dg.AssetsDefinition:
    """An hourly asset from a function over hours; `attributes` are those of `dg.graph_asset`."""
    specs = specs_of(name)
    outs = outs_of(["result"], specs)

    @dg.op(
        name=f"{name}_hours",
        ins={"upstream": dg.In(dg.Nothing)} if upstream else {},
        out=outs,
        required_resource_keys=resources,
    )
    def hours(context: dg.OpExecutionContext) -> Iterator[dg.DagsterEvent]:
        yield from run_layer(context, name, layer)

    common = {
        "name": name,
        "partitions_def": HOURLY,
        "backfill_policy": dg.BackfillPolicy.single_run(),
        "check_specs": specs,
        **attributes,
    }
    if upstream is None:

        def root() -> dict[str, Any]:
            return all_of(hours(), outs)

        return _graph_asset(root, **common)

    wait = waiting_for(name)

    def follower(upstream: Any) -> dict[str, Any]:  # noqa: ANN401 - a composition handle
        return all_of(hours(wait(upstream)), outs)

    ins = {"upstream": dg.AssetIn(upstream, dagster_type=dg.Nothing)}
    return _graph_asset(follower, ins=ins, **common)


def _graph_asset(compose: Callable[..., Any], **attributes: Any) -> dg.AssetsDefinition:  # noqa: ANN401
    asset: dg.AssetsDefinition = dg.graph_asset(**attributes)(compose)
    return asset


def run_layer(context: dg.OpExecutionContext, name: str, layer: Layer) -> Iterator[dg.DagsterEvent]:
    """Each hour's checks and materialization, stored as the hour ends.

    They go through the context: yielded as they are, one blocking check of a range would stop all.

    Raises:
        dagster.Failure: where no hour was written, so that nothing downstream runs.
    """
    key, written, told, why = dg.AssetKey(name), 0, False, []
    for outcome in layer(context, [hour_of_key(part) for part in context.partition_keys]):
        partition = key_of(outcome.hour)
        for check, finding in outcome.findings.items():
            log_check(context, evaluation(key, check, finding, partition))
        if outcome.metadata is not None:
            event = dg.AssetMaterialization(key, partition=partition, metadata=dict(outcome.metadata))
            context.log_event(event)
            written += 1
        else:
            told = told or bool(outcome.findings)
            why.append(f"{hour_text(outcome.hour)}: {outcome.summary}")
        yield from context.consume_events()
        facts = {"layer": name, "hour": outcome.hour, "wrote": outcome.metadata is not None}
        progress.info(outcome.summary, extra=facts)
    if not written:
        blocker = next(check.name for check in CHECKS if check.asset == name)
        raise dg.Failure(
            f"{name} wrote nothing. {'; '.join(why)}",
            metadata={BLOCKED_BY: blocker} if told else {},
            allow_retries=False,
        )


def log_check(context: dg.OpExecutionContext, check: dg.AssetCheckEvaluation) -> None:
    """Log a check's evaluation; the context takes it, though its annotation does not say so."""
    context.log_event(check)  # type: ignore[arg-type]


def outs_of(assets: Sequence[str], specs: Sequence[dg.AssetCheckSpec]) -> dict[str, dg.Out]:
    """The outputs of an op that logs its own events: one an asset, one a check, none of them yielded."""
    names = [*assets, *(spec.get_python_identifier() for spec in specs)]
    return {name: dg.Out(dg.Nothing, is_required=False) for name in names}


def all_of(handles: Any, outs: Mapping[str, dg.Out]) -> dict[str, Any]:  # noqa: ANN401 - composition handles
    """An op's outputs, as a graph gives them."""
    return {out: getattr(handles, out) for out in outs}


def waiting_for(name: str) -> Callable[[Any], list[Any]]:
    """What the op of asset `name` waits for: the layer above, and an op that always succeeds.

    An op waits for all of its input's sources but is skipped only when none of them yields anything.
    The op in between also spares it a look through every partition upstream for their versions.
    """

    @dg.op(name=f"{name}_arrived", ins={"upstream": dg.In(dg.Nothing)}, out=dg.Out(dg.Nothing))
    def arrived() -> None:
        """The layer above wrote every hour of the run."""

    @dg.op(name=f"{name}_ready", out=dg.Out(dg.Nothing))
    def ready() -> None:
        """Holds for what the layer above did write, when some of its hours wrote nothing."""

    return lambda upstream: [arrived(upstream), ready()]
