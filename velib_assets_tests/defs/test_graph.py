"""The asset graph on small snapshots: what is materialized, what is not, and what the checks report."""

import gzip
import logging
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import pyarrow as pa
import pytest

from velib_assets.cli.runs import run_hours
from velib_assets.defs import raw_snapshot
from velib_assets.defs.build import build_defs
from velib_assets.defs.kpi_views import markdown
from velib_assets.defs.partitions import key_of
from velib_assets.defs.raw_snapshot import RESTORE_ONLY, SCHEDULED_AT
from velib_assets.ingest.response import FeedResponse
from velib_assets.ingest.step import store_or_quarantine
from velib_assets.lake.folder_store import FolderStore
from velib_assets.lake.keys import clean_key
from velib_assets.query.kpis import VIEWS
from velib_assets.settings import Settings
from velib_assets_tests.defs.schedule_switch import switch
from velib_assets_tests.http_server import LocalServer, Reply
from velib_assets_tests.samples import HOUR, at, body, record, records

EXPORT = "/api/explore/v2.1/catalog/datasets/velib-disponibilite-en-temps-reel/exports/json"
HOURLY = ("raw_snapshot", "clean_stations", "stations", "source_velib")


def archive(folder: Path, snapshots: Mapping[datetime, bytes]) -> Path:
    """Write a folder of recorded snapshots."""
    folder.mkdir()
    for taken, data in snapshots.items():
        (folder / f"{taken:%Y%m%dT%H%M%SZ}.json.gz").write_bytes(gzip.compress(data))
    return folder


def from_archive(tmp_path: Path, snapshots: Mapping[datetime, bytes]) -> Settings:
    return Settings(
        lake=tmp_path / "lake", source="archive", archive=str(archive(tmp_path / "archive", snapshots))
    )


def run(
    settings: Settings,
    instance: dg.DagsterInstance,
    first: datetime,
    last: datetime | None = None,
    tags: Mapping[str, str] | None = None,
) -> dg.ExecuteInProcessResult:
    """Run the whole graph for one hour or for a range."""
    job = build_defs(settings).resolve_job_def("velib_pipeline")
    if last is None:
        return job.execute_in_process(
            instance=instance, partition_key=key_of(first), tags=dict(tags or {}), raise_on_error=False
        )
    span = {
        "dagster/asset_partition_range_start": key_of(first),
        "dagster/asset_partition_range_end": key_of(last),
    }
    return job.execute_in_process(instance=instance, tags=span | dict(tags or {}), raise_on_error=False)


def green(instance: dg.DagsterInstance, asset: str) -> set[str]:
    return instance.get_materialized_partitions(dg.AssetKey(asset))


def checks(result: dg.ExecuteInProcessResult) -> dict[tuple[str, str | None], dg.AssetCheckEvaluation]:
    """Return the evaluations of a run by check name and partition."""
    return {
        (data.check_name, data.partition): data
        for event in result.all_events
        if event.event_type is dg.DagsterEventType.ASSET_CHECK_EVALUATION
        for data in [event.asset_check_evaluation_data]
    }


def failed(result: dg.ExecuteInProcessResult) -> set[str]:
    """Return the checks that failed in a run that did not: only a failed run paints all its assets red."""
    assert result.success
    return {check for (check, _), evaluation in checks(result).items() if not evaluation.passed}


def started(result: dg.ExecuteInProcessResult) -> set[str]:
    """Return the ops of the assets that ran, without those between the assets."""
    ops = {str(event.step_key).split(".")[1] for event in result.all_events if event.is_step_start}
    return {op for op in ops if not op.endswith(("_always", "_arrived", "_ready"))}


def metadata(result: dg.ExecuteInProcessResult, asset: str) -> dict[str, Any]:
    (event,) = result.asset_materializations_for_node(f"{asset}.{asset}_hours")
    return {name: value.value for name, value in event.metadata.items()}


