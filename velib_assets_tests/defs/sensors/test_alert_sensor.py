"""The alert sensor: each failure once, with a stable id, and again for a sink that was down."""

import base64
import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from velib_assets.alerts.sinks import Alert, AlertError, AlertSink, WebhookSink
from velib_assets.defs.sensors import alert_sensor
from velib_assets.lake.listing import utc_now
from velib_assets_tests.defs.test_graph import from_archive, run
from velib_assets_tests.http_server import LocalServer, Reply
from velib_assets_tests.samples import HOUR, at, body, record, records

HOOK = "/hook"


@pytest.fixture
def receiver() -> Iterator[LocalServer]:
    with LocalServer() as server:
        server.queue(HOOK, Reply())
        yield server


class RecordingSink:
    """A sink that records its alerts, and fails while it is down."""

    name = "recording"

    def __init__(self) -> None:
        self.alerts: list[Alert] = []
        self.down_after: int | None = None

    def send(self, alert: Alert) -> None:
        if self.down_after is not None and len(self.alerts) >= self.down_after:
            raise AlertError("recording is down")
        self.alerts.append(alert)


def evaluate(instance: dg.DagsterInstance, cursor: str | None, *sinks: AlertSink) -> str | None:
    """Evaluate the sensor once and return its cursor."""
    context = dg.build_sensor_context(instance=instance, cursor=cursor)
    alert_sensor.alert_sensor(sinks).evaluate_tick(context)
    return context.cursor


@dg.op
def broken() -> None:
    """Fails without a check."""
    raise RuntimeError("the disk is on fire")


@dg.job
def broken_job() -> None:
    """A run that fails."""
    broken()


def test_run_blocked_by_a_check_sends_only_the_checks_alert(
    tmp_path: Path, instance: dg.DagsterInstance, receiver: LocalServer
) -> None:
    settings = from_archive(tmp_path, {HOUR: b"[]"})
    assert run(settings, instance, HOUR).success
    evaluate(instance, None, WebhookSink("webhook 1", receiver.url + HOOK))
    (request,) = receiver.requests
    alert = json.loads(request.body)
    assert "usable_snapshot" in alert["text"]
    assert "contains no stations" in alert["text"]
    assert alert["severity"] == "ERROR"


def test_second_round_sends_nothing_again(tmp_path: Path, instance: dg.DagsterInstance) -> None:
    sink = RecordingSink()
    run(from_archive(tmp_path, {HOUR: b"[]"}), instance, HOUR)
    cursor = evaluate(instance, None, sink)
    evaluate(instance, cursor, sink)
    assert len(sink.alerts) == 1


def test_repeated_alert_has_the_same_id(tmp_path: Path, instance: dg.DagsterInstance) -> None:
    """A crash between sending and saving the cursor sends again; the receiver drops it by its id."""
    run(from_archive(tmp_path, {HOUR: b"[]"}), instance, HOUR)
    first, second = RecordingSink(), RecordingSink()
    evaluate(instance, None, first)
    evaluate(instance, None, second)
    assert [alert.id for alert in first.alerts] == [alert.id for alert in second.alerts]


def test_cursor_of_an_earlier_version_goes_on_where_it_was(instance: dg.DagsterInstance) -> None:
    """No alert is lost or repeated by an upgrade: the state is written out here as version 0.1 wrote it."""
    first, second = (
        broken_job.execute_in_process(instance=instance, raise_on_error=False).run_id for _ in range(2)
    )
    kind = dg.DagsterEventType.RUN_FAILURE
    (record,) = [
        end for end in instance.fetch_run_status_changes(kind, limit=9).records if end.run_id == first
    ]
    position = json.dumps({"type": "STORAGE_ID", "value": record.storage_id})
    sink_state = {
        "taken": [],
        "refused": 0,
        "PIPELINE_FAILURE": base64.b64encode(position.encode()).decode(),
        "told": {"clean_stations:rejected_rows:2022-06-04-10:00": 1},
    }
    sink = RecordingSink()
    cursor = evaluate(instance, json.dumps({"since": 0.0, "sinks": {"recording": sink_state}}), sink)
    assert [alert.id for alert in sink.alerts] == [f"{second}:run"]
    evaluate(instance, cursor, sink)
    assert len(sink.alerts) == 1


def test_failed_sink_gets_its_alert_later_and_the_others_only_once(
    tmp_path: Path, instance: dg.DagsterInstance
) -> None:
    good, down = RecordingSink(), RecordingSink()
    down.name, down.down_after = "down", 0
    run(from_archive(tmp_path, {HOUR: b"[]"}), instance, HOUR)
    cursor = evaluate(instance, None, good, down)
    down.down_after = None
    evaluate(instance, cursor, good, down)
    assert (len(good.alerts), len(down.alerts)) == (1, 1)


def test_failed_sink_delays_no_other(tmp_path: Path, instance: dg.DagsterInstance) -> None:
    """Whatever their order, and for every later run."""
    down, good = RecordingSink(), RecordingSink()
    down.name, down.down_after = "down", 0
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        run(from_archive(tmp_path / name, {HOUR: b"[]"}), instance, HOUR)
    evaluate(instance, None, down, good)
    assert len(good.alerts) == 2


