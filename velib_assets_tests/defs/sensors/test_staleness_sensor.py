"""The staleness sensor: one alert per outage, and only while the schedule is on."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import pytest

from velib_assets.alerts.sinks import AlertSink
from velib_assets.defs.jobs import pipeline_schedule
from velib_assets.defs.sensors import staleness_sensor
from velib_assets.lake.folder_store import FolderStore
from velib_assets.lake.keys import raw_key
from velib_assets.lake.listing import utc_now
from velib_assets_tests.defs.schedule_switch import switch
from velib_assets_tests.defs.sensors.test_alert_sensor import RecordingSink
from velib_assets_tests.samples import raw, records

TEN = datetime(2026, 3, 2, 10, tzinfo=UTC)


class Watch:
    """The sensor on a lake, with a clock that the test sets."""

    def __init__(
        self, instance: dg.DagsterInstance, store: FolderStore, *, on: bool, external_ticks: bool = False
    ) -> None:
        self.sink, self._instance = RecordingSink(), instance
        self.cursor: str | None = None
        self.sinks: list[AlertSink] = [self.sink]
        schedule = pipeline_schedule(on=on)
        self._sensor = staleness_sensor.staleness_sensor(
            store, self.sinks, schedule, external_ticks=external_ticks
        )

    def evaluate(self) -> int:
        """Evaluate the sensor once; return how many alerts were sent so far."""
        context = dg.build_sensor_context(instance=self._instance, cursor=self.cursor)
        self._sensor.evaluate_tick(context)
        self.cursor = context.cursor
        return len(self.sink.alerts)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[datetime]:
    """The sensor's clock, as a list with one time."""
    now = [utc_now()]
    monkeypatch.setattr(staleness_sensor, "utc_now", lambda: now[0])
    return now


@pytest.fixture
def store(tmp_path: Path) -> FolderStore:
    return FolderStore(tmp_path)


def arrive(store: FolderStore, moment: datetime) -> None:
    store.create(raw_key(moment), raw(records()).data)


def test_outage_sends_one_alert(
    instance: dg.DagsterInstance, store: FolderStore, clock: list[datetime]
) -> None:
    watch = Watch(instance, store, on=True)
    arrive(store, clock[0])
    sent = []
    for _ in range(6):
        sent.append(watch.evaluate())
        clock[0] += timedelta(minutes=9)
    assert sent == [0, 0, 0, 1, 1, 1]


def test_second_outage_sends_another_alert(
    instance: dg.DagsterInstance, store: FolderStore, clock: list[datetime]
) -> None:
    watch = Watch(instance, store, on=True)
    arrive(store, clock[0])
    for _ in range(2):
        watch.evaluate()
        clock[0] += timedelta(minutes=30)
        watch.evaluate()
        arrive(store, clock[0])
        watch.evaluate()
    assert len(watch.sink.alerts) == 2


def test_failed_sink_gets_its_alert_later_and_the_others_only_once(
    instance: dg.DagsterInstance, store: FolderStore, clock: list[datetime]
) -> None:
    """A failed sink must not make the others get an alert in every round."""
    watch, down = Watch(instance, store, on=True), RecordingSink()
    down.name, down.down_after = "down", 0
    watch.sinks.insert(0, down)
    arrive(store, clock[0])
    for _ in range(3):
        watch.evaluate()
        clock[0] += timedelta(minutes=30)
    down.down_after = None
    watch.evaluate()
    assert [alert.id for alert in down.alerts] == [alert.id for alert in watch.sink.alerts]
    assert len(down.alerts) == 1


def test_no_alert_while_the_schedule_is_off(
    instance: dg.DagsterInstance, store: FolderStore, clock: list[datetime]
) -> None:
    watch = Watch(instance, store, on=False)
    arrive(store, clock[0])
    clock[0] += timedelta(days=2)
    assert watch.evaluate() == 0


def titles(watch: Watch) -> list[str]:
    return [alert.title for alert in watch.sink.alerts if "missed" in alert.title]


@pytest.mark.parametrize("older", [[], [TEN - timedelta(days=7)]], ids=["empty lake", "week-old lake"])
def test_hours_are_missed_from_the_moment_the_schedule_was_switched_on(
    older: list[datetime], instance: dg.DagsterInstance, store: FolderStore, clock: list[datetime]
) -> None:
    """From 10:20 on the feed is down, until 14:00: the hours 11 to 13 are missed."""
    for moment in older:
        arrive(store, moment)
    watch, clock[0] = Watch(instance, store, on=False), TEN
    watch.evaluate()
    switch(instance, TEN + timedelta(minutes=20), on=True)
    for minutes in (21, 60, 240):
        clock[0] = TEN + timedelta(minutes=minutes)
        watch.evaluate()
    arrive(store, TEN + timedelta(hours=4))
    watch.evaluate()
    assert titles(watch) == ["3 hours missed: snapshots have resumed"]


def test_schedule_switched_off_and_on_misses_nothing_in_between(
    instance: dg.DagsterInstance, store: FolderStore, clock: list[datetime]
) -> None:
    """Also if the sensor was not evaluated while it was off, as when make dev was stopped."""
    watch, clock[0] = Watch(instance, store, on=False), TEN + timedelta(minutes=1)
    switch(instance, TEN, on=True)
    arrive(store, TEN)
    watch.evaluate()
    back = TEN + timedelta(hours=8)
    switch(instance, back, on=False)
    switch(instance, back, on=True)
    arrive(store, back)
    clock[0] = back + timedelta(minutes=1)
    watch.evaluate()
    assert titles(watch) == []


def test_schedule_just_switched_on_gets_twenty_minutes(
    instance: dg.DagsterInstance, store: FolderStore, clock: list[datetime]
) -> None:
    """Even if the newest snapshot is a week old."""
    watch = Watch(instance, store, on=True)
    arrive(store, clock[0] - timedelta(days=7))
    assert watch.evaluate() == 0
    clock[0] += timedelta(minutes=21)
    assert watch.evaluate() == 1
