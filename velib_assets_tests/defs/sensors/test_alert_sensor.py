"""The alert sensor: everything that failed, once, with a stable id, and again where a sink was down."""

import json
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from velib_assets.alerts.alert import Alert, AlertError, AlertSink, WebhookSink
from velib_assets.defs.sensors.alert_sensor import alert_sensor
from velib_assets_tests.defs.test_graph import from_archive, run
from velib_assets_tests.http_server import LocalServer, Reply
from velib_assets_tests.samples import HOUR, at, body, record, records

HOOK = "/hook"


@pytest.fixture
def receiver() -> Iterator[LocalServer]:
    with LocalServer() as server:
        server.queue(HOOK, Reply())
        yield server


class Kept:
    """A sink that keeps what it is sent, and fails while it is down."""

    name = "kept"

    def __init__(self) -> None:
        self.alerts: list[Alert] = []
        self.down_after: int | None = None

    def send(self, alert: Alert) -> None:
        if self.down_after is not None and len(self.alerts) >= self.down_after:
            raise AlertError("kept is down")
        self.alerts.append(alert)


def evaluate(instance: dg.DagsterInstance, cursor: str | None, *sinks: AlertSink) -> str | None:
    """One round of the sensor; the cursor after it."""
    context = dg.build_sensor_context(instance=instance, cursor=cursor)
    alert_sensor(sinks).evaluate_tick(context)
    return context.cursor


@dg.op
def broken() -> None:
    """Fails as no check can tell."""
    raise RuntimeError("the disk is on fire")


@dg.job
def broken_job() -> None:
    """A run that fails."""
    broken()


def test_a_run_blocked_by_a_check_has_the_checks_alert_alone(
    tmp_path: Path, instance: dg.DagsterInstance, receiver: LocalServer
) -> None:
    settings = from_archive(tmp_path, {HOUR: b"[]"})
    assert not run(settings, instance, HOUR).success
    evaluate(instance, None, WebhookSink("webhook 1", receiver.url + HOOK))
    (request,) = receiver.requests
    told = json.loads(request.body)
    assert "usable_snapshot" in told["text"]
    assert "contains no stations" in told["text"]
    assert told["severity"] == "ERROR"


def test_nothing_is_told_twice(tmp_path: Path, instance: dg.DagsterInstance) -> None:
    kept = Kept()
    run(from_archive(tmp_path, {HOUR: b"[]"}), instance, HOUR)
    cursor = evaluate(instance, None, kept)
    evaluate(instance, cursor, kept)
    assert len(kept.alerts) == 1


def test_the_same_alert_has_the_same_id_when_it_has_to_be_sent_again(
    tmp_path: Path, instance: dg.DagsterInstance
) -> None:
    """A crash between sending and saving the cursor sends again; the receiver drops it by its id."""
    run(from_archive(tmp_path, {HOUR: b"[]"}), instance, HOUR)
    first, second = Kept(), Kept()
    evaluate(instance, None, first)
    evaluate(instance, None, second)
    assert [alert.id for alert in first.alerts] == [alert.id for alert in second.alerts]


def test_a_sink_that_is_down_gets_it_later_and_the_others_only_once(
    tmp_path: Path, instance: dg.DagsterInstance
) -> None:
    good, down = Kept(), Kept()
    down.name, down.down_after = "down", 0
    run(from_archive(tmp_path, {HOUR: b"[]"}), instance, HOUR)
    cursor = evaluate(instance, None, good, down)
    down.down_after = None
    evaluate(instance, cursor, good, down)
    assert (len(good.alerts), len(down.alerts)) == (1, 1)


def test_a_sink_that_is_down_holds_up_no_other(tmp_path: Path, instance: dg.DagsterInstance) -> None:
    """Whatever their order, and for every run after."""
    down, good = Kept(), Kept()
    down.name, down.down_after = "down", 0
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        run(from_archive(tmp_path / name, {HOUR: b"[]"}), instance, HOUR)
    evaluate(instance, None, down, good)
    assert len(good.alerts) == 2


def test_an_alert_that_is_refused_for_good_is_given_up_and_the_next_goes_on(
    instance: dg.DagsterInstance, receiver: LocalServer
) -> None:
    for _ in range(2):
        broken_job.execute_in_process(instance=instance, raise_on_error=False)
    receiver.queue("/picky", *[Reply(status=413)] * 6, Reply())
    cursor = None
    for _ in range(7):
        cursor = evaluate(instance, cursor, WebhookSink("webhook 1", receiver.url + "/picky"))
    ids = [json.loads(request.body)["id"] for request in receiver.requests]
    assert (len(ids), len(set(ids))) == (7, 2)


def test_runs_are_told_in_the_order_in_which_they_ended(tmp_path: Path, instance: dg.DagsterInstance) -> None:
    """However they ended."""
    kept = Kept()
    broken_job.execute_in_process(instance=instance, raise_on_error=False)
    assert run(from_archive(tmp_path, {HOUR: body(records())}), instance, HOUR).success
    broken_job.execute_in_process(instance=instance, raise_on_error=False)
    evaluate(instance, None, kept)
    assert ["run" in alert.title.split() for alert in kept.alerts] == [True, False, True]


def test_checks_that_failed_in_a_run_that_went_on_are_told_too(
    tmp_path: Path, instance: dg.DagsterInstance
) -> None:
    kept = Kept()
    settings = from_archive(tmp_path, {at(0): body(records()), at(15): body([record(None)] * 40)})
    assert run(settings, instance, HOUR).success
    evaluate(instance, None, kept)
    titles = {alert.title.partition("check ")[2]: alert.severity for alert in kept.alerts}
    assert titles == {
        "quarantined_snapshot failed for 2022-06-04T10": "ERROR",
        "complete_hour failed for 2022-06-04T10": "WARN",
    }


def test_a_failed_run_is_told_with_its_error(instance: dg.DagsterInstance) -> None:
    kept = Kept()
    broken_job.execute_in_process(instance=instance, raise_on_error=False)
    evaluate(instance, None, kept)
    (alert,) = kept.alerts
    assert "failed" in alert.title
    assert "the disk is on fire" in alert.text


def test_what_failed_long_before_the_first_round_is_not_told(
    instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    from velib_assets.defs.sensors import alert_sensor

    kept = Kept()
    broken_job.execute_in_process(instance=instance, raise_on_error=False)
    now = alert_sensor._now()
    monkeypatch.setattr(alert_sensor, "_now", lambda: now + 3600)
    evaluate(instance, None, kept)
    assert kept.alerts == []


def test_a_webhook_that_refuses_is_named_without_its_address(receiver: LocalServer) -> None:
    """The address of a webhook is a secret."""
    receiver.queue("/s3cret", Reply(status=403))
    with pytest.raises(AlertError, match="webhook 1 returned HTTP 403") as error:
        WebhookSink("webhook 1", receiver.url + "/s3cret").send(Alert("1", "WARN", "t", "x"))
    assert "s3cret" not in str(error.value)