def test_alert_refused_for_good_is_dropped_and_the_next_is_sent(
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


def test_runs_are_reported_in_the_order_in_which_they_ended(
    tmp_path: Path, instance: dg.DagsterInstance
) -> None:
    """However they ended."""
    sink = RecordingSink()
    broken_job.execute_in_process(instance=instance, raise_on_error=False)
    assert run(from_archive(tmp_path, {HOUR: body(records())}), instance, HOUR).success
    broken_job.execute_in_process(instance=instance, raise_on_error=False)
    evaluate(instance, None, sink)
    assert ["run" in alert.title.split() for alert in sink.alerts] == [True, False, True]


def test_failed_checks_of_a_successful_run_are_sent(tmp_path: Path, instance: dg.DagsterInstance) -> None:
    sink = RecordingSink()
    settings = from_archive(tmp_path, {at(0): body(records()), at(15): body([record(None)] * 40)})
    assert run(settings, instance, HOUR).success
    evaluate(instance, None, sink)
    titles = {alert.title.partition("check ")[2]: alert.severity for alert in sink.alerts}
    assert titles == {
        "quarantined_snapshot failed for 2022-06-04T10": "ERROR",
        "complete_hour failed for 2022-06-04T10": "WARN",
    }


def test_failed_run_is_sent_with_its_error(instance: dg.DagsterInstance) -> None:
    sink = RecordingSink()
    broken_job.execute_in_process(instance=instance, raise_on_error=False)
    evaluate(instance, None, sink)
    (alert,) = sink.alerts
    assert "failed" in alert.title
    assert "the disk is on fire" in alert.text


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        (None, "The run's process ended without an error; it may have been killed. It got signal 9."),
        ("Exceeded maximum runtime of 14400 seconds.", "Exceeded maximum runtime of 14400 seconds."),
    ],
)
@pytest.mark.parametrize(
    ("tags", "follows"),
    [
        ({}, "It is not retried. Healing requests outdated hours."),
        ({"dagster/will_retry": "true"}, "Dagster retries it."),
        ({"dagster/will_retry": "true", "dagster/auto_retry_run_id": "1"}, "Dagster retries it."),
    ],
)
def test_run_that_failed_from_outside_is_sent_with_its_reason_and_what_follows(
    message: str | None, reason: str, tags: dict[str, str], follows: str, instance: dg.DagsterInstance
) -> None:
    sink = RecordingSink()
    run = instance.create_run_for_job(broken_job, status=dg.DagsterRunStatus.STARTED)
    instance.report_engine_event("Started process for run (pid: 1).", run)
    instance.report_engine_event("It got signal 9.", run)
    instance.report_run_failed(run, message)
    instance.report_engine_event("Retrying the run", run)
    instance.add_run_tags(run.run_id, tags)
    evaluate(instance, None, sink)
    (alert,) = sink.alerts
    assert (alert.id, alert.text) == (f"{run.run_id}:run", f"{reason} {follows}")


def test_failures_long_before_the_first_round_are_not_sent(
    instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    sink = RecordingSink()
    broken_job.execute_in_process(instance=instance, raise_on_error=False)
    later = utc_now() + timedelta(hours=1)
    monkeypatch.setattr(alert_sensor, "utc_now", lambda: later)
    evaluate(instance, None, sink)
    assert sink.alerts == []


def test_error_of_a_webhook_does_not_contain_its_address(receiver: LocalServer) -> None:
    """The address of a webhook is a secret."""
    receiver.queue("/s3cret", Reply(status=403))
    with pytest.raises(AlertError, match="webhook 1 returned HTTP 403") as error:
        WebhookSink("webhook 1", receiver.url + "/s3cret").send(Alert("1", "WARN", "t", "x"))
    assert "s3cret" not in str(error.value)


def test_new_sink_skips_old_runs_by_the_page(
    instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A home has thousands of finished runs; a query for each would outlast the sensor's time limit."""
    for _ in range(5):
        assert not broken_job.execute_in_process(instance=instance, raise_on_error=False).success
    queries = []
    fetch = instance.fetch_run_status_changes

    def counted(*arguments: Any, **named: Any) -> Any:
        queries.append(arguments)
        return fetch(*arguments, **named)

    monkeypatch.setattr(instance, "fetch_run_status_changes", counted)
    monkeypatch.setattr(alert_sensor, "utc_now", lambda: utc_now() + timedelta(hours=1))
    sink = RecordingSink()
    cursor = evaluate(instance, None, sink)
    assert sink.alerts == []
    assert len(queries) <= 3 * len(alert_sensor.RUN_ENDS)
    monkeypatch.undo()
    broken_job.execute_in_process(instance=instance, raise_on_error=False)
    evaluate(instance, json.dumps({**json.loads(cursor or "{}"), "since": 0}), sink)
    assert len(sink.alerts) == 1
