"""Takes the screenshots of the documents.

    PYTHONPATH=. python docs/take_pictures.py [FOLDER]

FOLDER is docs/pictures by default. They show the lake of VELIB_LAKE (by default that of `make demo`) and the
runs of its DAGSTER_HOME. The path of the lake is visible: use a neutral one, such as /srv/velib/lake.
partitions.png shows an hour that was not written: fill the lake by `velib backfill` of two days with
VELIB_SOURCE=simulator and `html` in VELIB_SIMULATOR_FAULTS for the slots of one hour. The pictures of the
report in the repository show two recorded days of June 2022, and report-days.png a month of the simulator.
"""

import os
import sys
import time
from base64 import b64decode
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from selenium.webdriver.common.keys import Keys

from velib_assets.cli.run_commands import DEMO_LAKE
from velib_assets.defs.partitions import key_of
from velib_assets.lake.folder_store import FolderStore
from velib_assets.lake.keys import HOUR, REPORT_KEY
from velib_assets.lake.listing import hour_range
from velib_assets.settings import CHECKOUT, Settings, dagster_home
from velib_assets_tests.report.reader import reader
from velib_assets_tests.ui.browser import Browser, chromium, lineage, missing_packages
from velib_assets_tests.ui.servers import dagster_dev

WIDTH, HEIGHT = 1600, 900
LINEAGE_SIZE = 3400, 1600
LINEAGE_WIDTH = 2400  # of the picture
VERTICAL = "localStorage.setItem('asset-graph-direction', JSON.stringify('vertical'))"

# A box around all assets of the lineage: around their names, with margins for the rest of each.
GRAPH_BOX = """
const found = [...document.querySelectorAll("svg [data-tooltip]")];
const names = found.map((name) => name.getBoundingClientRect());
const [left, top] = ["left", "top"].map((side) => Math.min(...names.map((name) => name[side])));
const [right, bottom] = ["right", "bottom"].map((side) => Math.max(...names.map((name) => name[side])));
return [left - 40, top - 30, right - left + 200, bottom - top + 165];
"""
ASSETS = {"raw_snapshot", "clean_stations", "source_velib", "kpi_shortage", "kpi_daily_network"}


def main(folder: Path) -> None:
    """Start server and browser, and take each screenshot."""
    if missing := missing_packages():
        sys.exit(f"A browser is needed. Run: apt-get install {' '.join(missing)}")
    lake = Path(os.environ.get("VELIB_LAKE") or DEMO_LAKE).absolute()
    span = hour_range(FolderStore(lake), "clean")
    if span is None:
        sys.exit(f"The lake {lake} has no clean hour yet. Run `make demo`.")
    environ = {"VELIB_LAKE": str(lake), "VELIB_SOURCE": "simulator"}
    folder.mkdir(parents=True, exist_ok=True)
    if (page := lake / REPORT_KEY).exists():
        take_report(page, folder)
    with (
        TemporaryDirectory() as profile,
        dagster_dev(dagster_home(Settings(lake=lake)), environ, "-w", "workspace.yaml") as server,
    ):
        with chromium(server.url, Path(profile, "a"), *LINEAGE_SIZE) as browser:
            take_lineage(browser, folder / "lineage.png")
        with chromium(server.url, Path(profile, "b"), WIDTH, HEIGHT) as browser:
            take_kpi(browser, folder / "kpi.png")
            take_partitions(browser, folder / "partitions.png", *span)


def take_lineage(browser: Browser, target: Path) -> None:
    """Take the graph from top to bottom with its groups open, cropped from the page."""
    graph = lineage("ingest", "lake", "kpi", "daily", "report")
    browser.open(graph)
    browser.wait_for_text("Hide navigation")
    browser.driver.execute_script(VERTICAL)
    browser.click("//*[text()='Hide navigation']")
    browser.open(graph)
    browser.wait_for_nodes(ASSETS)
    browser.wait_for_text("Passed", "Materialized")
    time.sleep(5)  # the graph is fitted to the page, which is animated
    left, top, width, height = browser.driver.execute_script(GRAPH_BOX)
    clip = {"x": left, "y": top, "width": width, "height": height, "scale": LINEAGE_WIDTH / width}
    picture = browser.driver.execute_cdp_cmd("Page.captureScreenshot", {"clip": clip})
    target.write_bytes(b64decode(picture["data"]))


def take_kpi(browser: Browser, target: Path) -> None:
    """Take a view's page with its headline numbers and, above them, the preview of its rows."""
    browser.open("/assets/kpi_shortage")
    browser.wait_for_text("FROM velib_db_tf.source_velib", "Column name", "[Show Markdown]")
    headline = browser.find("//*[text()='stations_short']")
    browser.driver.execute_script("arguments[0].scrollIntoView({block: 'center'})", headline)
    browser.click("//*[text()='[Show Markdown]']")
    browser.wait_for_text("Close")
    time.sleep(1)  # the dialog is animated
    browser.driver.save_screenshot(str(target))


def take_partitions(browser: Browser, target: Path, first: datetime, last: datetime) -> None:
    """Take the partitions of clean_stations, with one hour selected."""
    shown = max(first, last - timedelta(hours=12))
    browser.open(f"/assets/clean_stations?view=partitions&partition={key_of(shown)}")
    browser.wait_for_text("dagster/row_count", "stale_share")
    field = browser.find("//input[starts-with(@value, '[')]")
    field.send_keys(Keys.CONTROL, "a")
    field.send_keys(f"[{key_of(first)}...{key_of(last)}]", Keys.TAB)
    browser.wait_for_text(f"{(last - first) // HOUR + 1:,} Partitions Selected", "dagster/row_count")
    browser.driver.save_screenshot(str(target))


def take_report(page: Path, folder: Path) -> None:
    """Take the top of the report and its days on a desktop (light), and its map on a phone (dark)."""
    with TemporaryDirectory() as profile, reader(Path(profile)) as browser:
        browser.driver.execute_cdp_cmd("Emulation.setScrollbarsHidden", {"hidden": True})
        for name, width, theme, selector in (
            ("report.png", 1280, "light", "header"),
            ("report-days.png", 1280, "light", "#days"),
            ("report-phone.png", 360, "dark", "#map"),
        ):
            browser.read(page, width, theme, height=1200)
            if selector == "#days" and not browser.texts("#calendar"):
                continue  # no day is stored
            browser.draw_all()
            browser.run("document.querySelector(arguments[0]).scrollIntoView()", selector)
            browser.driver.save_screenshot(str(folder / name))


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else CHECKOUT / "docs" / "pictures")
