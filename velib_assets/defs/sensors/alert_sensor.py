"""The alert sensor: sends new check failures and failed runs to the sinks, at least once each.

It reads the ends of runs, and then the check evaluations of each run: every storage supports these queries.
Its cursor holds a state per sink, so that a sink that is down delays no other:

- `PIPELINE_SUCCESS`, `PIPELINE_FAILURE`, `PIPELINE_CANCELED`: the position among the run ends of this kind;
- `taken`: the ids of the current run's alerts that the sink has accepted;
- `told`: the faults that were alerted to it (see `new_failures.py`);
- `refused`: how often it has refused the current alert.
"""

import heapq
import json
import logging
import time
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import dagster as dg

from velib_assets.alerts.sinks import Alert, AlertError, AlertSink
from velib_assets.defs.graphs import BLOCKED_BY
from velib_assets.defs.partitions import hour_of_key
from velib_assets.defs.sensors.new_failures import CheckResult, new_failures, update_alerted
from velib_assets.lake.keys import hours_text

RUN_ENDS = (
    dg.DagsterEventType.RUN_SUCCESS,
    dg.DagsterEventType.RUN_FAILURE,
    dg.DagsterEventType.RUN_CANCELED,
)
SENSOR = "velib_alerts"
GRACE_SECONDS = 600
MAX_REFUSALS = 5
SinkState = dict[str, Any]


def alert_sensor(sinks: Sequence[AlertSink]) -> dg.SensorDefinition:
    """Return the sensor `velib_alerts`."""

    @dg.sensor(
        name=SENSOR,
        description="Sends each new check failure and each failed run to the sinks of VELIB_ALERTS.",
        minimum_interval_seconds=5,
        default_status=dg.DefaultSensorStatus.RUNNING,
    )
    def velib_alerts(context: dg.SensorEvaluationContext) -> dg.SkipReason:
        state: dict[str, Any] = (
            json.loads(context.cursor) if context.cursor else {"since": _now() - GRACE_SECONDS}
        )
        lines = []
        for sink in sinks:
            sink_state = state.setdefault("sinks", {}).setdefault(sink.name, {"taken": [], "refused": 0})
            try:
                sent = _deliver_alerts(context.instance, state["since"], sink_state, sink)
                lines += [f"{sink.name}: {sent} alerts sent"] if sent else []
            except AlertError as error:
                lines.append(f"{error}; the next round will retry")
                context.log.warning(lines[-1])
        context.update_cursor(json.dumps(state))
        return dg.SkipReason("; ".join(lines) or "nothing new has failed")

    return velib_alerts


def runs_pending_alerts(instance: dg.DagsterInstance, sinks: Sequence[AlertSink]) -> set[str]:
    """Return the ids of the finished runs that the sensor has not yet reported to every sink.

    There are none while the sensor is off, because its alerts are not wanted, nor before its first round,
    because it starts at the present.
    """
    states = [
        state.instigator_data
        for state in instance.all_instigator_state()
        if state.name == SENSOR and state.is_running and state.instigator_data
    ]
    newest = max(states, key=lambda data: getattr(data, "last_tick_timestamp", None) or 0, default=None)
    cursor = getattr(newest, "cursor", None)
    if not cursor:
        return set()
    sink_states = json.loads(cursor).get("sinks", {})
    return {
        record.run_id
        for sink in sinks
        for end in RUN_ENDS
        for record, _ in _ends(instance, end, sink_states.get(sink.name, {}).get(end.value), page_size=500)
    }


def _ends(
    instance: dg.DagsterInstance, end: dg.DagsterEventType, cursor: str | None, *, page_size: int
) -> Iterator[tuple[dg.EventLogRecord, str]]:
    """Yield the run ends of one kind after a cursor, each with the cursor after its page."""
    while True:
        page = instance.fetch_run_status_changes(end, limit=page_size, cursor=cursor, ascending=True)
        for record in page.records:
            yield record, page.cursor
        cursor = page.cursor
        if not page.has_more:
            return


def _skip_older(instance: dg.DagsterInstance, end: dg.DagsterEventType, since: float) -> str | None:
    """Return the cursor of a new sink: past the whole pages of runs that ended before `since`."""
    cursor = None
    while True:
        page = instance.fetch_run_status_changes(end, limit=100, cursor=cursor, ascending=True)
        if not page.records or page.records[-1].timestamp >= since:
            return cursor
        cursor = page.cursor


def _now() -> float:
    return time.time()


