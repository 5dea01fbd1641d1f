"""The alert sensor: every failed check that is news, and every failed run, told to the sinks.

Belongs here: finding what failed since last time, and telling it at least once (once where nothing
crashed). It reads run status changes, then each run's check evaluations: that is what every storage can
answer. The cursor holds for each sink, so that one that is down holds up no other, how far it has read of
each kind of ending, what it has taken of the run under way, and what it was told of which hour.
"""

import heapq
import json
import logging
import time
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import dagster as dg
from dagster._core.scheduler.instigation import SensorInstigatorData

from velib_assets.alerts.alert import Alert, AlertError, AlertSink
from velib_assets.defs.hourly import BLOCKED_BY
from velib_assets.defs.partitions import hour_of_key
from velib_assets.defs.sensors.new_failures import CheckResult, new_failures, update_alerted
from velib_assets.lake.keys import hours_text

ENDINGS = (
    dg.DagsterEventType.RUN_SUCCESS,
    dg.DagsterEventType.RUN_FAILURE,
    dg.DagsterEventType.RUN_CANCELED,
)
SENSOR = "velib_alerts"
GRACE_SECONDS = 600
MAX_REFUSALS = 5
_BATCH = 50


def alert_sensor(sinks: Sequence[AlertSink]) -> dg.SensorDefinition:
    """The sensor `velib_alerts`."""

    @dg.sensor(
        name=SENSOR,
        description="Sends every failed check that is news, and failed run, to the sinks of VELIB_ALERTS.",
        minimum_interval_seconds=5,
        default_status=dg.DefaultSensorStatus.RUNNING,
    )
    def velib_alerts(context: dg.SensorEvaluationContext) -> dg.SkipReason:
        state: dict[str, Any] = (
            json.loads(context.cursor) if context.cursor else {"since": _now() - GRACE_SECONDS}
        )
        said = []
        for sink in sinks:
            sink_state = state.setdefault("sinks", {}).setdefault(sink.name, {"taken": [], "refused": 0})
            try:
                sent = _deliver_alerts(context.instance, state["since"], sink_state, sink)
                said += [f"{sink.name}: {sent} alerts sent"] if sent else []
            except AlertError as error:
                said.append(f"{error}; it is tried again in the next round")
                context.log.warning(said[-1])
        context.update_cursor(json.dumps(state))
        return dg.SkipReason("; ".join(said) or "nothing failed")

    return velib_alerts


def runs_pending_alerts(instance: dg.DagsterInstance, sinks: Sequence[AlertSink]) -> set[str]:
    """The runs that have ended and that the sensor has still to tell some sink of.

    None while the sensor is off, for then nobody waits, nor where it never ran: it starts at the present.
    """
    cursors = {
        state.instigator_data.last_tick_timestamp or 0: state.instigator_data.cursor
        for state in instance.all_instigator_state()
        if state.name == SENSOR and isinstance(state.instigator_data, SensorInstigatorData)
        if state.is_running
    }
    cursor = cursors[max(cursors)] if cursors else None
    if not cursor:
        return set()
    places = json.loads(cursor).get("sinks", {})
    return {
        record.run_id
        for sink in sinks
        for ending in ENDINGS
        for record in _ended(instance, ending, places.get(sink.name, {}).get(ending.value))
    }


def _ended(
    instance: dg.DagsterInstance, ending: dg.DagsterEventType, cursor: str | None
) -> Iterator[dg.EventLogRecord]:
    """The endings of runs of one kind after a cursor, in order."""
    while True:
        page = instance.fetch_run_status_changes(ending, limit=_BATCH, cursor=cursor, ascending=True)
        yield from page.records
        cursor = page.cursor
        if not page.has_more:
            return


def _now() -> float:
    return time.time()


def _deliver_alerts(
    instance: dg.DagsterInstance, since: float, sink_state: dict[str, Any], sink: AlertSink
) -> int:
    """Tell a sink of the runs that ended, however, in order; moves its cursor past each that it has taken."""
    sent = 0
    endings = [_ended(instance, ending, sink_state.get(ending.value)) for ending in ENDINGS]
    for record in heapq.merge(*endings, key=lambda found: found.storage_id):
        ending = record.event_log_entry.get_dagster_event().event_type
        if record.timestamp >= since:
            told, checked = sink_state.get("told", {}), checks_of(instance, record.run_id)
            alerts = alerts_of(instance, record.run_id, ending, new_failures(checked, told))
            taken = [_send(alert, sink, sink_state) for alert in alerts]
            sent += sum(taken)
            if all(taken):
                sink_state["told"] = update_alerted(checked, told)
        sink_state[ending.value] = _cursor_at(record)
        sink_state["taken"].clear()
    return sent


