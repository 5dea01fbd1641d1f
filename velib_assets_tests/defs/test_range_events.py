"""The events of a run over several hours: shorter than Dagster's, with all that the UI shows."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import dagster as dg
import pytest
import yaml

from velib_assets.defs.dagster_home import SHIPPED
from velib_assets.defs.partitions import key_of
from velib_assets.defs.sensors.alert_sensor import checked_again
from velib_assets_tests.defs.test_graph import HOURLY, from_archive, run
from velib_assets_tests.samples import HOUR, body, record, records

HOURS = [HOUR + timedelta(hours=number) for number in range(12)]
ODD = HOURS[2]
RESULTS = {dg.DagsterEventType.ASSET_CHECK_EVALUATION}
SAMPLE = [
    ("raw_snapshot", "discarded_before"),
    ("clean_stations", "conservation"),
    ("source_velib", "table_schema"),
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("range")


def instance_at(home: Path, *, shipped: bool) -> dg.DagsterInstance:
    """Open an instance with the shipped storage, or with Dagster's own."""
    settings = yaml.safe_load(SHIPPED.read_text())
    if not shipped:
        del settings["instance_class"]
    home.mkdir(exist_ok=True)
    (home / "dagster.yaml").write_text(yaml.safe_dump(settings))
    return dg.DagsterInstance.from_config(str(home))


@pytest.fixture(scope="module")
def ran(folder: Path) -> Iterator[tuple[dg.DagsterInstance, str]]:
    """A run over twelve hours, one of which has a record that is rejected."""
    rejected = body([*records(), record("9999", numbikesavailable=-3)])
    snapshots = {hour: rejected if hour == ODD else body(records()) for hour in HOURS}
    settings = from_archive(folder, snapshots)
    with instance_at(folder / "home", shipped=True) as instance:
        yield instance, run(settings, instance, HOURS[0], HOURS[-1]).run_id


def test_each_hour_of_a_range_has_its_materializations(ran: tuple[dg.DagsterInstance, str]) -> None:
    instance, _ = ran
    for asset in HOURLY:
        assert instance.get_materialized_partitions(dg.AssetKey(asset)) == {key_of(hour) for hour in HOURS}
    page = instance.fetch_materializations(dg.AssetKey("clean_stations"), limit=100)
    materializations = [record.asset_materialization for record in page.records]
    assert all(event and event.metadata["digest"].value for event in materializations)


@pytest.mark.parametrize(("asset", "name"), SAMPLE)
def test_each_hour_of_a_range_has_its_check_results(
    ran: tuple[dg.DagsterInstance, str], asset: str, name: str
) -> None:
    """As the UI reads them: the history of a check, and the state of its partitions."""
    instance, run_id = ran
    key = dg.AssetCheckKey(dg.AssetKey(asset), name)
    history = instance.event_log_storage.get_asset_check_execution_history(key, limit=100)
    assert [record.partition for record in history] == [key_of(hour) for hour in reversed(HOURS)]
    assert {(record.status.value, record.run_id) for record in history} == {("SUCCEEDED", run_id)}
    assert all(record.evaluation and record.evaluation.description for record in history)
    states = instance.event_log_storage.get_asset_check_partition_info([key])
    assert len(states) == len(HOURS)


def test_results_of_a_later_range_are_new_to_the_ui(folder: Path) -> None:
    """The UI asks for what changed since the newest result or materialization that it has seen."""
    (folder / "later").mkdir()
    settings = from_archive(folder / "later", {hour: body(records()) for hour in HOURS[:4]})
    key = dg.AssetCheckKey(dg.AssetKey("clean_stations"), "conservation")
    with instance_at(folder / "later" / "home", shipped=True) as instance:
        run(settings, instance, HOURS[0], HOURS[1])
        storage = instance.event_log_storage
        seen = max(
            max(state.latest_check_event_storage_id, state.latest_materialization_storage_id or 0)
            for state in storage.get_asset_check_partition_info([key])
        )
        run(settings, instance, HOURS[2], HOURS[3])
        new = storage.get_asset_check_partition_info([key], after_storage_id=seen)
    assert {state.partition_key for state in new} == {key_of(hour) for hour in HOURS[2:4]}


def test_failed_check_of_a_range_is_in_the_log_of_its_run(ran: tuple[dg.DagsterInstance, str]) -> None:
    instance, run_id = ran
    entries = [r.event_log_entry for r in instance.get_records_for_run(run_id, of_type=RESULTS).records]
    failed = [entry for entry in entries if (result := entry.asset_check_evaluation) and not result.passed]
    (rejected,) = [entry for entry in failed if "rejected_rows" in entry.message]
    evaluation = rejected.asset_check_evaluation
    assert evaluation
    assert evaluation.partition == key_of(ODD)
    assert "1 of" in str(evaluation.description)
    assert str(evaluation.description) in rejected.message


def test_alerted_fault_ends_with_a_range_in_which_its_check_passes(
    ran: tuple[dg.DagsterInstance, str],
) -> None:
    """The run's log does not have the checks that passed."""
    instance, run_id = ran
    inside, outside = (
        f"clean_stations:rejected_rows:{key_of(hour)}" for hour in (HOURS[1], HOURS[0] - timedelta(1))
    )
    assert checked_again(instance, run_id, [inside, outside]) == {inside}


def bytes_of_hours(folder: Path) -> int:
    """Return the bytes of all events of single hours in the files of an event log."""
    columns = {"event_logs": "event", "asset_check_executions": "evaluation_event"}
    total = 0
    for path in (folder / "history" / "runs").glob("*.db"):
        with closing(sqlite3.connect(path)) as connection:
            tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}
            for table, text in columns.items():
                query = f"SELECT total(length({text})) FROM {table} WHERE {text} LIKE '%2022-06-04-%'"  # noqa: S608
                total += int(connection.execute(query).fetchone()[0]) if table in tables else 0
    return total


@pytest.mark.usefixtures("ran")
def test_home_grows_by_less_than_half_of_dagsters(folder: Path) -> None:
    (folder / "again").mkdir()
    settings = from_archive(folder / "again", {hour: body(records()) for hour in HOURS[:3]})
    with instance_at(folder / "default", shipped=False) as instance:
        run(settings, instance, HOURS[0], HOURS[2])
    per_hour, by_default = (
        bytes_of_hours(folder / "home") / len(HOURS),
        bytes_of_hours(folder / "default") / 3,
    )
    assert 0 < per_hour < by_default / 2