def test_hour_runs_through_to_the_views(tmp_path: Path, instance: dg.DagsterInstance) -> None:
    settings = from_archive(
        tmp_path, {at(0): body(records()), at(15): body(records(numbikesavailable=0, mechanical=0, ebike=0))}
    )
    result = run(settings, instance, HOUR)
    assert result.success
    for asset in HOURLY:
        assert green(instance, asset) == {key_of(HOUR)}
    event = instance.get_latest_materialization_event(dg.AssetKey("kpi_shortage"))
    assert event
    assert event.asset_materialization
    facts = event.asset_materialization.metadata
    assert facts["stations_short"].value == 40
    assert "Quai de l'Horloge" in str(facts["preview"].value)
    failed = {key for key, data in checks(result).items() if not data.passed}
    assert failed == {("complete_hour", key_of(HOUR))}


def test_run_logs_no_warning_of_dagsters(
    tmp_path: Path, instance: dg.DagsterInstance, caplog: pytest.LogCaptureFixture
) -> None:
    """Dagster warns where a blocking check has no output, although its evaluation is logged."""
    assert run(from_archive(tmp_path, {HOUR: body(records())}), instance, HOUR).success
    assert [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING] == []


def test_range_skips_an_hour_without_snapshots(tmp_path: Path, instance: dg.DagsterInstance) -> None:
    """Dagster alone marks every hour of a range as materialized, and skips what follows a gap."""
    settings = from_archive(tmp_path, {HOUR + timedelta(hours=n): body(records()) for n in (0, 2)})
    result = run(settings, instance, HOUR, HOUR + timedelta(hours=2))
    written = {key_of(HOUR), key_of(HOUR + timedelta(hours=2))}
    gap = key_of(HOUR + timedelta(hours=1))
    assert [green(instance, asset) for asset in HOURLY] == [written] * 4
    assert not checks(result)["usable_snapshot", gap].passed
    assert checks(result)["conservation", key_of(HOUR)].passed
    made = {
        str(e.asset_key.to_user_string())
        for e in result.all_events
        if e.is_step_materialization and e.asset_key
    }
    assert made - set(HOURLY) == {*(view.name for view in VIEWS), "velib_report"}


def test_hour_without_snapshots_fails_its_check_and_runs_nothing_downstream(
    tmp_path: Path, instance: dg.DagsterInstance
) -> None:
    settings = from_archive(tmp_path, {HOUR: body(records())})
    result = run(settings, instance, HOUR + timedelta(hours=3))
    assert failed(result) == {"usable_snapshot"}
    assert not any(green(instance, asset) for asset in HOURLY)
    assert instance.get_latest_materialization_event(dg.AssetKey("kpi_shortage")) is None


def test_range_without_any_snapshot_fails_one_check_per_hour(
    tmp_path: Path, instance: dg.DagsterInstance
) -> None:
    settings = from_archive(tmp_path, {HOUR: body(records())})
    result = run(settings, instance, HOUR + timedelta(hours=1), HOUR + timedelta(hours=3))
    assert failed(result) == {"usable_snapshot"}
    assert len(checks(result)) == 3
    assert started(result) == {"raw_snapshot_hours"}


def test_checks_that_did_not_run_are_skipped_and_not_failed(
    tmp_path: Path, instance: dg.DagsterInstance, portal: LocalServer, clock: Callable[[datetime], None]
) -> None:
    """Dagster plans every check of a run. Where the run ends without failing, they are skipped."""
    portal.queue(EXPORT, Reply(body=b"[]"))
    clock(at(15))
    result = run(live(tmp_path, portal), instance, HOUR)
    key = dg.AssetCheckKey(dg.AssetKey("clean_stations"), "conservation")
    (record,) = instance.event_log_storage.get_asset_check_execution_history(key, limit=5)
    assert record.status.value == "PLANNED"
    stored = instance.get_run_by_id(result.run_id)
    assert stored
    assert stored.status is dg.DagsterRunStatus.SUCCESS


