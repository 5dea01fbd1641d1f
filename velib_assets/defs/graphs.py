"""Graph assets whose op logs its own materializations and checks.

All layers are graph assets, because an op that yields results cannot omit some partitions of a range.
"""

import inspect
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import dagster as dg

from velib_assets.defs.asset_keys import asset_key
from velib_assets.defs.checks import CHECKS, Finding
from velib_assets.lake.schema import COLUMNS, PARTITION_COLUMNS, Column

OWNERS = ["team:velib-insights"]
BLOCKS = "blocks"  # in the metadata of an op's output: nothing downstream runs, and a failed check says why


def outs_of(assets: Sequence[str], specs: Sequence[dg.AssetCheckSpec]) -> dict[str, dg.Out]:
    """Return the outputs of an op, one per asset and one per check. All are optional: events are logged."""
    names = [*assets, *(spec.get_python_identifier() for spec in specs)]
    return {name: dg.Out(dg.Nothing, is_required=False) for name in names}


def blocking_output(spec: dg.AssetCheckSpec) -> dg.Output[None]:
    """Return an output of an op after which nothing downstream runs. The run does not fail.

    In a failed run the UI would show every planned check and asset as failed, also those that did not run.
    """
    return dg.Output(None, spec.get_python_identifier(), metadata={BLOCKS: True})


def composition(op: dg.OpDefinition, name: str, upstream_op: str = "") -> Callable[..., dict[str, Any]]:
    """Return the body of a graph asset: `op` runs after the upstream assets, unless `upstream_op` blocks it.

    Dagster waits for all sources of an input, and skips an op only if all of them are missing. Upstream
    assets are logged, so they have no output. Therefore `ready` also depends on an op that always succeeds,
    and the events of the run say whether to go on.

    `arrived` saves Dagster from reading the version of every upstream partition.
    """

    @dg.op(name=f"{name}_arrived", ins={"upstream": dg.In(dg.Nothing)}, out=dg.Out(dg.Nothing))
    def arrived() -> None:
        """Run when the layer above is complete."""

    @dg.op(name=f"{name}_always", out=dg.Out(dg.Nothing))
    def always() -> None:
        """Always run."""

    @dg.op(
        name=f"{name}_ready",
        ins={"upstream": dg.In(dg.Nothing)},
        out=dg.Out(dg.Nothing, is_required=False),
    )
    def ready(context: dg.OpExecutionContext) -> Iterator[dg.Output[None]]:
        """Let the layer run, unless the layer above blocks it or was skipped itself."""
        if not _is_blocked(context, upstream_op):
            yield dg.Output(None)

    def compose(**upstream: Any) -> dict[str, Any]:  # noqa: ANN401 - Dagster's handles of node outputs
        sources = list(upstream.values())
        inputs = [ready([arrived(sources if len(sources) > 1 else sources[0]), always()])] if sources else []
        outputs = op(*inputs)
        return {out: getattr(outputs, out) for out in op.output_dict}

    return compose


def _is_blocked(context: dg.OpExecutionContext, upstream_op: str) -> bool:
    """Whether an op of this run was skipped or has a blocking output."""
    kinds = {dg.DagsterEventType.STEP_SKIPPED, dg.DagsterEventType.STEP_OUTPUT}
    records = context.instance.get_records_for_run(context.run_id, of_type=kinds).records
    events = [record.event_log_entry.get_dagster_event() for record in records]
    return any(
        event.is_step_skipped or BLOCKS in event.step_output_data.metadata
        for event in events
        if str(event.step_key).rpartition(".")[2] == upstream_op
    )


def log_check(
    context: dg.OpExecutionContext, asset: str, name: str, finding: Finding, partition: str | None = None
) -> None:
    """Log a finding as the result of a check, for `partition` or the run's own partition.

    Dagster plans every check for the run's hour, also those of assets without partitions.
    """
    (check,) = (check for check in CHECKS if (check.asset, check.name) == (asset, name))
    if partition is None and context.has_partition_key:
        partition = context.partition_key
    evaluation = dg.AssetCheckEvaluation(
        asset_key=asset_key(asset),
        check_name=name,
        passed=finding.passed,
        severity=check.severity,
        description=finding.message,
        metadata=dict(finding.facts),
        partition=partition,
        blocking=check.blocking,
    )
    context.log_event(evaluation)  # type: ignore[arg-type] # accepted, though the annotation omits it


def provenance(upstream: str, digest: str, code_version: str = "") -> dict[str, str]:
    """Return the tags of a materialization that is made from many partitions of `upstream`.

    Without them, the UI calls a partition unsynced if one of these does not exist or was materialized again
    with the same content. Here the digest says whether a partition is current, and healing acts on it.
    """
    key = asset_key(upstream).to_user_string()
    return {
        "dagster/data_version": digest,
        "dagster/code_version": code_version,
        f"dagster/input_data_version/{key}": digest,
        f"dagster/input_event_pointer/{key}": "NULL",
    }


def step_error(event: dg.DagsterEvent) -> str:
    """Return the message of a failed step. A step whose checks report the reason does not fail."""
    failure = event.step_failure_data
    user = failure.user_failure_data
    message = (user and user.description) or failure.error_display_string
    return f"{event.step_key}: {message.strip()}"


def column_schema(columns: Sequence[tuple[str, str, str]]) -> Mapping[str, Any]:
    """Return the metadata that shows (name, type, description) of each column in the UI."""
    schema = dg.TableSchema(columns=[dg.TableColumn(*column) for column in columns])
    return {"dagster/column_schema": schema}


def table_schema() -> Mapping[str, Any]:
    """Return the metadata that shows the columns of the network's table in the UI."""
    return columns_of((*COLUMNS, *PARTITION_COLUMNS))


def columns_of(columns: Sequence[Column]) -> Mapping[str, Any]:
    """Return the metadata that shows a table's columns in the UI."""
    return column_schema(
        [(c.name, c.type, f"{c.description} ({c.unit})" if c.unit else c.description) for c in columns]
    )


def code_reference(file: str, line: int) -> Mapping[str, Any]:
    """Return the metadata that links an asset to its source code in the UI."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", dg.BetaWarning)
        reference = dg.LocalFileCodeReference(file_path=file, line_number=line)
        return {"dagster/code_references": dg.CodeReferencesMetadataValue(code_references=[reference])}


def code_of(function: Callable[..., Any]) -> Mapping[str, Any]:
    """Return the metadata that links an asset to a function."""
    code = inspect.unwrap(function).__code__
    return code_reference(code.co_filename, code.co_firstlineno)
