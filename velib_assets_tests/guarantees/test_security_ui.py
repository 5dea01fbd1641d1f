"""Hostile names in the real UI, in a real browser, become no link, picture, markup or script."""

from pathlib import Path

import pytest
from selenium.webdriver.common.by import By

from velib_assets.cli.runs import open_instance, run_hours
from velib_assets.defs.build import build_defs
from velib_assets.settings import CHECKOUT, Settings
from velib_assets_tests.defs.test_graph import archive
from velib_assets_tests.guarantees.test_security_words import HOSTILE
from velib_assets_tests.samples import HOUR, at, body, record
from velib_assets_tests.ui.browser import Browser, chromium, require_browser
from velib_assets_tests.ui.servers import dagster_dev

pytestmark = [pytest.mark.promise("security"), pytest.mark.timeout(300)]

LINKS = "//a[contains(@href, 'evil') or contains(@href, 'EVIL') or contains(@href, 'javascript')]"
EVIL = f"{LINKS} | //img[contains(@src, 'evil') or @src='x']"


def evil(browser: Browser) -> list[str]:
    """Find links and pictures on the page that come from a name."""
    return [
        str(element.get_attribute("outerHTML"))[:300]
        for element in browser.driver.find_elements(By.XPATH, EVIL)
    ]


def test_names_are_text_in_the_ui(full: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In full mode only; otherwise test_security_words uses a Markdown parser instead of the UI."""
    if not full:
        return
    require_browser("THE BROWSER TEST DID NOT RUN")
    stations = [record(f"{n:03}", name=name) | {name: n} for n, name in enumerate(HOSTILE)]
    folder = archive(
        tmp_path / "archive", {at(0): body(stations), at(15): b'{"![x](http://evil.example/x.png)": 1}'}
    )
    settings = Settings(lake=tmp_path / "lake", source="archive", archive=str(folder))
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path / "home"))
    with open_instance(settings) as instance:
        assert run_hours(build_defs(settings), instance, [HOUR]).ok
    environ = {"VELIB_LAKE": str(settings.lake), "VELIB_SOURCE": "simulator"}
    with (
        dagster_dev(tmp_path / "home", environ, "-w", str(CHECKOUT / "workspace.yaml")) as server,
        chromium(server.url, tmp_path / "profile") as browser,
    ):
        browser.open("/assets/kpi_taux_remplissage?view=events")
        browser.click("//*[text()='[Show Markdown]']")
        browser.wait_for_text("<script>alert(1)</script>", "[x](javascript:alert(1))", "www")
        assert evil(browser) == []
        findings = {
            "clean_stations": ("schema_drift", "new: "),
            "raw_snapshot": ("quarantined_snapshot", "it contains: "),
        }
        for asset, (check, text) in findings.items():  # the UI shows findings as Markdown
            browser.open(f"/assets/{asset}?view=checks&checkDetail={check}")
            browser.wait_for_text(text)
            assert evil(browser) == []
        assert "\x1b" not in browser.text()
