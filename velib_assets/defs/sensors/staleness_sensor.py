"""The staleness sensor: alerts when no new snapshot arrives.

No other alert fires when no run happens. It alerts once when an outage begins, and once when it is over, with
the number of missed hours; hours before the schedule was switched on are not missed. Each sink has its own
state, so that a sink that is down delays no other.
"""

import json
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

import dagster as dg

from velib_assets.alerts.sinks import Alert, AlertError, AlertSink, network_alert
from velib_assets.defs.schedule_state import SCHEDULE, is_on, switched_on_at
from velib_assets.lake.keys import HOUR, hour_of, hour_text, hours_between, hours_text
from velib_assets.lake.listing import hours_in, newest_snapshot, utc_now
from velib_assets.lake.network import KEY
from velib_assets.lake.store import LakeStore

STALE_AFTER = timedelta(minutes=20)


def staleness_sensor(
    store: LakeStore,
    sinks: Sequence[AlertSink],
    schedule: dg.ScheduleDefinition,
    seconds: int = 60,
    *,
    external_ticks: bool = False,
) -> dg.SensorDefinition:
    """Return the sensor `<network>_staleness`.

    Args:
        store: The lake.
        sinks: Where alerts go.
        schedule: The schedule that takes snapshots; while it is off, none are expected.
        seconds: The time between two evaluations.
        external_ticks: Whether something else may take snapshots, such as EventBridge on AWS. Missed hours
            are then alerted even while the schedule is off.
    """

    @dg.sensor(
        name=f"{KEY}_staleness",
        description="Alerts when the newest snapshot is more than 20 minutes old while the schedule is on, "
        "and reports the missed hours after an outage.",
        minimum_interval_seconds=seconds,
        default_status=dg.DefaultSensorStatus.RUNNING,
    )
    def alert_if_stale(context: dg.SensorEvaluationContext) -> dg.SkipReason:
        state = json.loads(context.cursor) if context.cursor else {}
        now = utc_now()
        on_since = _on_since(context.instance, schedule, state, now)
        if on_since is None and not external_ticks:
            context.update_cursor("{}")
            return dg.SkipReason("the schedule is off")
        state["on_since"] = on_since.isoformat() if on_since else None
        newest = newest_snapshot(store, now)
        lines = [f"newest snapshot: {newest:%Y-%m-%d %H:%M:%S} UTC" if newest else "no snapshot yet"]
        for sink in sinks:
            sink_state = state.setdefault("sinks", {}).setdefault(sink.name, {})
            try:
                for alert in _due_alerts(store, sink_state, newest, on_since, now):
                    sink.send(alert)
            except AlertError as error:
                lines.append(f"{error}; the next round will retry")
        context.update_cursor(json.dumps(state))
        return dg.SkipReason("; ".join(lines))

    return alert_if_stale


def _due_alerts(
    store: LakeStore,
    sink_state: dict[str, Any],
    newest: datetime | None,
    on_since: datetime | None,
    now: datetime,
) -> Iterator[Alert]:
    """Yield the alerts that a sink has not received. Its state advances after each accepted alert."""
    last = max(filter(None, (newest, on_since)), default=now)
    if now - last <= STALE_AFTER:
        sink_state.pop("told", None)
    elif on_since and sink_state.get("told") != last.isoformat():
        age = f"The newest is from {newest:%Y-%m-%d %H:%M:%S} UTC." if newest else "The lake has none yet."
        yield network_alert(
            f"stale:{last.isoformat()}",
            "ERROR",
            "no new snapshot for more than 20 minutes",
            f"{age} Check the feed's service, and the ticks of {SCHEDULE} in the Dagster UI.",
        )
        sink_state["told"] = last.isoformat()
    seen = _accounted_until(sink_state.get("seen"), newest, on_since)
    if newest and seen:
        if missed := _missed_hours(store, seen, newest):
            number = f"{len(missed)} hour{'s' if len(missed) > 1 else ''}"
            yield network_alert(
                f"missed:{hour_text(missed[0])}",
                "ERROR",
                f"{number} missed: snapshots have resumed",
                f"No snapshot was taken in {hours_text(missed)} (UTC). The live feeds have no past. "
                "If an archive has these hours, set VELIB_SOURCE=archive and VELIB_ARCHIVE, "
                "and run `velib backfill`.",
            )
        seen = max(seen, newest)
    if seen:
        sink_state["seen"] = seen.isoformat()


def _accounted_until(seen: str | None, newest: datetime | None, on_since: datetime | None) -> datetime | None:
    """Return the time before which no hour counts as missed: of the last snapshot seen, or of the switch.

    The hour of this time does not count either, but an hour that begins with the switch does.
    """
    last = datetime.fromisoformat(seen) if seen else newest
    switch = on_since - timedelta(microseconds=1) if on_since else None
    return max(filter(None, (last, switch)), default=None)


def _missed_hours(store: LakeStore, seen: datetime, newest: datetime) -> list[datetime]:
    """Return the hours between two times in which no response arrived, usable or not."""
    first, last = hour_of(seen) + HOUR, hour_of(newest) - HOUR
    if first > last:
        return []
    arrived = {hour for layer in ("raw", "quarantine") for hour in hours_in(store, layer, first, last)}
    return [hour for hour in hours_between(first, last) if hour not in arrived]


def _on_since(
    instance: dg.DagsterInstance, schedule: dg.ScheduleDefinition, state: dict[str, Any], now: datetime
) -> datetime | None:
    """Return the time (UTC) from which the schedule is known to be on, or None while it is off.

    A schedule that was just switched on gets 20 minutes before a snapshot counts as missing.
    """
    if not is_on(instance, by_default=schedule.default_status is dg.DefaultScheduleStatus.RUNNING):
        return None
    known = state.get("on_since")
    return switched_on_at(instance) or (datetime.fromisoformat(known) if known else now)
