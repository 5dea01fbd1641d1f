"""The pages of the daily layer in headless Chromium."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from velib_assets.cli.runs import open_instance
from velib_assets.defs.checks import CHECKS
from velib_assets.lake.folder_store import FolderStore
from velib_assets.lake.local_days import DAY as ONE_DAY
from velib_assets.lake.schema import HISTORY_COLUMNS
from velib_assets.query.daily_kpis import DAILY_KPIS, DailyKpi
from velib_assets.settings import Settings
from velib_assets_tests.defs.daily_runs import run_days
from velib_assets_tests.history.days import fill_day
from velib_assets_tests.ui.browser import Browser, chromium, lineage, require_browser
from velib_assets_tests.ui.servers import Server, dagster_dev

DAY = date(2022, 6, 29)
HISTORY = ("station_history", "station_history_months")

pytestmark = [pytest.mark.browser, pytest.mark.timeout(400)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of this module's lake, home and screenshots. Without a browser the tests are skipped."""
    require_browser("THE BROWSER TESTS DID NOT RUN")
    return tmp_path_factory.mktemp("daily")


@pytest.fixture(scope="module")
def server(folder: Path) -> Iterator[Server]:
    """Start Dagster on a lake with two days, the last ones of a month, of which one lacks hours."""
    settings = Settings(lake=folder / "lake")
    fill_day(FolderStore(settings.lake), DAY, per_hour=4)
    fill_day(FolderStore(settings.lake), DAY + ONE_DAY, hours=20, per_hour=4)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DAGSTER_HOME", str(folder / "home"))
        with open_instance(settings) as instance:
            assert run_days(settings.lake, instance, DAY, DAY + ONE_DAY).success
    environ = {"VELIB_LAKE": str(settings.lake)}
    with dagster_dev(folder / "home", environ, "-w", "workspace.yaml") as running:
        yield running


@pytest.fixture(scope="module")
def session(folder: Path, server: Server) -> Iterator[Browser]:
    with chromium(server.url, folder / "profile", 1920, 1080) as browser:
        yield browser


@pytest.fixture
def browser(session: Browser, folder: Path, request: pytest.FixtureRequest) -> Iterator[Browser]:
    """The browser. After the test it saves a screenshot and checks that the console has no errors."""
    yield session
    session.driver.save_screenshot(str(folder / f"{request.node.name}.png"))
    assert session.severe() == []


def test_lineage_shows_the_daily_layer(browser: Browser) -> None:
    browser.open(lineage("lake", "daily"))
    browser.wait_for_nodes({*HISTORY, *(kpi.name for kpi in DAILY_KPIS), "daily", "lake"})


@pytest.mark.parametrize("name", HISTORY)
def test_history_shows_description_and_columns(browser: Browser, name: str) -> None:
    browser.open(f"/assets/{name}")
    browser.wait_for_text("velib_history", *(column.name for column in HISTORY_COLUMNS))


@pytest.mark.parametrize(("name", "partition"), [(HISTORY[0], "2022-06-30"), (HISTORY[1], "2022-06")])
def test_partition_shows_rows_bytes_and_file(browser: Browser, name: str, partition: str) -> None:
    """And it is not called unsynced, although the day lacks four hours and the month most days."""
    browser.open(f"/assets/{name}?view=partitions&partition={partition}")
    browser.wait_for_text("dagster/row_count", "bytes_per_row", "velib_db_tf.velib_history", ".parquet")
    assert "Unsynced" not in browser.text()


@pytest.mark.parametrize("kpi", DAILY_KPIS, ids=lambda kpi: kpi.name)
def test_kpi_shows_sql_columns_and_preview(browser: Browser, kpi: DailyKpi) -> None:
    browser.open(f"/assets/{kpi.name}")
    browser.wait_for_text("The query of 2022-06-04", *(column.name for column in kpi.schema))
    browser.open(f"/assets/{kpi.name}?view=partitions&partition=2022-06-30")
    browser.wait_for_text("dagster/row_count", kpi.headlines[0].name, ".parquet", "preview")


@pytest.mark.parametrize("name", [*HISTORY, *(kpi.name for kpi in DAILY_KPIS)])
def test_checks_are_listed_with_their_results(browser: Browser, name: str) -> None:
    checks = [check for check in CHECKS if check.asset == name]
    browser.open(f"/assets/{name}?view=checks")
    browser.wait_for_text(f"Checks ({len(checks)})", *(check.name for check in checks))
    browser.find("//*[text()='Succeeded']")


@pytest.mark.parametrize("job", ["velib_daily", "velib_monthly"])
def test_job_shows_what_it_does(browser: Browser, job: str) -> None:
    browser.open(f"/locations/velib_assets.definitions/jobs/{job}")
    browser.wait_for_text(job, "Description", "history")


def test_daily_schedule_is_off_and_daily_healing_is_on(browser: Browser) -> None:
    browser.open("/automation")
    browser.wait_for_text("velib_daily_schedule", "At 03:00 AM UTC")
    assert not browser.switched_on("velib_daily_schedule")
    assert browser.switched_on("velib_daily_healing")
