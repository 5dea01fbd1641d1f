"""The healing sensor: outages heal by themselves, and no hour is requested in every round."""

import dataclasses
import uuid
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from velib_assets.catalog.registration import partition_of
from velib_assets.catalog.sqlite_catalog import LocalCatalog
from velib_assets.clean.hour import RawObject
from velib_assets.clean.local_clean_job import LocalCleanJob
from velib_assets.clean.rebuild import rebuild_hour
from velib_assets.defs import reconciliation
from velib_assets.defs.build import build_defs
from velib_assets.defs.maintenance.orphans import process_tag
from velib_assets.defs.partitions import key_of
from velib_assets.defs.sensors import healing_sensor
from velib_assets.defs.stations_asset import learn_hours
from velib_assets.lake.folder_store import FolderStore
from velib_assets.lake.keys import STATIONS_KEY, clean_key, raw_key
from velib_assets.lake.listing import utc_now
from velib_assets.lake.packing import pack_day
from velib_assets.lake.raw_pack import pack_of
from velib_assets.settings import Settings
from velib_assets_tests.clean.current import is_current
from velib_assets_tests.samples import HOUR, at, raw, records


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(lake=tmp_path / "lake")


@pytest.fixture
def store(settings: Settings) -> FolderStore:
    return FolderStore(settings.lake)


def arrive(store: FolderStore, hours: Iterable[datetime]) -> None:
    """Store snapshots without Dagster, as a Lambda on a schedule of its own does."""
    for hour in hours:
        store.create(raw_key(hour), raw(records()).data)


def heal(store: FolderStore, hour: datetime) -> None:
    """Clean and register an hour."""
    assert [result.error for result in LocalCleanJob(store).run([hour])] == [""]
    LocalCatalog(store.root).register([partition_of(store, hour)])


def evaluate(
    settings: Settings, instance: dg.DagsterInstance, cursor: str | None = None
) -> tuple[list[dg.RunRequest], str | None]:
    """Evaluate the sensor once; return its requests and its cursor."""
    repository = build_defs(settings).get_repository_def()
    context = dg.build_sensor_context(instance=instance, cursor=cursor, repository_def=repository)
    data = repository.get_sensor_def("velib_healing").evaluate_tick(context)
    return list(data.run_requests or []), data.cursor


def spans(requests: Iterable[dg.RunRequest]) -> list[tuple[str, str]]:
    return [
        (
            request.tags["dagster/asset_partition_range_start"],
            request.tags["dagster/asset_partition_range_end"],
        )
        for request in requests
    ]


def carry_out(settings: Settings, instance: dg.DagsterInstance, request: dg.RunRequest) -> bool:
    job = build_defs(settings).resolve_job_def("velib_pipeline")
    return job.execute_in_process(
        instance=instance,
        tags=request.tags,
        asset_selection=request.asset_selection,
        raise_on_error=False,
    ).success


def test_outage_heals_in_one_round(
    settings: Settings, store: FolderStore, instance: dg.DagsterInstance
) -> None:
    hours = [HOUR + timedelta(hours=n) for n in (0, 1, 2, 5)]
    arrive(store, hours)
    requests, cursor = evaluate(settings, instance)
    assert spans(requests) == [
        (key_of(hours[0]), key_of(hours[2])),
        (key_of(hours[3]), key_of(hours[3])),
    ]
    assert all(carry_out(settings, instance, request) for request in requests)
    assert all(is_current(store, hour) for hour in hours)
    assert evaluate(settings, instance, cursor)[0] == []


def test_current_hours_are_reported_to_a_home_that_lost_its_history(
    settings: Settings, store: FolderStore, instance: dg.DagsterInstance
) -> None:
    """Otherwise they would stay grey in the UI for ever, and nothing would clean them again."""
    hours = [HOUR, HOUR + timedelta(hours=1)]
    arrive(store, hours)
    for hour in hours:
        heal(store, hour)
    assert list(learn_hours(store, hours))
    requests, cursor = evaluate(settings, instance)
    assert requests == []
    for asset in ("raw_snapshot", "clean_stations", "stations", "source_velib"):
        assert instance.get_materialized_partitions(dg.AssetKey(asset)) == {key_of(hour) for hour in hours}
    count = len(instance.fetch_materializations(dg.AssetKey("clean_stations"), limit=9).records)
    evaluate(settings, instance, cursor)
    assert len(instance.fetch_materializations(dg.AssetKey("clean_stations"), limit=9).records) == count == 2


