"""Opens the report's page in headless Chromium and inspects it.

Does not import pytest, because docs/take_pictures.py uses it too.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement

from velib_assets_tests.ui.browser import Browser, chromium

HEIGHT = 900

# Scrolls every chart into view, then waits until all visible ones are drawn.
_DRAW_ALL = """
const done = arguments[arguments.length - 1];
(async () => {
  const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
  const waiting = () => [...document.querySelectorAll(".chart")]
    .filter((box) => box.offsetParent && !box.dataset.drawn);
  const deadline = performance.now() + 50000;
  while (waiting().length && performance.now() < deadline) {
    waiting()[0].scrollIntoView({ block: "center", behavior: "instant" });
    await pause(20);
  }
  scrollTo({ top: 0, behavior: "instant" });
  done(waiting().map((box) => box.getAttribute("aria-label")));
})();
"""


# Waits until the page has applied a media preference and painted a frame with it.
_PREFERENCE_APPLIED = """
const [query, done] = arguments;
const painted = () => requestAnimationFrame(done);
const poll = () => requestAnimationFrame(matchMedia(query).matches ? painted : poll);
poll();
"""


# Opens the details elements of a selector, and waits for their toggle events, which create the tables.
_UNFOLD = """
const done = arguments[arguments.length - 1];
const closed = [...document.querySelectorAll(arguments[0])].filter((details) => !details.open);
let left = closed.length;
if (!left) done();
for (const details of closed) {
  details.addEventListener("toggle", () => { left -= 1; if (!left) done(); }, { once: true });
  details.open = true;
}
"""


class Reader(Browser):
    """A browser that shows the report's page."""

    def read(
        self,
        path: Path,
        width: int = 1280,
        theme: str = "light",
        zone: str = "Europe/Paris",
        height: int = HEIGHT,
    ) -> None:
        """Load a page with this width, theme, time zone and height."""
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
        self.prefer(theme)
        self.driver.execute_cdp_cmd("Emulation.setTimezoneOverride", {"timezoneId": zone})
        self.driver.get("about:blank")  # opening the same address again would not reload it
        self.open(str(path))

    def prefer(self, theme: str) -> None:
        """Prefer light or dark; also prefer reduced motion, so that clicks need not wait for scrolling."""
        features = [
            {"name": "prefers-color-scheme", "value": theme},
            {"name": "prefers-reduced-motion", "value": "reduce"},
        ]
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
        self.driver.execute_async_script(_PREFERENCE_APPLIED, f"(prefers-color-scheme: {theme})")

    def forget(self) -> None:
        """Delete the saved language and theme."""
        self.run("localStorage.clear()")

    def drawing(self, css: str) -> str:
        """Return a canvas's image as a data URL, for comparison."""
        return str(self.run("return document.querySelector(arguments[0]).toDataURL()", css))

    def run(self, script: str, *arguments: Any) -> Any:
        """Run a script and return its result."""
        return self.driver.execute_script(script, *arguments)

    def draw_all(self) -> list[str]:
        """Draw every chart and return the labels of those that were not drawn."""
        missing: list[str] = self.driver.execute_async_script(_DRAW_ALL)
        return missing

    def unfold(self, css: str) -> None:
        """Open the tables inside the selected elements."""
        self.driver.execute_async_script(_UNFOLD, f"{css} details")

    def one(self, css: str) -> WebElement:
        """Return the first selected element."""
        return self.driver.find_element(By.CSS_SELECTOR, css)

    def texts(self, css: str) -> list[str]:
        """Return the text of each selected element, visible or not."""
        texts: list[str] = self.run(
            "return [...document.querySelectorAll(arguments[0])].map((element) => element.textContent)", css
        )
        return texts

    def values(self, css: str) -> list[float]:
        """Return the exact values of the numbers inside the selected elements."""
        script = "return [...document.querySelectorAll(arguments[0])].map((element) => element.value)"
        return [float(value) for value in self.run(script, f"{css} data")]


@contextmanager
def reader(profile: Path) -> Iterator[Reader]:
    """Start a browser for pages on disk."""
    with chromium("file://", profile) as browser:
        browser.driver.set_script_timeout(60)
        yield Reader(browser.driver, browser.url)
