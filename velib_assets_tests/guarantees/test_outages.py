"""Outages heal: snapshots that arrived meanwhile are clean within two rounds, missed hours are alerted once.

The sensors and the graph are the real ones, on a real instance; only the staleness sensor's clock is set.
Snapshots arrive through the function that the Lambda calls.
"""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta

import dagster as dg
import pytest

from velib_assets.defs.sensors import staleness_sensor
from velib_assets.ingest.step import Ingest
from velib_assets.lake.folder_store import FolderStore
from velib_assets.lake.keys import HOUR, hour_text, hours_between, slots_of
from velib_assets.lake.ledger import MISSED, STORED, ledger
from velib_assets.lake.listing import slot_times
from velib_assets.resources import build_resources
from velib_assets.settings import Settings
from velib_assets.simulator.faults import parse_faults
from velib_assets.simulator.simulator import Simulator
from velib_assets_tests.clean.current import is_current
from velib_assets_tests.defs.sensors.test_healing_sensor import carry_out, evaluate
from velib_assets_tests.defs.sensors.test_staleness_sensor import Watch

pytestmark = pytest.mark.promise("outages")

STATIONS = 20
START = datetime(2026, 3, 2, tzinfo=UTC)
# For how many hours Dagster is off, and in which of them no snapshot arrives.
SHORT = ((9, range(3, 6)),)
FULL = ((9, range(3, 6)), (60, range(20, 21)), (30, range(0)), (300, range(100, 180)))


def arrive(store: FolderStore, hours: Iterable[datetime], faults: str = "") -> None:
    feed = Simulator(stations=STATIONS, faults=parse_faults(faults))
    for slot in (slot for hour in hours for slot in slots_of(hour)):
        Ingest(store, feed).take(slot, slot)


@pytest.fixture
def store(settings: Settings) -> FolderStore:
    return FolderStore(settings.lake)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[datetime]:
    now = [START]
    monkeypatch.setattr(staleness_sensor, "utc_now", lambda: now[0])
    return now


@pytest.mark.timeout(1800)
def test_outages_heal_in_two_rounds_and_send_one_alert(
    *,
    full: bool,
    figure: Callable[[str, float], None],
    settings: Settings,
    store: FolderStore,
    instance: dg.DagsterInstance,
    clock: list[datetime],
) -> None:
    watch, cursor, begin = Watch(instance, store, on=True), None, START
    came: list[datetime] = []
    for asleep, dark in FULL if full else SHORT:
        arrive(store, [begin])
        clock[0] = begin + HOUR
        watch.evaluate()
        hours = [begin + n * HOUR for n in range(1, asleep + 1)]
        missing = [hours[n] for n in dark]
        arrive(store, sorted({*hours} - {*missing}))
        came += [begin, *sorted({*hours} - {*missing})]

        clock[0] = hours[-1] + HOUR  # the daemon starts
        alerted = watch.evaluate()
        for _ in range(2):
            requests, cursor = evaluate(settings, instance, cursor)
            assert all(carry_out(settings, instance, request) for request in requests)
        assert [hour_text(hour) for hour in came if not is_current(store, hour)] == []
        assert evaluate(settings, instance, cursor)[0] == []

        alerts = watch.sink.alerts[alerted - 1 :] if dark else []
        assert [alert.id for alert in alerts] == [f"missed:{hour_text(hour)}" for hour in missing[:1]]
        assert all(alert.title.startswith(f"{len(missing)} hour") for alert in alerts)
        assert watch.evaluate() == alerted
        slots = ledger([begin, *hours], lambda hour: slot_times(store, hour), clock[0])
        states = {state: {slot.start for slot in slots if slot.state == state} for state in (STORED, MISSED)}
        assert states[MISSED] == {slot for hour in missing for slot in slots_of(hour)}
        assert len(slots) == 4 * (asleep + 1) == sum(map(len, states.values()))
        begin = hours[-1] + HOUR
        figure("hours of downtime", asleep)
        figure("of them without raw", len(missing))
    query = build_resources(settings).query_engine.query
    rows = query("SELECT ingested_ts, count(*) AS n FROM source_velib GROUP BY ingested_ts")
    assert len(rows) == 4 * len(came)
    assert set(rows["n"]) == {STATIONS}
    figure("outages", len(FULL if full else SHORT))
    figure("lost", 4 * len(came) - len(rows))


def test_alert_after_a_crash_of_the_staleness_sensor_has_the_same_id(
    store: FolderStore, instance: dg.DagsterInstance, clock: list[datetime]
) -> None:
    """The cursor was not saved, and another snapshot arrived meanwhile."""
    watch = Watch(instance, store, on=True)
    arrive(store, [START])
    clock[0] = START + HOUR
    watch.evaluate()
    saved = watch.cursor
    for hour in (START + 5 * HOUR, START + 6 * HOUR):
        arrive(store, [hour])
        clock[0], watch.cursor = hour + HOUR, saved
        watch.evaluate()
    assert [alert.id for alert in watch.sink.alerts] == ["missed:2026-03-02T01"] * 2


def test_missed_hours_are_alerted_with_the_schedule_off_where_others_tick(
    store: FolderStore, instance: dg.DagsterInstance, clock: list[datetime]
) -> None:
    """On AWS EventBridge may tick. An alarm of CloudWatch reports when nothing arrives."""
    watch = Watch(instance, store, on=False, external_ticks=True)
    arrive(store, [START])
    for later in (1, 8):
        clock[0] = START + later * HOUR
        watch.evaluate()
    arrive(store, [START + 8 * HOUR])
    clock[0] += timedelta(minutes=50)
    watch.evaluate()
    assert [alert.title for alert in watch.sink.alerts] == ["7 hours missed: snapshots have resumed"]


def test_hours_with_only_bad_responses_are_not_missed(
    store: FolderStore, instance: dg.DagsterInstance, clock: list[datetime]
) -> None:
    """Each was alerted when it arrived."""
    watch = Watch(instance, store, on=True)
    arrive(store, [START])
    clock[0] = START + HOUR
    watch.evaluate()
    arrive(store, hours_between(START + HOUR, START + 3 * HOUR), faults="html")
    arrive(store, [START + 4 * HOUR])
    clock[0] = START + 5 * HOUR
    watch.evaluate()
    assert watch.sink.alerts == []
