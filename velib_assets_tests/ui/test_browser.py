"""The UI in headless Chromium."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from velib_assets.cli.runs import open_instance, run_hours
from velib_assets.defs.build import build_defs
from velib_assets.defs.checks import CHECKS
from velib_assets.defs.partitions import key_of
from velib_assets.lake.keys import clean_key, hour_of
from velib_assets.lake.listing import utc_now
from velib_assets.query.kpis import KPIS, VIEWS
from velib_assets.resources import build_resources
from velib_assets.settings import Settings
from velib_assets_tests.ui.browser import LINEAGE, Browser, chromium, require_browser
from velib_assets_tests.ui.servers import Server, dagster_dev

HOURLY = {"raw_snapshot", "clean_stations", "source_velib"}
ASSETS = HOURLY | {view.name for view in VIEWS} | {"velib_report"}

pytestmark = [pytest.mark.browser, pytest.mark.timeout(400)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of this module's lake, home and screenshots. Without a browser the tests are skipped."""
    require_browser("THE BROWSER TESTS DID NOT RUN")
    return tmp_path_factory.mktemp("browser")


@pytest.fixture(scope="module")
def hour() -> datetime:
    """The last past hour."""
    return hour_of(utc_now()) - timedelta(hours=1)


@pytest.fixture(scope="module")
def server(folder: Path, hour: datetime) -> Iterator[Server]:
    """Start Dagster on a lake with one simulated hour."""
    settings = Settings(lake=folder / "lake", source="simulator")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DAGSTER_HOME", str(folder / "home"))
        with open_instance(settings) as instance:
            assert run_hours(build_defs(settings), instance, [hour], build_resources(settings)).ok
    environ = {"VELIB_LAKE": str(settings.lake), "VELIB_SOURCE": "simulator"}
    with dagster_dev(folder / "home", environ, "-w", "workspace.yaml") as running:
        yield running


@pytest.fixture(scope="module")
def session(folder: Path, server: Server) -> Iterator[Browser]:
    with chromium(server.url, folder / "profile", 1920, 2160) as browser:  # the lineage draws what fits
        yield browser


@pytest.fixture
def browser(session: Browser, folder: Path, request: pytest.FixtureRequest) -> Iterator[Browser]:
    """The browser. After the test it saves a screenshot and checks that the console has no errors."""
    yield session
    session.driver.save_screenshot(str(folder / f"{request.node.name}.png"))
    assert session.severe() == []


def launched(server: Server, before: set[str]) -> dict[str, Any] | None:
    """Return the run that is not one of `before`, and not of a sensor, once it has ended."""
    new = [r for r in server.runs() if r["id"] not in before and "dagster/sensor_name" not in r["tags"]]
    return new[0] if new and new[0]["status"] in ("SUCCESS", "FAILURE", "CANCELED") else None


def ended_backfill(server: Server) -> str | None:
    """Return the status of the only backfill, once it has ended."""
    query = "{ partitionBackfillsOrError { ... on PartitionBackfills { results { status } } } }"
    (backfill,) = server.ask(query)["partitionBackfillsOrError"]["results"] or [{"status": "REQUESTED"}]
    status = str(backfill["status"])
    return status if status.startswith("COMPLETED") or status in ("FAILED", "CANCELED") else None


def test_lineage_shows_every_asset(browser: Browser, folder: Path) -> None:
    browser.open(LINEAGE)
    browser.wait_for_nodes(ASSETS | {"ingest", "lake", "kpi", "report"})
    picture = folder / "lineage.png"
    assert browser.driver.save_screenshot(str(picture))
    assert picture.stat().st_size > 20_000