def test_hour_whose_raw_cannot_be_cleaned_fails_its_check_and_runs_nothing_downstream(
    tmp_path: Path, instance: dg.DagsterInstance
) -> None:
    settings = from_archive(tmp_path, {HOUR: body(records())})
    assert run(settings, instance, HOUR).success
    views = instance.get_latest_materialization_event(dg.AssetKey("kpi_shortage"))
    (raw,) = (tmp_path / "lake/raw").rglob("*.gz")
    raw.write_bytes(b"damaged")
    result = run(settings, instance, HOUR)
    assert "readable_raw" in failed(result)
    assert started(result) == {"raw_snapshot_hours", "clean_stations_hours"}
    assert instance.get_latest_materialization_event(dg.AssetKey("kpi_shortage")) == views


def test_hour_that_cannot_be_registered_fails_its_check_and_runs_no_view(
    tmp_path: Path, instance: dg.DagsterInstance
) -> None:
    settings = from_archive(tmp_path, {HOUR: body(records())})
    (settings.lake / "catalog.sqlite").mkdir(parents=True)
    result = run(settings, instance, HOUR)
    assert "table_schema" in failed(result)
    assert "kpi_views_read" not in started(result)


def test_layer_that_cannot_say_why_in_a_check_fails_the_run(
    tmp_path: Path, instance: dg.DagsterInstance
) -> None:
    job = build_defs(Settings(lake=tmp_path / "lake")).resolve_job_def("velib_pipeline")
    result = job.execute_in_process(
        instance=instance,
        partition_key=key_of(HOUR),
        asset_selection=[dg.AssetKey("clean_stations")],
        raise_on_error=False,
    )
    assert not result.success


def test_unusable_snapshot_fails_a_check_and_usable_ones_are_cleaned(
    tmp_path: Path, instance: dg.DagsterInstance
) -> None:
    settings = from_archive(tmp_path, {at(0): body(records()), at(15): body([record(None)] * 40)})
    result = run(settings, instance, HOUR)
    assert result.success
    evaluation = checks(result)["quarantined_snapshot", key_of(HOUR)]
    assert not evaluation.passed
    assert "0 of 40 records have a station code" in str(evaluation.description)
    assert "quarantine/source=velib" in str(evaluation.description)
    assert metadata(result, "clean_stations")["dagster/row_count"] == 40


def test_partial_snapshot_is_cleaned_with_a_warning(tmp_path: Path, instance: dg.DagsterInstance) -> None:
    before = {HOUR - timedelta(hours=n): body(records()) for n in (1, 2)}
    settings = from_archive(tmp_path, before | {HOUR: body(records(8))})
    result = run(settings, instance, HOUR - timedelta(hours=2), HOUR)
    evaluation = checks(result)["partial_snapshot", key_of(HOUR)]
    assert (evaluation.passed, evaluation.severity) == (False, dg.AssetCheckSeverity.WARN)
    assert "has 8 records where at least 32 are usual" in str(evaluation.description)
    assert green(instance, "clean_stations") >= {key_of(HOUR)}


