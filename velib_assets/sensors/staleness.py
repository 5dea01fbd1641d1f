"""The staleness sensor: nothing fires when no run happens, so it looks at the newest snapshot itself.

Belongs here: the dead man's switch inside Dagster. One alert an outage, and one word when it is over.
"""

import json
from collections.abc import Sequence
from datetime import datetime, timedelta

import dagster as dg

from velib_assets.resources.alerts import Alert, AlertError, AlertSink
from velib_assets.runtime.lake import newest_snapshot, utc_now
from velib_assets.runtime.store import LakeStore

STALE_AFTER = timedelta(minutes=20)


def staleness_sensor(
    store: LakeStore, sinks: Sequence[AlertSink], schedule: dg.ScheduleDefinition, seconds: int = 60
) -> dg.SensorDefinition:
    """The sensor `velib_staleness`, which minds only while `schedule` is on; rounds are `seconds` apart."""

    @dg.sensor(
        name="velib_staleness",
        description="Alerts when the newest snapshot is over 20 minutes old while the schedule is on.",
        minimum_interval_seconds=seconds,
        default_status=dg.DefaultSensorStatus.RUNNING,
    )
    def velib_staleness(context: dg.SensorEvaluationContext) -> dg.SkipReason:
        state = json.loads(context.cursor) if context.cursor else {}
        now = utc_now()
        on_since = _on_since(context.instance, schedule, state, now)
        if on_since is None:
            context.update_cursor("{}")
            return dg.SkipReason("the schedule is off")
        state["on_since"] = on_since.isoformat()
        newest = newest_snapshot(store, now)
        last = max(filter(None, (newest, on_since)))
        said = f"the newest snapshot is of {newest:%Y-%m-%d %H:%M:%S} UTC" if newest else "no snapshot yet"
        if now - last <= STALE_AFTER:
            state.pop("told", None)
        elif state.get("told") != last.isoformat():
            alert = Alert(
                f"stale:{last.isoformat()}",
                "ERROR",
                "no new snapshot for over 20 minutes",
                f"{said}. Is the feed up? Do the ticks of {schedule.name} run?",
            )
            try:
                for sink in sinks:
                    sink.send(alert)
                state["told"] = last.isoformat()
            except AlertError as error:
                said = f"{error}; it is tried again in the next round"
        context.update_cursor(json.dumps(state))
        return dg.SkipReason(said)

    return velib_staleness


def _on_since(
    instance: dg.DagsterInstance,
    schedule: dg.ScheduleDefinition,
    state: dict[str, str],
    now: datetime,
) -> datetime | None:
    """Since when the schedule is known to be on (UTC), or None while it is off.

    A schedule that was just switched on gets 20 minutes before anything counts as missing.
    """
    states = [s for s in instance.all_instigator_state() if s.name == schedule.name]
    on = states[-1].is_running if states else schedule.default_status is dg.DefaultScheduleStatus.RUNNING
    if not on:
        return None
    return datetime.fromisoformat(state["on_since"]) if "on_since" in state else now