def test_partition_is_materialized_from_the_job(
    browser: Browser, server: Server, folder: Path, hour: datetime
) -> None:
    """A missing hour goes through the whole hourly graph, in one run."""
    missing = hour - timedelta(hours=1)
    key = key_of(missing)
    before = {run["id"] for run in server.runs()}
    browser.open("/locations/velib_assets.definitions/jobs/velib_pipeline")
    browser.click("//button[contains(., 'Materialize all')]")
    browser.type_partition(key)
    browser.click("//*[@role='dialog']//button[contains(., 'Launch 1 run')]")
    browser.wait_for_text("Launched run")
    run = server.wait("the run ends", lambda: launched(server, before), 180)
    assert (run["status"], run["tags"]["dagster/partition"]) == ("SUCCESS", key)
    assert run["tags"]["dagster/from_ui"] == "true"
    assert (folder / "lake" / clean_key(missing)).exists()
    browser.open(f"/assets/source_velib?view=partitions&partition={key}")
    browser.wait_for_text("Materialized (2)", "dagster/row_count", run["id"][:8])


@pytest.mark.timeout(400)
def test_partition_is_materialized_from_the_lineage(
    browser: Browser, server: Server, folder: Path, hour: datetime
) -> None:
    """It has hours and days, therefore Dagster makes a backfill: the hours, then the views and the report.

    The day is in it too if it is over: before that it is no partition.
    """
    missing = hour - timedelta(hours=2)
    browser.open(LINEAGE)
    browser.wait_for_nodes(ASSETS)
    browser.click("//button[contains(., 'Materialize all')]")
    browser.type_partition(key_of(missing))
    browser.click("//*[@role='dialog']//button[contains(., 'Launch backfill')]")
    assert server.wait("the backfill ends", lambda: ended_backfill(server), 200) == "COMPLETED_SUCCESS"
    assert (folder / "lake" / clean_key(missing)).exists()
    in_backfill = [run for run in server.runs() if "dagster/backfill" in run["tags"]]
    assert {run["status"] for run in in_backfill} == {"SUCCESS"}
    assert {run["tags"].get("dagster/asset_partition_range_end") for run in in_backfill} >= {key_of(missing)}


def test_dialog_offers_90_days_until_all_partitions_are_shown(browser: Browser) -> None:
    """As docs/operating.md says of backfills in the UI."""
    browser.open("/assets/clean_stations?view=partitions")
    browser.wait_for_text("Missing (")
    browser.click("//button[contains(., 'Materialize')]")
    browser.wait_for_text("Showing the last 90 days", "older partitions are outside this range")
    browser.click("//*[@role='dialog']//*[text()='Show all partitions']")
    browser.wait_for_text("2018-01-01-00:00")
    assert "Showing the last 90 days" not in browser.text()


def test_kpi_shows_sql_columns_and_preview(browser: Browser) -> None:
    browser.open("/assets/kpi_taux_remplissage")
    browser.wait_for_text("FROM velib_db_tf.source_velib", "velib-insights")
    browser.wait_for_text("Column name", *(column[0] for column in KPIS[0].columns))
    browser.open("/assets/kpi_taux_remplissage?view=events")
    browser.click("//*[text()='[Show Markdown]']")
    browser.find("//*[@role='dialog']//td[contains(., 'Paris ')]")


@pytest.mark.parametrize("asset", sorted(HOURLY))
def test_checks_are_listed_and_passed(browser: Browser, asset: str) -> None:
    checks = [check for check in CHECKS if check.asset == asset]
    browser.open(f"/assets/{asset}?view=checks")
    browser.wait_for_text(f"Checks ({len(checks)})", *(check.name for check in checks))
    assert "Failed" not in browser.text()
    browser.find("//*[text()='Passed']")


def test_schedule_is_off_and_sensors_are_on(browser: Browser) -> None:
    browser.open("/automation")
    browser.wait_for_text("velib_pipeline_schedule", "Every 15 minutes")
    assert not browser.switched_on("velib_pipeline_schedule")
    for sensor in ("velib_alerts", "velib_healing", "velib_staleness"):
        assert browser.switched_on(sensor)
