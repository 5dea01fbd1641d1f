"""The definitions that the server loads; a rename shows here."""

import ast
import subprocess
import sys

import dagster as dg
import pytest
from dagster._core.definitions.assets.graph.asset_graph import AssetGraph

from velib_assets.definitions import defs
from velib_assets.defs.jobs import QUIET
from velib_assets.lake.schema import COLUMNS, PARTITION_COLUMNS
from velib_assets.settings import CHECKOUT

KPIS = {
    "kpi_taux_remplissage",
    "kpi_shortage",
    "kpi_station_saturation",
    "kpi_saturation_par_arrondissement",
    "kpi_top10_2hour",
}
REPORT_VIEWS = {"kpi_episodes", "kpi_typical_week"}
VIEWS = KPIS | REPORT_VIEWS
REPORT = {"velib_report"}
HOURLY = {"raw_snapshot", "clean_stations", "stations", "source_velib"}
HISTORY = {"station_history", "station_history_months"}
DAILY_KPIS = {"kpi_daily_station", "kpi_daily_network", "kpi_station_quality"}
DAILY = {"station_history"} | DAILY_KPIS


@pytest.fixture(scope="module")
def repository() -> dg.RepositoryDefinition:
    return defs.get_repository_def()


@pytest.fixture(scope="module")
def graph(repository: dg.RepositoryDefinition) -> AssetGraph:
    return repository.asset_graph


def test_assets(graph: AssetGraph) -> None:
    assert {
        key.to_user_string() for key in graph.get_all_asset_keys()
    } == HOURLY | KPIS | REPORT_VIEWS | REPORT | HISTORY | DAILY_KPIS


def test_lineage(graph: AssetGraph) -> None:
    parents = {
        key.to_user_string(): {parent.to_user_string() for parent in graph.get(key).parent_keys}
        for key in graph.get_all_asset_keys()
    }
    assert parents == {
        "raw_snapshot": set(),
        "clean_stations": {"raw_snapshot"},
        "stations": {"clean_stations"},
        "source_velib": {"clean_stations"},
        **{name: {"source_velib"} for name in VIEWS},
        "velib_report": VIEWS,
        "station_history": {"source_velib"},
        "station_history_months": {"station_history"},
        **{name: {"station_history"} for name in DAILY_KPIS},
    }


def test_groups(graph: AssetGraph) -> None:
    groups = {key.to_user_string(): graph.get(key).group_name for key in graph.get_all_asset_keys()}
    assert groups == {
        "raw_snapshot": "ingest",
        "clean_stations": "lake",
        "stations": "lake",
        "source_velib": "lake",
        **dict.fromkeys(VIEWS, "kpi"),
        "velib_report": "report",
        **dict.fromkeys(HISTORY, "lake"),
        **dict.fromkeys(DAILY_KPIS, "daily"),
    }


def test_partitions_of_the_assets_are_hours_days_and_months_in_utc(graph: AssetGraph) -> None:
    kinds: dict[str, type[dg.TimeWindowPartitionsDefinition]] = {
        **dict.fromkeys(HOURLY, dg.HourlyPartitionsDefinition),
        **dict.fromkeys(DAILY, dg.DailyPartitionsDefinition),
        "station_history_months": dg.MonthlyPartitionsDefinition,
    }
    for key in graph.get_all_asset_keys():
        partitions = graph.get(key).partitions_def
        kind = kinds.get(key.to_user_string())
        if kind:
            assert isinstance(partitions, kind)
            assert partitions.timezone == "UTC"
        else:
            assert partitions is None


def test_checks_and_which_of_them_block(graph: AssetGraph) -> None:
    keys = {(key.asset_key.to_user_string(), key.name) for key in graph.asset_check_keys}
    assert keys == {
        ("raw_snapshot", "usable_snapshot"),
        ("raw_snapshot", "quarantined_snapshot"),
        ("raw_snapshot", "complete_hour"),
        ("raw_snapshot", "feed_frozen"),
        ("raw_snapshot", "archive_agrees"),
        ("raw_snapshot", "discarded_before"),
        ("raw_snapshot", "archive_columns"),
        ("clean_stations", "readable_raw"),
        ("clean_stations", "conservation"),
        ("clean_stations", "rejected_rows"),
        ("clean_stations", "unique_rows"),
        ("clean_stations", "partial_snapshot"),
        ("clean_stations", "stale_stations"),
        ("clean_stations", "readable_times"),
        ("clean_stations", "schema_drift"),
        ("clean_stations", "described_rows"),
        ("stations", "open_stations"),
        ("clean_stations", "differing_duplicates"),
        ("clean_stations", "future_reports"),
        ("source_velib", "table_schema"),
        ("station_history", "readable_files"),
        ("station_history", "conserved_rows"),
        ("station_history", "slot_coverage"),
        ("station_history_months", "readable_files"),
        ("station_history_months", "conserved_rows"),
        *((name, "day_computed") for name in DAILY_KPIS),
        ("kpi_station_quality", "frozen_stations"),
        ("kpi_station_quality", "never_reported"),
        ("kpi_station_quality", "moved_stations"),
        ("kpi_station_quality", "within_capacity"),
        ("kpi_station_quality", "equal_bike_types"),
        *((name, "view_answers") for name in VIEWS),
        ("velib_report", "report_written"),
    }
    blocking = {key.name for key in graph.asset_check_keys if graph.get(key).blocking}
    assert blocking == {"usable_snapshot"}