def _cursor_at(record: dg.EventLogRecord) -> str:
    from dagster._core.event_api import EventLogCursor  # noqa: PLC0415 - has no public name

    return str(EventLogCursor.from_storage_id(record.storage_id))


def _send(alert: Alert, sink: AlertSink, sink_state: dict[str, Any]) -> bool:
    """Whether the sink has the alert; not where it refuses it for good and nobody tries any more."""
    if alert.id in sink_state["taken"]:
        return True
    given_up = False
    try:
        sink.send(alert)
    except AlertError as error:
        sink_state["refused"] += error.permanent
        if sink_state["refused"] <= MAX_REFUSALS:
            raise
        logging.getLogger("velib.alerts").warning("%s; given up: %s", error, alert)
        given_up = True
    sink_state["refused"] = 0
    sink_state["taken"].append(alert.id)
    return not given_up


def checks_of(instance: dg.DagsterInstance, run_id: str) -> list[CheckResult]:
    """The check evaluations of a run, in order."""
    return [
        CheckResult(record.storage_id, record.event_log_entry.dagster_event.asset_check_evaluation_data)  # type: ignore[union-attr]
        for record in _records(instance, run_id, dg.DagsterEventType.ASSET_CHECK_EVALUATION)
    ]


def alerts_of(
    instance: dg.DagsterInstance, run_id: str, ending: dg.DagsterEventType, failed: Iterable[CheckResult]
) -> Iterator[Alert]:
    """What a finished run has to tell: one alert a failed check (its hours together), one a failed run.

    A run that failed only by a blocking check has the check's alert alone.
    """
    by_key: dict[dg.AssetCheckKey, list[CheckResult]] = {}
    for one in failed:
        by_key.setdefault(one.evaluation.asset_check_key, []).append(one)
    for key, found in by_key.items():
        yield _check_alert(run_id, key, found)
    if ending is dg.DagsterEventType.RUN_FAILURE:
        failures = [
            _failure(record) for record in _records(instance, run_id, dg.DagsterEventType.STEP_FAILURE)
        ]
        if not failures or any(not blocked for _, blocked in failures):
            words = "; ".join(text for text, blocked in failures if not blocked)
            yield Alert(
                f"{run_id}:run",
                "ERROR",
                f"run {run_id[:8]} failed",
                words or "it ended without a failed step: see its log in the Dagster UI",
            )


def _records(
    instance: dg.DagsterInstance, run_id: str, kind: dg.DagsterEventType
) -> Iterator[dg.EventLogRecord]:
    cursor = None
    while True:
        page = instance.get_records_for_run(run_id, cursor=cursor, of_type=kind, limit=500)
        yield from page.records
        cursor = page.cursor
        if not page.has_more:
            return


def _check_alert(run_id: str, key: dg.AssetCheckKey, found: Sequence[CheckResult]) -> Alert:
    first, check = found[0]
    asset = key.asset_key.to_user_string()
    hours = [hour_of_key(part.partition) for _, part in found if part.partition]
    return Alert(
        f"{run_id}:{first}",
        check.severity.value,
        f"{asset}: check {key.name} failed{f' for {hours_text(hours)}' if hours else ''}",
        "\n".join(dict.fromkeys(part.description or "" for _, part in found)),
    )


def _failure(record: dg.EventLogRecord) -> tuple[str, bool]:
    """A step failure in words, and whether a blocking check made it."""
    event = record.event_log_entry.dagster_event
    data = event.step_failure_data  # type: ignore[union-attr]
    user = data.user_failure_data
    blocked = bool(user and BLOCKED_BY in user.metadata)
    text = user.description if user and user.description else data.error_display_string
    return f"{event.step_key}: {str(text).strip()[:500]}", blocked  # type: ignore[union-attr]
