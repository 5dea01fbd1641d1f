"""The staleness sensor: nothing fires when no run happens, so it looks at the newest snapshot itself.

Belongs here: the dead man's switch inside Dagster. One alert when an outage begins, and one when it is over
that says how many hours are missed. Each sink has its own state, so that one that is down holds up no other.
"""

import json
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

import dagster as dg

from velib_assets.alerts.alert import Alert, AlertError, AlertSink
from velib_assets.lake.keys import HOUR, hour_of, hour_text, hours_between, hours_text
from velib_assets.lake.listing import hours_in, newest_snapshot, utc_now
from velib_assets.lake.store import LakeStore

STALE_AFTER = timedelta(minutes=20)


def staleness_sensor(
    store: LakeStore,
    sinks: Sequence[AlertSink],
    schedule: dg.ScheduleDefinition,
    seconds: int = 60,
    *,
    others_tick: bool = False,
) -> dg.SensorDefinition:
    """The sensor `velib_staleness`; its rounds are `seconds` apart.

    It minds only while `schedule` is on; missed hours also where `others_tick`, as EventBridge does on AWS.
    """

    @dg.sensor(
        name="velib_staleness",
        description="Alerts when the newest snapshot is over 20 minutes old while the schedule is on, and "
        "says how many hours an outage has cost.",
        minimum_interval_seconds=seconds,
        default_status=dg.DefaultSensorStatus.RUNNING,
    )
    def velib_staleness(context: dg.SensorEvaluationContext) -> dg.SkipReason:
        state = json.loads(context.cursor) if context.cursor else {}
        now = utc_now()
        on_since = _on_since(context.instance, schedule, state, now)
        if on_since is None and not others_tick:
            context.update_cursor("{}")
            return dg.SkipReason("the schedule is off")
        state["on_since"] = on_since.isoformat() if on_since else None
        newest = newest_snapshot(store, now)
        said = [f"the newest snapshot is of {newest:%Y-%m-%d %H:%M:%S} UTC" if newest else "no snapshot yet"]
        for sink in sinks:
            sink_state = state.setdefault("sinks", {}).setdefault(sink.name, {})
            try:
                for alert in _due(store, sink_state, newest, on_since, now):
                    sink.send(alert)
            except AlertError as error:
                said.append(f"{error}; it is tried again in the next round")
        context.update_cursor(json.dumps(state))
        return dg.SkipReason("; ".join(said))

    return velib_staleness


def _due(
    store: LakeStore,
    sink_state: dict[str, Any],
    newest: datetime | None,
    on_since: datetime | None,
    now: datetime,
) -> Iterator[Alert]:
    """What a sink has to be told; `sink_state`, what it knows, moves on with each alert that it has taken."""
    last = max(filter(None, (newest, on_since)), default=now)
    if now - last <= STALE_AFTER:
        sink_state.pop("told", None)
    elif on_since and sink_state.get("told") != last.isoformat():
        yield Alert(
            f"stale:{last.isoformat()}",
            "ERROR",
            "no new snapshot for over 20 minutes",
            f"{f'The newest is of {newest:%Y-%m-%d %H:%M:%S} UTC' if newest else 'There is none yet'}. "
            "Is the feed up? Does the schedule tick?",
        )
        sink_state["told"] = last.isoformat()
    if newest:
        if lost := _missed(
            store, datetime.fromisoformat(sink_state.get("seen") or newest.isoformat()), newest
        ):
            yield Alert(
                f"missed:{hour_text(lost[0])}",
                "ERROR",
                f"hours missed: {len(lost)}",
                f"Snapshots come again, but nothing was taken in {hours_text(lost)} (UTC). "
                "The live feeds have no past; an archive can restore them: `velib backfill`.",
            )
        sink_state["seen"] = newest.isoformat()


def _missed(store: LakeStore, seen: datetime, newest: datetime) -> list[datetime]:
    """The hours between two snapshots in which nothing came at all, usable or not."""
    first, last = hour_of(seen) + HOUR, hour_of(newest) - HOUR
    if first > last:
        return []
    came = {hour for layer in ("raw", "quarantine") for hour in hours_in(store, layer, first, last)}
    return [hour for hour in hours_between(first, last) if hour not in came]


def _on_since(
    instance: dg.DagsterInstance,
    schedule: dg.ScheduleDefinition,
    state: dict[str, Any],
    now: datetime,
) -> datetime | None:
    """Since when the schedule is known to be on (UTC), or None while it is off.

    A schedule that was just switched on gets 20 minutes before anything counts as missing.
    """
    states = [s for s in instance.all_instigator_state() if s.name == schedule.name]
    on = states[-1].is_running if states else schedule.default_status is dg.DefaultScheduleStatus.RUNNING
    if not on:
        return None
    known = state.get("on_since")
    return datetime.fromisoformat(known) if known else now
