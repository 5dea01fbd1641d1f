"""Headless Chromium on the Dagster UI: start it, open pages, wait for their content.

It does not import pytest, because it also takes the pictures of the documentation.
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from selenium import webdriver
from selenium.common.exceptions import ElementClickInterceptedException, StaleElementReferenceException
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.wait import WebDriverWait

PATIENCE_SECONDS = 30
PROGRAMS = {"chromium": "chromium", "chromedriver": "chromium-driver"}
"""The required programs, each with its Debian package."""


def lineage(*groups: str) -> str:
    """Return the path of the lineage with these groups expanded. It draws only what fits on the screen."""
    return "/asset-groups?expanded=" + ",".join(f"global@global:{group}" for group in groups)


LINEAGE = lineage("ingest", "lake", "kpi", "report")

_FLAGS = """
--headless=new --no-sandbox --disable-gpu --disable-quic --disable-dev-shm-usage --no-first-run
--disable-background-networking --disable-component-update --disable-sync --lang=en-GB
"""


def missing_packages() -> list[str]:
    """Return the Debian packages that are missing."""
    return [package for program, package in PROGRAMS.items() if not shutil.which(program)]


def require_browser(untested: str) -> None:
    """Skip the tests that need a browser where there is none; under CI they fail. `untested` says which."""
    if missing := missing_packages():
        reason = f"{untested}: apt-get install {' '.join(missing)}"
        pytest.fail(reason) if os.environ.get("CI") else pytest.skip(reason)


class Browser:
    """A browser on the UI at `url`."""

    def __init__(self, driver: webdriver.Chrome, url: str) -> None:
        self.driver, self.url = driver, url

    def open(self, path: str) -> None:
        """Open a page of the UI."""
        self.driver.get(self.url + path)

    def text(self) -> str:
        """Return the visible text of the page."""
        return self.driver.find_element(By.TAG_NAME, "body").text

    def wait_for_text(self, *texts: str) -> None:
        """Wait until the page shows each of the texts."""
        wait = self._wait()
        wait.until(lambda _: all(text in self.text() for text in texts), f"the page does not show {texts}")

    def find(self, xpath: str) -> WebElement:
        """Wait for the first visible element of an XPath."""

        def visible(driver: webdriver.Chrome) -> WebElement | None:
            return next((e for e in driver.find_elements(By.XPATH, xpath) if e.is_displayed()), None)

        found = self._wait().until(visible, f"there is no {xpath}")
        assert found
        return found

    def click(self, xpath: str) -> None:
        """Wait for an element and click it; if it is drawn again meanwhile, or covered, click the new one."""

        def clicked(_: webdriver.Chrome) -> bool:
            with suppress(ElementClickInterceptedException):
                self.find(xpath).click()
                return True
            return False

        self._wait().until(clicked, f"{xpath} cannot be clicked")

    def nodes(self) -> set[str]:
        """Return the names of the assets and groups in the lineage."""
        drawn = self.driver.find_elements(By.CSS_SELECTOR, "svg [data-tooltip]")
        return {str(element.get_attribute("data-tooltip")) for element in drawn}

    def wait_for_nodes(self, names: set[str]) -> None:
        """Wait until the lineage shows all of these assets."""
        self._wait().until(lambda _: names <= self.nodes(), f"the lineage does not show {sorted(names)}")

    def type_partition(self, key: str) -> None:
        """Select one partition in the dialog that launches runs."""
        field = self.find("//*[@role='dialog']//input[@type='text']")
        field.send_keys(Keys.CONTROL, "a")
        field.send_keys(Keys.DELETE, key, Keys.TAB)

    def switched_on(self, name: str) -> bool:
        """Whether the automation page shows a schedule or sensor as on."""
        row = f"//*[@data-index][.//*[text()='{name}']]"
        self.find(f"{row}//label[contains(@class, 'Switch')]")
        switch = self.driver.find_element(By.XPATH, f"{row}//label[contains(@class, 'Switch')]/input")
        return switch.is_selected()

    def severe(self) -> list[str]:
        """Return the errors on the console since the last call."""
        entries = self.driver.get_log("browser")  # type: ignore[no-untyped-call] # selenium's
        return [entry["message"] for entry in entries if entry["level"] == "SEVERE"]

    def _wait(self) -> "WebDriverWait[webdriver.Chrome]":
        return WebDriverWait(
            self.driver, PATIENCE_SECONDS, ignored_exceptions=[StaleElementReferenceException]
        )


@contextmanager
def chromium(url: str, profile: Path, width: int = 1600, height: int = 900) -> Iterator[Browser]:
    """Start Debian's Chromium with a new profile and a page of `width` by `height` pixels."""
    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium") or ""
    for flag in (*_FLAGS.split(), f"--user-data-dir={profile}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options, webdriver.ChromeService(shutil.which("chromedriver")))
    try:
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        yield Browser(driver, url)
    finally:
        driver.quit()
