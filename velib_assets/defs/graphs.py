"""Graph assets whose op logs its own materializations and checks.

All layers are graph assets, because an op that yields results cannot omit some partitions of a range.
"""

import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import dagster as dg

from velib_assets.defs.checks import CHECKS, Finding
from velib_assets.lake.schema import COLUMNS, PARTITION_COLUMNS, Column

OWNERS = ["team:velib-insights"]
BLOCKED_BY = "blocked_by"  # in a failure's metadata: the failed check that reports it already


def outs_of(assets: Sequence[str], specs: Sequence[dg.AssetCheckSpec]) -> dict[str, dg.Out]:
    """Return the outputs of an op, one per asset and one per check. All are optional: events are logged."""
    names = [*assets, *(spec.get_python_identifier() for spec in specs)]
    return {name: dg.Out(dg.Nothing, is_required=False) for name in names}


def composition(op: dg.OpDefinition, name: str) -> Callable[..., dict[str, Any]]:
    """Return the body of a graph asset that runs `op` after the upstream assets.

    An op waits for all sources of its input and is skipped only if none of them has an output. So `op` also
    depends on an op that always succeeds, and runs even if the layer above wrote only some hours. The op
    in between saves Dagster from reading the version of every upstream partition.
    """

    @dg.op(name=f"{name}_arrived", ins={"upstream": dg.In(dg.Nothing)}, out=dg.Out(dg.Nothing))
    def arrived() -> None:
        """Run when the layer above is complete."""

    @dg.op(name=f"{name}_ready", out=dg.Out(dg.Nothing))
    def ready() -> None:
        """Always run."""

    def compose(**upstream: Any) -> dict[str, Any]:  # noqa: ANN401 - Dagster's handles of node outputs
        sources = list(upstream.values())
        inputs = [[arrived(sources if len(sources) > 1 else sources[0]), ready()]] if sources else []
        outputs = op(*inputs)
        return {out: getattr(outputs, out) for out in op.output_dict}

    return compose


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
        asset_key=dg.AssetKey(asset),
        check_name=name,
        passed=finding.passed,
        severity=check.severity,
        description=finding.message,
        metadata=dict(finding.facts),
        partition=partition,
        blocking=check.blocking,
    )
    context.log_event(evaluation)  # type: ignore[arg-type] # accepted, though the annotation omits it


def unreported_error(event: dg.DagsterEvent) -> str:
    """Return the message of a step failure, or "" if a failed check reports it already."""
    failure = event.step_failure_data
    user = failure.user_failure_data
    if user and BLOCKED_BY in user.metadata:
        return ""
    message = (user and user.description) or failure.error_display_string
    return f"{event.step_key}: {message.strip()}"


def column_schema(columns: Sequence[tuple[str, str, str]]) -> Mapping[str, Any]:
    """Return the metadata that shows (name, type, description) of each column in the UI."""
    schema = dg.TableSchema(columns=[dg.TableColumn(*column) for column in columns])
    return {"dagster/column_schema": schema}


def table_schema() -> Mapping[str, Any]:
    """Return the metadata that shows the columns of the table `source_velib` in the UI."""
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
    code = function.__code__
    return code_reference(code.co_filename, code.co_firstlineno)
