"""Take the README's pictures: `python docs/take_pictures.py [FOLDER]`, by default into docs/pictures.

They show the lake of VELIB_LAKE and the runs of DAGSTER_HOME; without VELIB_LAKE those of `make demo`.
"""

import os
import sys
from base64 import b64decode
from pathlib import Path
from tempfile import TemporaryDirectory

from selenium.webdriver.common.by import By

from velib_assets.cli import DEMO_LAKE
from velib_assets.core.layout import hour_text
from velib_assets.runtime.lake import bounds
from velib_assets.runtime.store import FolderStore
from velib_assets.settings import CHECKOUT, dagster_home
from velib_assets_tests.ui.browser import LINEAGE, Browser, chromium, missing_packages
from velib_assets_tests.ui.servers import dagster_dev

WIDTH, HEIGHT = 1600, 900
ASSETS = {"raw_snapshot", "clean_stations", "source_velib", "kpi_shortage", "kpi_top10_2hour"}


def main(folder: Path) -> None:
    """Start the servers and a browser, and take each picture."""
    if lacking := missing_packages():
        sys.exit(f"A browser is needed: apt-get install {' '.join(lacking)}")
    lake = Path(os.environ.get("VELIB_LAKE") or DEMO_LAKE).absolute()
    span = bounds(FolderStore(lake), "clean")
    if span is None:
        sys.exit(f"The lake {lake} has no clean hour yet: `make demo` makes one")
    environ = {"VELIB_LAKE": str(lake), "VELIB_SOURCE": "simulator"}
    folder.mkdir(parents=True, exist_ok=True)
    with (
        TemporaryDirectory() as profile,
        dagster_dev(dagster_home(), environ, "-w", "workspace.yaml") as server,
    ):
        # A larger window makes the lineage draw its assets with all that it knows of them.
        with chromium(server.url, Path(profile, "large"), 1920, 1080) as browser:
            take_lineage(browser, folder / "lineage.png")
        with chromium(server.url, Path(profile, "small"), WIDTH, HEIGHT) as browser:
            take_kpi(browser, folder / "kpi.png")
            take_partitions(browser, folder / "partitions.png", f"{hour_text(span[1]).replace('T', '-')}:00")


def take_lineage(browser: Browser, target: Path) -> None:
    """The graph with its groups open, cut out of the window."""
    browser.open(LINEAGE)
    browser.wait_for_nodes(ASSETS)
    browser.click("//*[text()='Hide navigation']")
    browser.click("//button[.//*[@aria-label='panel_show_right']]")
    browser.open(LINEAGE)
    browser.wait_for_nodes(ASSETS)
    browser.wait_for_text("Passed", "Materialized")
    drawn = [e.rect for e in browser.driver.find_elements(By.CSS_SELECTOR, "svg foreignObject")]
    left, right = min(r["x"] for r in drawn), max(r["x"] + r["width"] for r in drawn)
    top, bottom = min(r["y"] for r in drawn), max(r["y"] + r["height"] for r in drawn)
    middle = {"x": (left + right) / 2, "y": (top + bottom) / 2}
    clip = {"x": middle["x"] - WIDTH / 2, "y": middle["y"] - HEIGHT / 2, "width": WIDTH, "height": HEIGHT}
    picture = browser.driver.execute_cdp_cmd("Page.captureScreenshot", {"clip": clip | {"scale": 1}})
    target.write_bytes(b64decode(picture["data"]))


def take_kpi(browser: Browser, target: Path) -> None:
    """A view's page where its numbers are plotted."""
    browser.open("/assets/kpi_shortage")
    browser.wait_for_text("CREATE OR REPLACE VIEW", "Column name", "[Show Markdown]")
    browser.click("//*[text()='Plots']")
    plots = browser.find("//canvas")
    browser.driver.execute_script("arguments[0].scrollIntoView({block: 'center'})", plots)
    browser.driver.save_screenshot(str(target))


def take_partitions(browser: Browser, target: Path, key: str) -> None:
    """The hours of the clean layer, one of them open."""
    browser.open(f"/assets/clean_stations?view=partitions&partition={key}")
    browser.wait_for_text("dagster/row_count", "stale_share")
    browser.driver.save_screenshot(str(target))


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else CHECKOUT / "docs" / "pictures")
