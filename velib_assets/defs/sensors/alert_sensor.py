"""The alert sensor: sends new check failures and failed runs to the sinks, at least once each.

It reads the ends of runs, and then the check evaluations of each run: every storage supports these queries.
A fault that every tick finds again in its hour is alerted once. The cursor holds a state per sink, so that a
sink that is down delays no other:

- `PIPELINE_SUCCESS`, `PIPELINE_FAILURE`, `PIPELINE_CANCELED`: the position among the run ends of this kind;
- `taken`: the ids of the current run's alerts that the sink has accepted;
- `told`: the number of faults alerted to it, by check and hour, newest last;
- `refused`: how often it has refused the current alert.
"""

import heapq
import json
import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import dagster as dg

from velib_assets.alerts.sinks import Alert, AlertError, AlertSink
from velib_assets.defs.checks import FAULTS
from velib_assets.defs.own_runs import is_own_run
from velib_assets.defs.range_events import RANGE_END, RANGE_START
from velib_assets.defs.sensors.run_alerts import CheckResult, alerts_of
from velib_assets.lake.listing import utc_now
from velib_assets.lake.network import KEY

RUN_ENDS = (
    dg.DagsterEventType.RUN_SUCCESS,
    dg.DagsterEventType.RUN_FAILURE,
    dg.DagsterEventType.RUN_CANCELED,
)
SENSOR = f"{KEY}_alerts"
GRACE_SECONDS = 600
MAX_REFUSALS = 5
_MAX_ENTRIES = 200  # only the running hour is cleaned again and again; older ones may be alerted twice
SinkState = dict[str, Any]


def alert_sensor(sinks: Sequence[AlertSink]) -> dg.SensorDefinition:
    """Return the sensor `<network>_alerts`."""

    @dg.sensor(
        name=SENSOR,
        description="Sends each new check failure and each failed run to the sinks of VELIB_ALERTS.",
        minimum_interval_seconds=5,
        default_status=dg.DefaultSensorStatus.RUNNING,
    )
    def alert(context: dg.SensorEvaluationContext) -> dg.SkipReason:
        first: dict[str, Any] = {"since": utc_now().timestamp() - GRACE_SECONDS}
        state = json.loads(context.cursor) if context.cursor else first
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

    return alert


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
        for page in _pages(instance, end, sink_states.get(sink.name, {}).get(end.value), 500)
        for record in page.records
    }


def _pages(
    instance: dg.DagsterInstance, end: dg.DagsterEventType, cursor: str | None, size: int
) -> Iterator[dg.EventRecordsResult]:
    """Yield the run ends of one kind after a cursor, in pages that are not empty."""
    has_more = True
    while has_more:
        page = instance.fetch_run_status_changes(end, limit=size, cursor=cursor, ascending=True)
        if page.records:
            yield page
        cursor, has_more = page.cursor, page.has_more


def _skip_older(instance: dg.DagsterInstance, end: dg.DagsterEventType, since: float) -> str | None:
    """Return the cursor of a new sink: past the whole pages of runs that ended before `since`."""
    cursor = None
    for page in _pages(instance, end, None, 100):
        if page.records[-1].timestamp >= since:
            break
        cursor = page.cursor
    return cursor


def _deliver_alerts(
    instance: dg.DagsterInstance, since: float, sink_state: SinkState, sink: AlertSink
) -> int:
    """Send the alerts of the network's runs that have ended, in order; return how many were sent.

    The state advances past each run whose alerts the sink has accepted.

    Raises:
        AlertError: The sink did not accept an alert. The next round starts with the same one.
    """
    sent = 0
    for end in RUN_ENDS:
        if end.value not in sink_state:
            sink_state[end.value] = _skip_older(instance, end, since)
    # With one run per page, the cursor after a page is the cursor after its run.
    streams = [_pages(instance, end, sink_state.get(end.value), 1) for end in RUN_ENDS]
    for page in heapq.merge(*streams, key=lambda page: page.records[0].storage_id):
        (record,) = page.records
        end = record.event_log_entry.get_dagster_event().event_type
        if record.timestamp >= since and _is_own(instance, record.run_id):
            alerted, results = sink_state.get("told", {}), check_results(instance, record.run_id)
            alerts = alerts_of(instance, record.run_id, end, new_failures(results, alerted))
            accepted = [_send(alert, sink, sink_state) for alert in alerts]
            sent += sum(accepted)
            if all(accepted):
                again = checked_again(instance, record.run_id, alerted)
                sink_state["told"] = update_alerted(
                    results, {k: alerted[k] for k in alerted if k not in again}
                )
        sink_state[end.value] = page.cursor
        sink_state["taken"].clear()
    return sent


def _is_own(instance: dg.DagsterInstance, run_id: str) -> bool:
    run = instance.get_run_by_id(run_id)
    return run is not None and is_own_run(run)


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
    kind = dg.DagsterEventType.ASSET_CHECK_EVALUATION
    return [
        CheckResult(record.storage_id, record.event_log_entry.dagster_event.asset_check_evaluation_data)  # type: ignore[union-attr]
        for record in instance.get_records_for_run(run_id, of_type=kind).records
    ]


def checked_again(instance: dg.DagsterInstance, run_id: str, alerted: Iterable[str]) -> set[str]:
    """Return the alerted faults whose hour a run over several hours checked again.

    Its log has the checks that failed, not those that passed.
    """
    run = instance.get_run_by_id(run_id)
    if run is None or run.tags.get(RANGE_START) == run.tags.get(RANGE_END):
        return set()
    again = set()
    for fault in alerted:
        asset, _, partition = fault.split(":", 2)
        was_run = not run.asset_selection or dg.AssetKey.from_user_string(asset) in run.asset_selection
        if was_run and run.tags[RANGE_START] <= partition <= run.tags[RANGE_END]:
            again.add(fault)
    return again


def new_failures(results: Iterable[CheckResult], alerted: Mapping[str, int]) -> list[CheckResult]:
    """Return the failed results, except those that count no more faults in their hour than were alerted."""
    failed = [result for result in results if not result.evaluation.passed]
    return [
        result
        for result in failed
        if (count := faults(result.evaluation)) is None or count > alerted.get(_key(result), 0)
    ]


def update_alerted(results: Iterable[CheckResult], alerted: Mapping[str, int]) -> dict[str, int]:
    """Return the alerted faults after a sink has accepted these results. An hour that passes is removed."""
    after = dict(alerted)
    for result in results:
        after.pop(_key(result), None)
        if not result.evaluation.passed and (count := faults(result.evaluation)) is not None:
            after[_key(result)] = count
    return dict(list(after.items())[-_MAX_ENTRIES:])


def faults(evaluation: dg.AssetCheckEvaluation) -> int | None:
    """Return how many faults an hour's check counted, or None if it counts none."""
    value = evaluation.metadata.get(FAULTS)
    return int(str(value.value)) if value and evaluation.partition else None


def _key(result: CheckResult) -> str:
    check = result.evaluation
    return f"{check.asset_key.to_user_string()}:{check.check_name}:{check.partition}"
