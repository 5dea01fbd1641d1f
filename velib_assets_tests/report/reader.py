"""A reader of the page in headless Chromium: opening it at a width and in a colour, and looking at it.

Belongs here: what knows the page's markup. Imports no pytest: the documentation's pictures are taken with it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement

from velib_assets_tests.ui.browser import Browser, chromium

HEIGHT = 900

# Brings every picture into view, then waits until all that can be seen are drawn.
_DRAW_ALL = """
const done = arguments[arguments.length - 1];
(async () => {
  const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
  const waiting = () => [...document.querySelectorAll(".chart")]
    .filter((box) => box.offsetParent && !box.dataset.drawn);
  const patience = performance.now() + 50000;
  while (waiting().length && performance.now() < patience) {
    waiting()[0].scrollIntoView({ block: "center", behavior: "instant" });
    await pause(20);
  }
  scrollTo({ top: 0, behavior: "instant" });
  done(waiting().map((box) => box.getAttribute("aria-label")));
})();
"""


# Waits until a page knows what its reader prefers, and has shown it: it is told with the next frame.
_LIKED = """
const [query, done] = arguments;
const shown = () => requestAnimationFrame(done);
const look = () => requestAnimationFrame(matchMedia(query).matches ? shown : look);
look();
"""


# Opens the details of a selector, and waits until each has been told so: then it has its table.
_UNFOLD = """
const done = arguments[arguments.length - 1];
const shut = [...document.querySelectorAll(arguments[0])].filter((details) => !details.open);
let left = shut.length;
if (!left) done();
for (const details of shut) {
  details.addEventListener("toggle", () => { left -= 1; if (!left) done(); }, { once: true });
  details.open = true;
}
"""


class Reader(Browser):
    """A browser on the page."""

    def read(
        self,
        path: Path,
        width: int = 1280,
        theme: str = "light",
        zone: str = "Europe/Paris",
        height: int = HEIGHT,
    ) -> None:
        """Open a page as new: nothing is remembered from before."""
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
        self.like(theme)
        self.driver.execute_cdp_cmd("Emulation.setTimezoneOverride", {"timezoneId": zone})
        self.driver.get("about:blank")  # a page that is open already would be moved in, not loaded
        self.open(str(path))

    def like(self, theme: str) -> None:
        """Prefer light or dark from now on; and no motion, which a click would have to wait for."""
        features = [
            {"name": "prefers-color-scheme", "value": theme},
            {"name": "prefers-reduced-motion", "value": "reduce"},
        ]
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
        self.driver.execute_async_script(_LIKED, f"(prefers-color-scheme: {theme})")

    def forget(self) -> None:
        """Forget the language and the colours that were chosen."""
        self.run("localStorage.clear()")

    def drawing(self, css: str) -> str:
        """What a canvas shows, as text that two can be compared by."""
        return str(self.run("return document.querySelector(arguments[0]).toDataURL()", css))

    def run(self, script: str, *arguments: Any) -> Any:
        """What a script returns."""
        return self.driver.execute_script(script, *arguments)

    def draw_all(self) -> list[str]:
        """Have every picture drawn; the names of those that could not be."""
        missing: list[str] = self.driver.execute_async_script(_DRAW_ALL)
        return missing

    def unfold(self, css: str) -> None:
        """Open the tables inside the elements of a selector."""
        self.driver.execute_async_script(_UNFOLD, f"{css} details")

    def one(self, css: str) -> WebElement:
        """The first element of a selector."""
        return self.driver.find_element(By.CSS_SELECTOR, css)

    def texts(self, css: str) -> list[str]:
        """The text of each element of a selector, also of what is not in view."""
        found: list[str] = self.run(
            "return [...document.querySelectorAll(arguments[0])].map((one) => one.textContent)", css
        )
        return found

    def values(self, css: str) -> list[float]:
        """The exact values of the numbers inside the elements of a selector."""
        script = "return [...document.querySelectorAll(arguments[0])].map((one) => one.value)"
        return [float(value) for value in self.run(script, f"{css} data")]


@contextmanager
def reader(profile: Path) -> Iterator[Reader]:
    """A browser for pages on disk."""
    with chromium("file://", profile) as browser:
        browser.driver.set_script_timeout(60)
        yield Reader(browser.driver, browser.url)
