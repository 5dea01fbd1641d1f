"""From the URL of a gbfs.json to query and report, in processes as a user starts them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from velib_assets.lake.keys import HOUR, hour_of, hour_text
from velib_assets.simulator.gbfs_server import GbfsServer
from velib_assets.simulator.simulator import Simulator
from velib_assets_tests.gbfs.plain_reading import totals
from velib_assets_tests.gbfs.real_feeds import VELIB, real_feeds
from velib_assets_tests.gbfs.simulated_feed import simulated_feed
from velib_assets_tests.gbfs.through_pipeline import new_root, publish
from velib_assets_tests.http_server import LocalServer
from velib_assets_tests.report.reader import Reader, reader
from velib_assets_tests.ui.browser import require_browser

FEEDS = {feed.recording: feed for feed in real_feeds()}  # whole ones where they are there
WIDER = "const page = document.documentElement; return page.scrollWidth - page.clientWidth"
COUNTS = (
    "count(*) AS n, sum(bikes) AS bikes, sum(docks) AS docks, min(arrondissement) AS area, max(name) AS name"
)
Done = subprocess.CompletedProcess[str]


class Commands:
    """Runs `velib` with the settings of one network and lake."""

    def __init__(self, lake: Path, network: str, **settings: str) -> None:
        self.network, self.lake = network, lake
        own = {"VELIB_LAKE": str(lake), "VELIB_NETWORK": network, **settings}
        kept = {
            name: value for name, value in os.environ.items() if not name.startswith(("VELIB_", "DAGSTER"))
        }
        self._environ = {**kept, **own}

    def __call__(self, *command: str) -> Done:
        program = [sys.executable, "-m", "velib_assets.cli.commands"]
        return subprocess.run(
            [*program, *command], env=self._environ, capture_output=True, text=True, check=False, timeout=120
        )

    def rows(self, sql: str) -> list[dict[str, Any]]:
        """Return the rows of a query."""
        done = self("query", "--format", "json", sql)
        assert done.returncode == 0, done.stderr
        found: list[dict[str, Any]] = json.loads(done.stdout)
        return found

    def report(self) -> str:
        """Build the report and return its page."""
        done = self("report")
        assert (done.returncode, done.stderr) == (0, "")
        page = self.lake / "reports" / f"{self.network}_report.html"
        assert done.stdout.strip() == str(page)
        return page.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reader]:
    require_browser("NO REPORT OF ANOTHER NETWORK WAS LOOKED AT")
    with reader(tmp_path_factory.mktemp("profile")) as session:
        yield session


@contextmanager
def serving(simulator: Simulator) -> Iterator[GbfsServer]:
    """Serve a simulated city that stands still."""
    moment = datetime.now(UTC)
    with simulated_feed(simulator, lambda: moment) as server:
        yield server


@pytest.mark.parametrize("version", ["1.0", "2.3", "3.1"])
def test_simulated_feed_from_its_url_to_the_report(version: str, tmp_path: Path) -> None:
    with serving(Simulator(stations=250, gbfs=version)) as server:
        url = f"{server.base_url}/gbfs.json"
        velib = Commands(tmp_path, "simville", VELIB_SOURCE="gbfs", VELIB_GBFS_URL=url)
        tick = velib("tick")
        files = server.files_of(server.clock().replace(second=0, microsecond=0))
    assert (tick.returncode, "warning" in tick.stderr) == (0, False), tick.stderr
    (found,) = velib.rows(f"SELECT {COUNTS} FROM source_simville")  # noqa: S608
    counted = totals({name: json.loads(body) for name, body in files.items()})
    assert (found["n"], found["bikes"], found["docks"]) == counted
    assert found["area"] == "Asnières-sur-Seine"
    assert json.dumps(found["area"]) in velib.report()
    facts = json.loads((tmp_path / "network" / "source=simville" / "network.json").read_bytes())
    assert (facts["name"], facts["timezone"]) == ("Simville", "Europe/Paris")


@pytest.mark.parametrize("recording", FEEDS)
def test_real_feed_from_its_url_to_the_report(recording: str, tmp_path: Path, browser: Reader) -> None:
    feed = FEEDS[recording].shifted_to(datetime.now(UTC) - timedelta(minutes=1))
    network = "velib" if recording == VELIB else recording.partition("-")[0]
    with LocalServer() as server:
        root = new_root(server)
        url = publish(server, root, feed.bodies(root))
        velib = Commands(tmp_path, network, VELIB_SOURCE="gbfs", VELIB_GBFS_URL=url)
        tick = velib("tick")
    assert tick.returncode == 0, tick.stderr
    (found,) = velib.rows(f"SELECT {COUNTS} FROM source_{network}")  # noqa: S608
    assert (found["n"], found["bikes"], found["docks"]) == totals(feed.documents)
    assert json.dumps(found["name"]) in velib.report()
    for width in (360, 1280):
        browser.read(tmp_path / "reports" / f"{network}_report.html", width, zone="Asia/Tokyo")
        assert browser.draw_all() == []
        _, name, _, zone = feed.system
        [title], [shown] = browser.texts("h1"), browser.texts("#shown")
        if network != "velib":
            assert (title, zone in shown) == (f"{name}, station by station", True)
            assert found["area"] in {None, *browser.texts("#filter-arrondissement option")}
        assert browser.run(WIDER) == 0
        assert browser.severe() == []


def test_simulator_ticks_and_restores_as_another_network(tmp_path: Path) -> None:
    velib = Commands(tmp_path, "simville", VELIB_SOURCE="simulator", VELIB_SIMULATOR_GBFS="2.2")
    assert velib("tick").returncode == 0
    hour = hour_text(hour_of(datetime.now(UTC)) - HOUR)
    assert velib("backfill", hour, hour).returncode == 0
    (row,) = velib.rows("SELECT count(*) AS n, count(DISTINCT ingested_ts) AS times FROM source_simville")
    assert row == {"n": 5 * 1450, "times": 5}


def test_fault_of_the_simulated_feed_is_quarantined(tmp_path: Path) -> None:
    settings = {"VELIB_SIMULATOR_GBFS": "3.0", "VELIB_SIMULATOR_FAULTS": "html"}
    velib = Commands(tmp_path, "simville", VELIB_SOURCE="simulator", **settings)
    tick = velib("tick")
    assert tick.returncode == 1
    assert "station_information is not JSON" in tick.stderr
    assert "Traceback" not in tick.stderr
    assert list(tmp_path.glob("quarantine/source=simville/**/*.station_status"))


def test_local_day_that_waits_for_history_is_no_failure_of_a_backfill(tmp_path: Path) -> None:
    """West of Greenwich, a local day ends in the next UTC day, whose history is there a day later."""
    settings = {"VELIB_SIMULATOR_GBFS": "2.2", "VELIB_TIMEZONE": "America/Los_Angeles"}
    velib = Commands(tmp_path, "simville", VELIB_SOURCE="simulator", **settings)
    hour = hour_text(datetime.now(UTC).replace(hour=22) - timedelta(days=1))
    for _ in range(2):  # the first time, the local day before is computed as well
        backfill = velib("backfill", hour, hour)
        assert backfill.returncode == 0, backfill.stderr
        assert "1 day in the history" in backfill.stdout + backfill.stderr
