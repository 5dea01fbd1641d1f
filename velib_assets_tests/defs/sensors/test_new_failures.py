"""A fault that each tick finds again in its hour is alerted once; a new fault is alerted as well."""

import gzip
from pathlib import Path

import dagster as dg
import pytest

from velib_assets.alerts.sinks import Alert, AlertError
from velib_assets.defs.checks import FAULTS
from velib_assets.defs.sensors.alert_sensor import new_failures, update_alerted
from velib_assets.defs.sensors.run_alerts import CheckResult
from velib_assets.settings import Settings
from velib_assets_tests.defs.sensors.test_alert_sensor import RecordingSink, evaluate
from velib_assets_tests.defs.test_graph import from_archive, run
from velib_assets_tests.samples import HOUR, at, body, record, records

ODD = body([*records(), record("9999", numbikesavailable=-3)])


class Hour:
    """An hour that is cleaned again with each snapshot, and the alerts about its rejected rows."""

    def __init__(self, folder: Path, instance: dg.DagsterInstance) -> None:
        self._settings: Settings = from_archive(folder, {at(0): body(records())})
        self._archive, self._instance = folder / "archive", instance
        self.sink, self._cursor = RecordingSink(), ""

    def tick(self, minute: int, data: bytes) -> None:
        """Store a snapshot, clean the hour and evaluate the sensor."""
        self.arrive(minute, data)
        self.evaluate()

    def arrive(self, minute: int, data: bytes) -> None:
        """Store a snapshot and clean the hour."""
        (self._archive / f"{at(minute):%Y%m%dT%H%M%SZ}.json.gz").write_bytes(gzip.compress(data))
        assert run(self._settings, self._instance, HOUR).success

    def evaluate(self, *, crashed: bool = False) -> None:
        """A round of the sensor, which may crash before it saves its cursor."""
        cursor = evaluate(self._instance, self._cursor or None, self.sink) or ""
        self._cursor = self._cursor if crashed else cursor

    def ids(self) -> list[str]:
        """Return the ids of the alerts about rejected rows."""
        return [alert.id for alert in self.sink.alerts if "rejected_rows" in alert.title]


@pytest.fixture
def hour(tmp_path: Path, instance: dg.DagsterInstance) -> Hour:
    return Hour(tmp_path, instance)


def test_fault_is_alerted_once_however_often_its_hour_is_cleaned(hour: Hour) -> None:
    counts = []
    for minute, data in ((0, body(records())), (15, ODD), (30, body(records())), (45, body(records()))):
        hour.tick(minute, data)
        counts.append(len(hour.ids()))
    assert counts == [0, 1, 1, 1]


def test_second_fault_of_the_hour_is_alerted(hour: Hour) -> None:
    for minute in (15, 30, 45):
        hour.tick(minute, ODD if minute != 30 else body(records()))
    assert len(set(hour.ids())) == 2


def test_alert_after_a_crash_has_the_same_id(hour: Hour) -> None:
    hour.tick(15, body(records()))
    hour.arrive(30, ODD)
    hour.evaluate(crashed=True)
    hour.evaluate()
    assert len(hour.ids()) == 2
    assert len(set(hour.ids())) == 1


def test_dropped_alert_is_sent_with_the_next_tick(hour: Hour, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: Alert) -> None:
        raise AlertError("the sink refuses it", permanent=True)

    hour.arrive(15, ODD)
    with monkeypatch.context() as patch:
        patch.setattr(hour.sink, "send", refuse)
        for _ in range(20):
            hour.evaluate()
    assert hour.ids() == []
    hour.tick(30, body(records()))
    assert len(hour.ids()) == 1


def checked(faults: int | None, partition: str | None = "2022-06-04-10:00") -> CheckResult:
    """Return an evaluation with a number of faults; with None it has no count, and fails."""
    facts = {} if faults is None else {FAULTS: faults}
    return CheckResult(
        1,
        dg.AssetCheckEvaluation(
            asset_key=dg.AssetKey("clean_stations"),
            check_name="rejected_rows",
            passed=faults == 0,
            metadata={name: dg.MetadataValue.int(value) for name, value in facts.items()},
            partition=partition,
        ),
    )


def test_fault_that_returns_is_alerted_again() -> None:
    alerted = update_alerted([checked(3)], {})
    assert not new_failures([checked(3)], alerted)
    assert new_failures([checked(4)], alerted)
    assert new_failures([checked(3)], update_alerted([checked(0)], alerted))
    assert new_failures([checked(3)], update_alerted([checked(2)], alerted))


def test_failure_without_a_fault_count_is_alerted_every_time() -> None:
    for one in (checked(None), checked(3, partition=None)):
        assert new_failures([one], update_alerted([one], {}))


def test_alerted_faults_are_bounded() -> None:
    alerted: dict[str, int] = {}
    for n in range(1000):
        alerted = update_alerted([checked(1, partition=f"hour {n}")], alerted)
    assert len(alerted) == 200
    assert not new_failures([checked(1, partition="hour 999")], alerted)