def test_restoring_the_running_hour_twice_succeeds_twice(
    tmp_path: Path, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second run adds nothing and quarantines again; what is stored counts, because it was no tick."""
    monkeypatch.setattr(raw_snapshot, "utc_now", lambda: at(40))
    settings = from_archive(tmp_path, {at(0): body(records()), at(15): b"<html>"})
    assert [run(settings, instance, HOUR).success for _ in range(2)] == [True, True]


def test_unreadable_previous_hour_does_not_stop_an_hour(tmp_path: Path, instance: dg.DagsterInstance) -> None:
    """Only the usual number of records is then unknown."""
    settings = from_archive(tmp_path, {HOUR: body(records())})
    (settings.lake / clean_key(HOUR - timedelta(hours=1))).mkdir(parents=True)
    assert run(settings, instance, HOUR).success


def test_new_field_fails_schema_drift(tmp_path: Path, instance: dg.DagsterInstance) -> None:
    result = run(from_archive(tmp_path, {HOUR: body(records(station_colour="green"))}), instance, HOUR)
    assert "new: station_colour" in str(checks(result)["schema_drift", key_of(HOUR)].description)


def test_new_field_is_reported_in_its_first_hour_only(tmp_path: Path, instance: dg.DagsterInstance) -> None:
    """Also in a later run, which knows it from the clean files of the hours before."""
    hours = [HOUR + timedelta(hours=n) for n in range(3)]
    settings = from_archive(tmp_path, {hour: body(records(station_colour="green")) for hour in hours})
    found = checks(run(settings, instance, hours[0], hours[1])) | checks(run(settings, instance, hours[2]))
    assert [found["schema_drift", key_of(hour)].passed for hour in hours] == [False, True, True]
    assert "station_colour (new)" in str(found["schema_drift", key_of(hours[2])].description)


def test_rejected_rows_are_counted_by_reason(tmp_path: Path, instance: dg.DagsterInstance) -> None:
    rows = [*records(), record("9999", numbikesavailable=-3)]
    result = run(from_archive(tmp_path, {HOUR: body(rows)}), instance, HOUR)
    facts = metadata(result, "clean_stations")
    assert (facts["rejected"], facts["reject_reasons"]) == (1, {"bikes is negative": 1})


@pytest.fixture
def portal() -> Iterator[LocalServer]:
    with LocalServer() as server:
        yield server


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[datetime], None]:
    """Return a function that sets the clock of a run."""

    def set_to(now: datetime) -> None:
        monkeypatch.setattr(raw_snapshot, "utc_now", lambda: now)

    return set_to


def live(tmp_path: Path, portal: LocalServer) -> Settings:
    return Settings(lake=tmp_path / "lake", feed_urls={"opendata": portal.url})


def test_tick_stores_its_snapshot_under_its_scheduled_time(
    tmp_path: Path, instance: dg.DagsterInstance, portal: LocalServer, clock: Callable[[datetime], None]
) -> None:
    portal.queue(EXPORT, Reply(body=body(records())))
    slot = at(45)
    clock(at(59, 59))
    result = run(live(tmp_path, portal), instance, HOUR, tags={SCHEDULED_AT: slot.isoformat()})
    assert result.success
    assert [path.name for path in (tmp_path / "lake/raw").rglob("*.gz")] == [
        f"velib_{slot:%Y%m%d_%H%M%S}.json.gz"
    ]


def test_tick_with_an_unusable_response_blocks_and_overwrites_nothing(
    tmp_path: Path, instance: dg.DagsterInstance, portal: LocalServer, clock: Callable[[datetime], None]
) -> None:
    portal.queue(EXPORT, Reply(body=body(records())), Reply(body=b"[]"))
    settings = live(tmp_path, portal)
    clock(at(15))
    assert run(settings, instance, HOUR).success
    good = (tmp_path / "lake" / clean_key(HOUR)).read_bytes()
    clock(at(30))
    result = run(settings, instance, HOUR)
    assert failed(result) == {"usable_snapshot"}
    evaluation = checks(result)["usable_snapshot", key_of(HOUR)]
    assert (evaluation.passed, evaluation.blocking) == (False, True)
    assert "contains no stations" in str(evaluation.description)
    assert started(result) == {"raw_snapshot_hours"}
    assert (tmp_path / "lake" / clean_key(HOUR)).read_bytes() == good


def test_tick_after_its_slot_takes_no_snapshot(
    tmp_path: Path, instance: dg.DagsterInstance, portal: LocalServer, clock: Callable[[datetime], None]
) -> None:
    late = at(15)
    clock(at(31))
    result = run(live(tmp_path, portal), instance, HOUR, tags={SCHEDULED_AT: late.isoformat()})
    assert failed(result) == {"usable_snapshot"}
    assert "after its slot was over" in str(checks(result)["usable_snapshot", key_of(HOUR)].description)
    assert portal.requests == []


def test_late_retry_of_a_successful_tick_succeeds(
    tmp_path: Path, instance: dg.DagsterInstance, portal: LocalServer, clock: Callable[[datetime], None]
) -> None:
    """It finds its snapshot stored and takes none."""
    late = at(15)
    clock(at(31))
    store_or_quarantine(
        FolderStore(tmp_path / "lake"), FeedResponse("opendata", {"body": body(records())}), late, late
    )
    result = run(live(tmp_path, portal), instance, HOUR, tags={SCHEDULED_AT: late.isoformat()})
    assert result.success
    assert portal.requests == []


def test_hour_in_which_the_schedule_was_switched_on_is_not_incomplete(
    tmp_path: Path, instance: dg.DagsterInstance, portal: LocalServer, clock: Callable[[datetime], None]
) -> None:
    """It had no tick before the switch."""
    store = FolderStore(tmp_path / "lake")
    before = HOUR - timedelta(hours=1)
    store_or_quarantine(store, FeedResponse("opendata", {"body": body(records())}), before, before)
    switch(instance, at(50), on=True)
    portal.queue(EXPORT, Reply(body=body(records())))
    now = HOUR + timedelta(hours=1)
    clock(now)
    result = run(live(tmp_path, portal), instance, now, tags={SCHEDULED_AT: now.isoformat()})
    assert ("complete_hour", key_of(HOUR)) not in checks(result)


def test_first_tick_of_an_hour_checks_the_previous_hour(
    tmp_path: Path, instance: dg.DagsterInstance, portal: LocalServer, clock: Callable[[datetime], None]
) -> None:
    """The running hour cannot be complete yet, and no later run checks it."""
    store = FolderStore(tmp_path / "lake")
    for minute in (0, 15, 45):
        store_or_quarantine(
            store, FeedResponse("opendata", {"body": body(records())}), at(minute), at(minute)
        )
    portal.queue(EXPORT, Reply(body=body(records())))
    now = HOUR + timedelta(hours=1)
    clock(now)
    result = run(live(tmp_path, portal), instance, now, tags={SCHEDULED_AT: now.isoformat()})
    evaluation = checks(result)["complete_hour", key_of(HOUR)]
    assert (evaluation.passed, evaluation.description) == (False, "1 of 4 slots have no snapshot")
    assert green(instance, "raw_snapshot") == {key_of(now)}


@pytest.mark.parametrize("tags", [{}, {RESTORE_ONLY: "true"}])
def test_past_hour_never_calls_a_live_feed(
    tmp_path: Path, instance: dg.DagsterInstance, portal: LocalServer, tags: dict[str, str]
) -> None:
    """It would store current data under a past hour."""
    result = run(live(tmp_path, portal), instance, HOUR, tags=tags)
    assert failed(result) == {"usable_snapshot"}
    assert "no snapshot is stored for this hour" in str(
        checks(result)["usable_snapshot", key_of(HOUR)].description
    )
    assert portal.requests == []


def test_preview_escapes_markup() -> None:
    table = pa.table({"name": ["<script>|`x`", None], "rate": [0.5, None]})
    assert markdown(table).splitlines()[2:] == [
        "| &#60;script&#62;&#124;&#96;x&#96; | 0.500 |",
        "|  |  |",
    ]


def test_backfill_adds_its_hours_to_the_register(tmp_path: Path, instance: dg.DagsterInstance) -> None:
    """So that on AWS the table `stations` exists before the first tick."""
    settings = from_archive(tmp_path, {at(15): body(records())})
    assert run_hours(build_defs(settings), instance, [HOUR]).ok
    assert green(instance, "stations") == {key_of(HOUR)}
