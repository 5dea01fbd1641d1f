"""The assets of the views: one step reads the selected ones, and each has an outcome of its own."""

import re
from pathlib import Path

import dagster as dg
import pytest

from velib_assets.catalog.sqlite_catalog import LocalCatalog
from velib_assets.defs.build import build_defs
from velib_assets.defs.sensors.alert_sensor import check_results, new_failures
from velib_assets.defs.sensors.run_alerts import alerts_of
from velib_assets.query import view_sql
from velib_assets.query.daily_kpis import DAILY_KPIS
from velib_assets.query.duckdb_engine import LocalQueryEngine
from velib_assets.query.kpis import KPIS, VIEWS, Kpi
from velib_assets.settings import Settings
from velib_assets_tests.defs.test_graph import from_archive, run
from velib_assets_tests.samples import HOUR, at, body, records

NAMES = [view.name for view in VIEWS]
BROKEN = "kpi_shortage"
SQL_BLOCK = re.compile(r"^```sql\n(.*?)^```$", re.DOTALL | re.MULTILINE)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """An hour of four snapshots that differ: otherwise the feed counts as frozen."""
    bodies = {at(15 * n): body(records(numbikesavailable=8 + n)) for n in range(4)}
    return from_archive(tmp_path, bodies)


@pytest.fixture
def one_is_broken(monkeypatch: pytest.MonkeyPatch) -> None:
    sql = view_sql.sql_template

    def template(view: Kpi) -> str:
        text = sql(view)
        return text.replace("fill_rate", "fill_rat") if view.name == BROKEN else text

    monkeypatch.setattr(view_sql, "sql_template", template)


def test_sql_in_a_description_runs_as_it_is_shown(settings: Settings, tmp_path: Path) -> None:
    specs = {spec.key.to_user_string(): spec for spec in build_defs(settings).resolve_all_asset_specs()}
    blocks = {name: SQL_BLOCK.findall(spec.description or "") for name, spec in specs.items()}
    engine = LocalQueryEngine(tmp_path, LocalCatalog(tmp_path))
    schemas = {kpi.name: [column.name for column in kpi.schema] for kpi in VIEWS}
    # The SQL of a day lacks its date, which is added where the rows are stored.
    schemas |= {
        kpi.name: [column.name for column in kpi.schema if column.name != "date"] for kpi in DAILY_KPIS
    }
    assert {name for name, found in blocks.items() if found} == {*schemas}
    for name, columns in schemas.items():
        (shown,) = blocks[name]
        assert list(engine.query(shown).columns) == columns


def materialized(result: dg.ExecuteInProcessResult) -> list[str]:
    """Return the views that a run materialized, in order."""
    events = [event for event in result.all_events if event.is_step_materialization and event.asset_key]
    names = [event.asset_key.to_user_string() for event in events if event.asset_key]
    return [name for name in names if name in NAMES]


def checked(result: dg.ExecuteInProcessResult) -> dict[str, bool]:
    """Return which checks of views a run evaluated, and whether they passed."""
    kind = dg.DagsterEventType.ASSET_CHECK_EVALUATION
    evaluations = [
        event.asset_check_evaluation_data for event in result.all_events if event.event_type is kind
    ]
    return {e.asset_key.to_user_string(): e.passed for e in evaluations if e.check_name == "view_answers"}


def test_kpis_are_materialized_before_derived_views(settings: Settings, instance: dg.DagsterInstance) -> None:
    result = run(settings, instance, HOUR)
    assert materialized(result) == NAMES
    assert checked(result) == dict.fromkeys(NAMES, True)
    assert {*materialized(result)[: len(KPIS)]} == {kpi.name for kpi in KPIS}


def test_only_selected_views_are_read(settings: Settings, instance: dg.DagsterInstance) -> None:
    """As on an asset's page in the UI."""
    assert run(settings, instance, HOUR).success
    job, chosen = build_defs(settings).resolve_job_def("velib_kpi_views"), ["kpi_shortage", "kpi_episodes"]
    keys = [dg.AssetKey(name) for name in chosen]
    result = job.execute_in_process(instance=instance, asset_selection=keys)
    assert result.success
    assert materialized(result) == chosen
    assert checked(result) == dict.fromkeys(chosen, True)


def test_check_of_a_view_can_run_alone(settings: Settings, instance: dg.DagsterInstance) -> None:
    """The UI offers it."""
    assert run(settings, instance, HOUR).success
    chosen = dg.AssetCheckKey(dg.AssetKey(BROKEN), "view_answers")
    job = dg.define_asset_job("a_check", selection=dg.AssetSelection.checks(chosen))
    defs = dg.Definitions.merge(build_defs(settings), dg.Definitions(jobs=[job]))
    result = defs.resolve_job_def("a_check").execute_in_process(instance=instance)
    assert (materialized(result), checked(result)) == ([], {BROKEN: True})


@pytest.mark.usefixtures("one_is_broken")
def test_broken_view_stops_no_other_and_sends_one_alert(
    settings: Settings, instance: dg.DagsterInstance
) -> None:
    result = run(settings, instance, HOUR)
    assert result.success
    assert materialized(result) == [name for name in NAMES if name != BROKEN]
    assert checked(result) == {name: name != BROKEN for name in NAMES}
    failed = new_failures(check_results(instance, result.run_id), {})
    alerts = list(alerts_of(instance, result.run_id, dg.DagsterEventType.RUN_SUCCESS, failed))
    assert [alert.title.split(":")[0] for alert in alerts] == [BROKEN]
    assert "fill_rat" in alerts[0].text


def test_the_five_kpis_are_read_in_one_session(
    settings: Settings, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    sessions: list[object] = []
    unpatched = LocalQueryEngine._run

    def counted(engine: LocalQueryEngine, step: object, *hours: object) -> object:
        sessions.append(step)
        return unpatched(engine, step, *hours)  # type: ignore[arg-type]

    monkeypatch.setattr(LocalQueryEngine, "_run", counted)
    assert run(settings, instance, HOUR).success
    assert len(sessions) == 4  # the views', one per derived view, and the report's query