def _deliver_alerts(
    instance: dg.DagsterInstance, since: float, sink_state: SinkState, sink: AlertSink
) -> int:
    """Send the alerts of the runs that have ended, in order; return how many were sent.

    The state advances past each run whose alerts the sink has accepted.

    Raises:
        AlertError: The sink did not accept an alert. The next round starts with the same one.
    """
    sent = 0
    for end in RUN_ENDS:
        if end.value not in sink_state:
            sink_state[end.value] = _skip_older(instance, end, since)
    # With one run per page, the cursor after a page is the cursor after its run.
    streams = [_ends(instance, end, sink_state.get(end.value), page_size=1) for end in RUN_ENDS]
    for record, cursor in heapq.merge(*streams, key=lambda pair: pair[0].storage_id):
        end = record.event_log_entry.get_dagster_event().event_type
        if record.timestamp >= since:
            alerted, results = sink_state.get("told", {}), check_results(instance, record.run_id)
            alerts = alerts_of(instance, record.run_id, end, new_failures(results, alerted))
            accepted = [_send(alert, sink, sink_state) for alert in alerts]
            sent += sum(accepted)
            if all(accepted):
                sink_state["told"] = update_alerted(results, alerted)
        sink_state[end.value] = cursor
        sink_state["taken"].clear()
    return sent


def _send(alert: Alert, sink: AlertSink, sink_state: SinkState) -> bool:
    """Return whether the sink accepted the alert; False if it refused it too often and it was dropped."""
    if alert.id in sink_state["taken"]:
        return True
    dropped = False
    try:
        sink.send(alert)
    except AlertError as error:
        sink_state["refused"] += error.permanent
        if sink_state["refused"] <= MAX_REFUSALS:
            raise
        logging.getLogger("velib.alerts").warning("%s; dropped: %s", error, alert)
        dropped = True
    sink_state["refused"] = 0
    sink_state["taken"].append(alert.id)
    return not dropped


def check_results(instance: dg.DagsterInstance, run_id: str) -> list[CheckResult]:
    """Return the check evaluations of a run, in order."""
    return [
        CheckResult(record.storage_id, record.event_log_entry.dagster_event.asset_check_evaluation_data)  # type: ignore[union-attr]
        for record in _records(instance, run_id, dg.DagsterEventType.ASSET_CHECK_EVALUATION)
    ]


def alerts_of(
    instance: dg.DagsterInstance, run_id: str, end: dg.DagsterEventType, failures: Iterable[CheckResult]
) -> Iterator[Alert]:
    """Yield the alerts of a finished run: one per failed check with all its hours, and one if the run failed.

    A run that failed only because of its checks has no alert of its own.
    """
    by_check: dict[dg.AssetCheckKey, list[CheckResult]] = {}
    for result in failures:
        by_check.setdefault(result.evaluation.asset_check_key, []).append(result)
    for key, results in by_check.items():
        yield _check_alert(run_id, key, results)
    if end is dg.DagsterEventType.RUN_FAILURE:
        steps = [_failure(record) for record in _records(instance, run_id, dg.DagsterEventType.STEP_FAILURE)]
        errors = [text for text, blocked in steps if not blocked]
        if errors or not steps:
            text = "; ".join(errors) or "No step failed. See the run's log in the Dagster UI."
            yield Alert(f"{run_id}:run", "ERROR", f"run {run_id[:8]} failed", text)


def _records(
    instance: dg.DagsterInstance, run_id: str, kind: dg.DagsterEventType
) -> Iterator[dg.EventLogRecord]:
    cursor, has_more = None, True
    while has_more:
        page = instance.get_records_for_run(run_id, cursor=cursor, of_type=kind, limit=500)
        yield from page.records
        cursor, has_more = page.cursor, page.has_more


def _check_alert(run_id: str, key: dg.AssetCheckKey, results: Sequence[CheckResult]) -> Alert:
    number, check = results[0]
    hours = [hour_of_key(result.evaluation.partition) for result in results if result.evaluation.partition]
    where = f" for {hours_text(hours)}" if hours else ""
    return Alert(
        f"{run_id}:{number}",
        check.severity.value,
        f"{key.asset_key.to_user_string()}: check {key.name} failed{where}",
        "\n".join(dict.fromkeys(result.evaluation.description or "" for result in results)),
    )


def _failure(record: dg.EventLogRecord) -> tuple[str, bool]:
    """Return the message of a step failure, and whether a failed check caused it."""
    event = record.event_log_entry.dagster_event
    data = event.step_failure_data  # type: ignore[union-attr]
    user = data.user_failure_data
    blocked = bool(user and BLOCKED_BY in user.metadata)
    text = user.description if user and user.description else data.error_display_string
    return f"{event.step_key}: {str(text).strip()[:500]}", blocked  # type: ignore[union-attr]