def test_jobs_schedule_and_sensors(repository: dg.RepositoryDefinition) -> None:
    jobs = {job.name for job in repository.get_all_jobs() if not job.name.startswith("__")}
    assert jobs == {
        "velib_pipeline",
        "velib_kpi_views",
        "velib_daily",
        "velib_monthly",
        "velib_maintenance",
    }
    on, off = dg.DefaultScheduleStatus.RUNNING, dg.DefaultScheduleStatus.STOPPED
    assert {(s.name, s.cron_schedule, s.default_status) for s in repository.schedule_defs} == {
        ("velib_pipeline_schedule", "*/15 * * * *", off),
        ("velib_daily_schedule", "0 3 * * *", off),
        ("velib_maintenance_schedule", "20 3 * * *", on),
    }
    assert {schedule.execution_timezone for schedule in repository.schedule_defs} == {"UTC"}
    sensors = {sensor.name: sensor.default_status for sensor in repository.sensor_defs}
    assert sensors == dict.fromkeys(
        ("velib_alerts", "velib_staleness", "velib_healing", "velib_daily_healing"),
        dg.DefaultSensorStatus.RUNNING,
    )


def test_every_asset_has_description_owner_kind_and_code_reference(graph: AssetGraph) -> None:
    for key in graph.get_all_asset_keys():
        node = graph.get(key)
        assert node.description
        assert node.owners == ["team:velib-insights"]
        assert any(tag.startswith("dagster/kind/") for tag in node.tags)
        assert "dagster/code_references" in node.metadata


@pytest.mark.parametrize("name", ["clean_stations", "source_velib"])
def test_table_columns_are_described(graph: AssetGraph, name: str) -> None:
    schema = graph.get(dg.AssetKey(name)).metadata["dagster/column_schema"]
    assert [column.name for column in schema.columns] == [c.name for c in (*COLUMNS, *PARTITION_COLUMNS)]
    assert all(column.description for column in schema.columns)


@pytest.mark.parametrize("name", sorted(VIEWS))
def test_description_of_a_view_is_its_sql(graph: AssetGraph, name: str) -> None:
    node = graph.get(dg.AssetKey(name))
    assert "FROM velib_db_tf.source_velib" in (node.description or "")
    assert node.code_version


def test_jobs_select_the_hourly_or_the_daily_graph(repository: dg.RepositoryDefinition) -> None:
    """A tick does not touch the daily layer, whose assets have other partitions."""
    selected = {
        name: {key.to_user_string() for key in repository.get_job(name).asset_layer.selected_asset_keys}
        for name in ("velib_pipeline", "velib_daily", "velib_monthly")
    }
    assert selected == {
        "velib_pipeline": HOURLY | VIEWS | REPORT,
        "velib_daily": DAILY,
        "velib_monthly": {"station_history_months"},
    }


def test_job_of_the_views_includes_the_report(repository: dg.RepositoryDefinition) -> None:
    layer = repository.get_job("velib_kpi_views").asset_layer
    assert {key.to_user_string() for key in layer.selected_asset_keys} == VIEWS | REPORT


def test_tick_belongs_to_the_hour_of_its_scheduled_time(repository: dg.RepositoryDefinition) -> None:
    """A tick at hh:00 belongs to hour hh, and a repeated tick has the same run key."""
    from datetime import UTC, datetime

    at = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
    context = dg.build_schedule_context(scheduled_execution_time=at, repository_def=repository)
    schedule = repository.get_schedule_def("velib_pipeline_schedule")
    (request,) = schedule.evaluate_tick(context).run_requests or []
    assert request.partition_key == "2026-11-23-10:00"
    assert request.run_key == request.tags["velib/scheduled_at"] == at.isoformat()
    assert request.run_config == QUIET  # or it would print a line for each event between the alerts


SHIPPED = ["lake", "ingest", "clean", "catalog", "history", "aws"]


def modules_of(package: str) -> list[str]:
    """Return the modules of a step folder that Lambda and Glue run: all except clients and packaging."""
    files = (CHECKOUT / "velib_assets" / package).rglob("*.py")
    names = [".".join(file.relative_to(CHECKOUT).with_suffix("").parts) for file in files]
    return [name for name in names if not name.endswith(("_client", "__init__")) and ".package" not in name]


def import_all(modules: list[str], *, without: list[str]) -> None:
    """Import modules in a new process in which some packages are missing."""
    code = f"""
import importlib, sys
sys.modules.update(dict.fromkeys({without}))
for name in {modules}:
    importlib.import_module(name)
"""
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("package", SHIPPED)
def test_shipped_modules_import_without_dagster(package: str) -> None:
    """They run in Lambda and Glue, where Dagster is not installed."""
    import_all(modules_of(package), without=["dagster"])


@pytest.mark.parametrize("package", ["lake", "ingest", "aws"])
def test_lambda_modules_import_without_pyarrow(package: str) -> None:
    """It is not in the Lambda's package."""
    import_all(modules_of(package), without=["pyarrow", "pandas", "duckdb"])


def test_loading_the_definitions_imports_nothing_heavy() -> None:
    code = """
import sys
import velib_assets.definitions
heavy = {"pandas", "duckdb", "sqlglot", "boto3", "dagster_aws", "polars"} & set(sys.modules)
assert not heavy, heavy
"""
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("package", SHIPPED)
def test_shipped_modules_are_python_3_9(package: str) -> None:
    """Glue's Python shell has no match statement and no `X | Y` outside annotations."""
    files = [CHECKOUT.joinpath(*name.split(".")).with_suffix(".py") for name in modules_of(package)]
    assert files
    for file in files:
        tree = ast.parse(file.read_text(), file.name, feature_version=(3, 9))
        imports = [node for node in tree.body if isinstance(node, ast.ImportFrom)]
        lazy = any(node.module == "__future__" for node in imports)
        assert lazy or not any(isinstance(node, ast.FunctionDef) for node in tree.body), file