def test_hour_without_usable_raw_does_not_read_the_history_in_each_round(
    settings: Settings, store: FolderStore, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is never materialized, and a year has tens of thousands of events."""

    def read(_: object) -> dict[str, str]:
        raise AssertionError("the history was read")

    store.create(raw_key(HOUR), b"garbage")
    assert carry_out(settings, instance, evaluate(settings, instance)[0][0])
    monkeypatch.setattr(reconciliation, "_digests", read)
    assert evaluate(settings, instance)[0] == []


def test_outdated_hour_is_requested_and_not_reported(
    settings: Settings, store: FolderStore, instance: dg.DagsterInstance
) -> None:
    arrive(store, [HOUR])
    heal(store, HOUR)
    arrive(store, [at(15)])
    assert spans(evaluate(settings, instance)[0]) == [(key_of(HOUR), key_of(HOUR))]
    assert instance.get_materialized_partitions(dg.AssetKey("clean_stations")) == set()


def test_hours_before_the_first_partition_are_not_requested(
    settings: Settings, store: FolderStore, instance: dg.DagsterInstance
) -> None:
    """They have no partition; a run over them would fail in every round."""
    arrive(store, [HOUR - timedelta(hours=1), HOUR])
    later = dataclasses.replace(settings, first_hour=HOUR)
    assert spans(evaluate(later, instance)[0]) == [(key_of(HOUR), key_of(HOUR))]
    assert evaluate(dataclasses.replace(settings, first_hour=HOUR + timedelta(hours=1)), instance)[0] == []


def test_years_before_2022_are_requested(
    settings: Settings, store: FolderStore, instance: dg.DagsterInstance
) -> None:
    hour = datetime(2018, 1, 1, tzinfo=UTC)
    arrive(store, [hour])
    assert spans(evaluate(settings, instance)[0]) == [(key_of(hour), key_of(hour))]


def test_hour_with_new_raw_is_requested(
    settings: Settings, store: FolderStore, instance: dg.DagsterInstance
) -> None:
    arrive(store, [HOUR])
    heal(store, HOUR)
    assert evaluate(settings, instance)[0] == []
    store.create(raw_key(at(15)), raw(records(), 15).data)
    assert spans(evaluate(settings, instance)[0]) == [(key_of(HOUR), key_of(HOUR))]


def test_hour_with_a_damaged_clean_file_is_requested(
    settings: Settings, store: FolderStore, instance: dg.DagsterInstance
) -> None:
    arrive(store, [HOUR])
    heal(store, HOUR)
    (store.root / clean_key(HOUR)).write_bytes(b"PAR1 and no more")
    assert len(evaluate(settings, instance)[0]) == 1


def test_unregistered_hour_is_requested(
    settings: Settings, store: FolderStore, instance: dg.DagsterInstance
) -> None:
    """The lake has a catalog. Without one, the catalog registers the hour itself."""
    LocalCatalog(store.root).register([])
    arrive(store, [HOUR])
    assert rebuild_hour(store, HOUR).cleaned
    assert len(evaluate(settings, instance)[0]) == 1


def test_lake_without_catalog_registers_itself(
    settings: Settings, store: FolderStore, instance: dg.DagsterInstance
) -> None:
    """The UI's sensors do what the next command would do."""
    arrive(store, [HOUR])
    assert rebuild_hour(store, HOUR).cleaned
    evaluate(settings, instance)
    assert [part.hour for part in LocalCatalog(store.root).partitions()] == [HOUR]


def test_hour_with_only_quarantined_objects_is_not_requested(
    settings: Settings, store: FolderStore, instance: dg.DagsterInstance
) -> None:
    bad = RawObject(raw_key(HOUR), "", b"broken")
    store.create(bad.key, bad.data)
    assert rebuild_hour(store, HOUR).cleaned
    assert evaluate(settings, instance)[0] == []


def test_failing_hour_is_retried_less_and_less_often_without_end(
    settings: Settings,
    store: FolderStore,
    instance: dg.DagsterInstance,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A full disk may last for days, and a request per round would fill the queue."""
    arrive(store, [HOUR])
    now, cursor, requested = utc_now(), None, []
    for minute in range(240):
        monkeypatch.setattr(healing_sensor, "utc_now", lambda at=now + timedelta(minutes=minute): at)
        requests, cursor = evaluate(settings, instance, cursor)
        requested += [minute] * len(requests)
    assert requested == [0, 1, 6, 36, 96, 156, 216]


def test_new_raw_ends_the_wait_for_a_retry(
    settings: Settings, store: FolderStore, instance: dg.DagsterInstance
) -> None:
    arrive(store, [HOUR])
    cursor = None
    for _ in range(4):
        _, cursor = evaluate(settings, instance, cursor)
    store.create(raw_key(at(15)), raw(records(), 15).data)
    assert len(evaluate(settings, instance, cursor)[0]) == 1


def test_old_history_is_checked_in_stretches(
    settings: Settings, store: FolderStore, instance: dg.DagsterInstance
) -> None:
    """A gap of last month is requested, although each round checks little."""
    arrive(store, [HOUR - timedelta(days=30), HOUR])
    heal(store, HOUR)
    cursor, requested = None, []
    for _ in range(5):
        requests, cursor = evaluate(settings, instance, cursor)
        requested += spans(requests)
    assert requested[0][0] == key_of(HOUR - timedelta(days=30))


def test_nothing_is_requested_while_a_run_is_in_progress(
    settings: Settings, store: FolderStore, instance: dg.DagsterInstance
) -> None:
    arrive(store, [HOUR])
    instance.create_run_for_job(
        build_defs(settings).resolve_job_def("velib_kpi_views"), status=dg.DagsterRunStatus.STARTED
    )
    assert evaluate(settings, instance)[0] == []


def test_nothing_is_requested_while_a_failed_run_waits_for_its_retry(
    settings: Settings, store: FolderStore, instance: dg.DagsterInstance
) -> None:
    """Its process was killed; the retry writes the hour."""
    arrive(store, [HOUR])
    run = instance.create_run_for_job(
        build_defs(settings).resolve_job_def("velib_kpi_views"),
        status=dg.DagsterRunStatus.FAILURE,
        tags={"dagster/will_retry": "true"},
    )
    assert evaluate(settings, instance)[0] == []
    instance.add_run_tags(run.run_id, {"dagster/auto_retry_run_id": "a run that has ended"})
    assert len(evaluate(settings, instance)[0]) == 1


def test_hour_of_a_killed_command_is_requested_at_once(
    settings: Settings, store: FolderStore, instance: dg.DagsterInstance
) -> None:
    """Dagster marks its run for a retry, and cannot retry it, because it did not launch it."""
    arrive(store, [HOUR])
    run_id = str(uuid.uuid4())
    instance.create_run_for_job(
        build_defs(settings).resolve_job_def("velib_kpi_views"),
        run_id=run_id,
        status=dg.DagsterRunStatus.FAILURE,
        tags={"dagster/will_retry": "true", **process_tag(run_id)},
    )
    assert len(evaluate(settings, instance)[0]) == 1


def test_hour_is_requested_when_the_register_knows_more(
    settings: Settings, store: FolderStore, instance: dg.DagsterInstance
) -> None:
    fields = ("name", "capacity", "coordonnees_geo", "nom_arrondissement_communes")
    lost: dict[str, Any] = dict.fromkeys(fields)
    store.create(raw_key(HOUR), raw(records(**lost)).data)
    heal(store, HOUR)
    assert evaluate(settings, instance)[0] == []
    before = HOUR - timedelta(hours=1)
    arrive(store, [before])
    heal(store, before)
    assert spans(evaluate(settings, instance)[0]) == [(key_of(HOUR), key_of(HOUR))]
    heal(store, HOUR)
    assert evaluate(settings, instance)[0] == []


def test_hour_that_the_register_lacks_is_learned_and_not_cleaned_again(
    settings: Settings, store: FolderStore, instance: dg.DagsterInstance
) -> None:
    arrive(store, [HOUR])
    heal(store, HOUR)
    (store.root / STATIONS_KEY).unlink()
    requests, _ = evaluate(settings, instance)
    assert spans(requests) == [(key_of(HOUR), key_of(HOUR))]
    assert [request.asset_selection for request in requests] == [[dg.AssetKey("stations")]]
    assert [outcome.summary for outcome in learn_hours(store, [HOUR])] == ["40 stations are open"]
    assert evaluate(settings, instance)[0] == []


def test_packed_hours_stay_current_and_late_raw_reopens_one(
    settings: Settings, store: FolderStore, instance: dg.DagsterInstance
) -> None:
    hours = [HOUR + n * timedelta(hours=1) for n in range(3)]
    arrive(store, hours)
    for hour in hours:
        heal(store, hour)
    learn_hours(store, hours)
    files = {path: path.read_bytes() for path in store.root.glob("clean/**/*.parquet")}
    pack_day(store, HOUR.date())
    assert evaluate(settings, instance)[0] == []
    assert {hour: is_current(store, hour) for hour in hours} == dict.fromkeys(hours, True)
    assert [result.error for result in LocalCleanJob(store).run(hours)] == [""] * 3
    assert {path: path.read_bytes() for path in store.root.glob("clean/**/*.parquet")} == files
    store.create(raw_key(at(15)), raw(records(), 15).data)
    assert spans(evaluate(settings, instance)[0]) == [(key_of(HOUR), key_of(HOUR))]


def test_a_damaged_pack_keeps_no_other_day_from_healing(
    settings: Settings, store: FolderStore, instance: dg.DagsterInstance
) -> None:
    next_day = HOUR + timedelta(days=1)
    arrive(store, [HOUR, next_day])
    pack_day(store, HOUR.date())
    pack = store.root / str(pack_of(raw_key(HOUR)))
    pack.write_bytes(pack.read_bytes()[:-9])
    assert spans(evaluate(settings, instance)[0]) == [(key_of(next_day), key_of(next_day))]
