"""The UI in headless Chromium after a tick without a usable snapshot: only what failed is red."""

import time
from collections.abc import Iterator
from datetime import timedelta

import pytest

from velib_assets.cli.runs import open_instance, run_tick
from velib_assets.defs.build import build_defs
from velib_assets.defs.checks import CHECKS
from velib_assets.lake.keys import SLOT
from velib_assets.settings import Settings
from velib_assets_tests.http_server import LocalServer, Reply
from velib_assets_tests.samples import body, records
from velib_assets_tests.ui.browser import Browser, chromium, require_browser
from velib_assets_tests.ui.servers import dagster_dev
from velib_assets_tests.ui.test_daemon import EXPORT
from velib_assets_tests.waiting import wait_for_room

pytestmark = [pytest.mark.browser, pytest.mark.timeout(400)]


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """A browser on a home with a good tick and then an empty one. Without Chromium the tests are skipped."""
    require_browser("THE BROWSER TESTS DID NOT RUN")
    folder = tmp_path_factory.mktemp("empty")
    with pytest.MonkeyPatch.context() as patch, LocalServer() as portal:
        patch.delenv("DAGSTER_HOME", raising=False)
        portal.queue(EXPORT, Reply(body=body(records())), Reply(body=b"[]"))
        settings = Settings(lake=folder / "lake", feed_urls={"opendata": portal.url})
        with open_instance(settings) as instance:
            wait_for_room(SLOT, timedelta(minutes=1))  # the first tick of an hour also checks the one before
            assert run_tick(build_defs(settings), instance).ok
            time.sleep(1)  # a second has at most one snapshot, and a tick in a warm process takes less
            assert not run_tick(build_defs(settings), instance).ok
    environ = {"VELIB_LAKE": str(settings.lake)}
    with (
        dagster_dev(settings.own_home, environ, "-w", "workspace.yaml") as server,
        chromium(server.url, folder / "profile", 1920, 1080) as running,
    ):
        yield running


def test_only_the_check_that_failed_is_red(browser: Browser) -> None:
    browser.open("/assets/raw_snapshot?view=checks")
    number = sum(check.asset == "raw_snapshot" for check in CHECKS)
    browser.wait_for_text(f"Checks ({number})", "usable_snapshot", "Failed", "Skipped")
    lines = browser.text().splitlines()
    assert [lines[n - 1] for n, line in enumerate(lines) if line == "Failed"] == ["usable_snapshot"]
    assert "Execution failed" not in lines


@pytest.mark.parametrize("asset", ["clean_stations", "source_velib", "kpi_shortage", "velib_report"])
def test_checks_that_did_not_run_are_skipped(browser: Browser, asset: str) -> None:
    names = [check.name for check in CHECKS if check.asset == asset]
    browser.open(f"/assets/{asset}?view=checks")
    browser.wait_for_text(f"Checks ({len(names)})", *names, "Skipped")
    assert "ailed" not in browser.text()


@pytest.mark.parametrize("asset", ["kpi_shortage", "velib_report"])
def test_assets_that_did_not_run_keep_their_last_state(browser: Browser, asset: str) -> None:
    browser.open(f"/assets/{asset}")
    browser.wait_for_text("Latest materialization")
    assert "ailed" not in browser.text()


def test_run_without_a_snapshot_did_not_fail(browser: Browser) -> None:
    browser.open("/runs")
    browser.wait_for_text("Success")
    assert "Failure" not in browser.text()
