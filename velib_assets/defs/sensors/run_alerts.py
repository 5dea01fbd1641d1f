"""The alerts of a finished run: one per failed check, and one if the run failed for another reason."""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import dagster as dg

from velib_assets.alerts.sinks import Alert, network_alert
from velib_assets.defs.asset_keys import asset_name
from velib_assets.defs.graphs import step_error
from velib_assets.defs.maintenance.orphans import waits_for_retry
from velib_assets.defs.partitions import partitions_text

MAX_ERROR = 500  # characters per failed step
MAX_LINES = 20  # of the messages of one check; a backfill of months can have one per day
_FAILED_FROM_OUTSIDE = "This run has been marked as failed from outside"  # Dagster's message
_RETRIED_AS = "dagster/auto_retry_run_id"


class CheckResult(NamedTuple):
    """A check's evaluation and its number in the event log."""

    number: int
    evaluation: dg.AssetCheckEvaluation


def alerts_of(
    instance: dg.DagsterInstance, run_id: str, end: dg.DagsterEventType, failures: Iterable[CheckResult]
) -> Iterator[Alert]:
    """Yield a finished run's alerts: one per failed check with its partitions, and one if the run failed."""
    by_check: dict[dg.AssetCheckKey, list[CheckResult]] = {}
    for result in failures:
        by_check.setdefault(result.evaluation.asset_check_key, []).append(result)
    for key, results in by_check.items():
        number, check = results[0]
        partitions = [partition for result in results if (partition := result.evaluation.partition)]
        text = partitions_text(partitions)
        yield network_alert(
            f"{run_id}:{number}",
            check.severity.value,
            f"{_name(key.asset_key)}: check {key.name} failed{text and ' for ' + text}",
            _shortened(list(dict.fromkeys(result.evaluation.description or "" for result in results))),
        )
    if end is dg.DagsterEventType.RUN_FAILURE:
        events = instance.get_records_for_run(run_id, of_type=dg.DagsterEventType.STEP_FAILURE).records
        steps = [step_error(e.event_log_entry.get_dagster_event())[:MAX_ERROR] for e in events]
        text = "; ".join(steps) or _reason_without_step(instance, run_id)
        yield network_alert(f"{run_id}:run", "ERROR", f"run {run_id[:8]} failed", text)


def _name(asset: dg.AssetKey) -> str:
    return asset_name(asset) or asset.to_user_string()


def _shortened(messages: Sequence[str]) -> str:
    """Join the first messages with line breaks, and count the others: a receiver may refuse a long text."""
    more = len(messages) - MAX_LINES
    rest = [f"and {more:,} more; see the checks in the UI"] if more > 0 else []
    return "\n".join([*messages[:MAX_LINES], *rest])


def _reason_without_step(instance: dg.DagsterInstance, run_id: str) -> str:
    """Return why a run failed in which no step failed, for example because its process was killed.

    The code server notices the end of a process. It logs an explanation before it fails the run.
    """
    types = {dg.DagsterEventType.ENGINE_EVENT, dg.DagsterEventType.RUN_FAILURE}
    records = instance.get_records_for_run(run_id, of_type=types).records
    events = [record.event_log_entry.get_dagster_event() for record in records]
    failure = next(number for number, event in enumerate(events) if event.is_run_failure)
    reason = events[failure].message or ""
    if reason.startswith(_FAILED_FROM_OUTSIDE):
        explanation = events[failure - 1].message if failure else ""
        reason = f"The run's process ended without an error; it may have been killed. {explanation}"
    run = instance.get_run_by_id(run_id)
    retried = run and (waits_for_retry(run) or _RETRIED_AS in run.tags)
    follows = "Dagster retries it." if retried else "It is not retried. Healing requests outdated hours."
    return f"{reason[:MAX_ERROR].strip()} {follows}"
