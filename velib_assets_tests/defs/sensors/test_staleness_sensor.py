"""The staleness sensor: one alert per outage, and only while the schedule is on."""

from datetime import datetime, timedelta
from pathlib import Path

import dagster as dg
import pytest

from velib_assets.alerts.sinks import AlertSink
from velib_assets.defs.jobs import pipeline_schedule
from velib_assets.defs.sensors import staleness_sensor
from velib_assets.lake.folder_store import FolderStore
from velib_assets.lake.keys import raw_key
from velib_assets.lake.listing import utc_now
from velib_assets_tests.defs.sensors.test_alert_sensor import RecordingSink
from velib_assets_tests.samples import raw, records


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


def test_schedule_just_switched_on_gets_twenty_minutes(
    instance: dg.DagsterInstance, store: FolderStore, clock: list[datetime]
) -> None:
    """Even if the newest snapshot is a week old."""
    watch = Watch(instance, store, on=True)
    arrive(store, clock[0] - timedelta(days=7))
    assert watch.evaluate() == 0
    clock[0] += timedelta(minutes=21)
    assert watch.evaluate() == 1
