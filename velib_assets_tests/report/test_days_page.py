"""The section Days in a browser: comparison, calendar, best and worst stations, changes."""

from datetime import date, timedelta
from pathlib import Path

import pytest
from selenium.webdriver.common.keys import Keys

from velib_assets.lake.folder_store import FolderStore
from velib_assets.report.days import report_days
from velib_assets_tests.report.conftest import CANARY, Pages
from velib_assets_tests.report.lakes import NEWEST, Page, city, page, snapshots
from velib_assets_tests.report.reader import Reader
from velib_assets_tests.report.stored_days import network_day, station_day, write_day

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]

# What a checker of accessibility finds first: elements without a name, ids that are missing or used twice,
# tables without caption or header cells, skipped heading levels, and a contrast below 4.5 (WCAG AA).
FAULTS = """
const all = (css) => [...document.querySelectorAll(css)];
const visible = (element) => element.getClientRects().length > 0;
const text = (element) => element.getAttribute("aria-label") || element.textContent.trim();
const show = (element) => element.outerHTML.slice(0, 120);
const ids = all("[id]").map((element) => element.id);
const references = all("[aria-labelledby]").map((element) => element.getAttribute("aria-labelledby"));
const levels = all("h1, h2, h3, h4, h5").filter(visible).map((heading) => Number(heading.tagName[1]));
const rgb = (css) => css.match(/[\\d.]+/g).map(Number);
const paper = (element) => {
  for (let at = element; at; at = at.parentElement) {
    const color = rgb(getComputedStyle(at).backgroundColor);
    if (color.length === 3 || color[3] === 1) return color;
  }
  return [255, 255, 255];
};
const linear = (part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
const light = ([r, g, b]) =>
  0.2126 * linear(r / 255) + 0.7152 * linear(g / 255) + 0.0722 * linear(b / 255) + 0.05;
const contrast = (element) => {
  const [a, b] = [light(rgb(getComputedStyle(element).color)), light(paper(element))];
  return Math.max(a, b) / Math.min(a, b);
};
const letters = (element) => [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
const lettered = all("main *").filter((element) => visible(element) && letters(element));
return [
  ...all("button, a, input, select, summary, [tabindex='0'], [role='img'], [role='group']")
    .filter((element) => !text(element) && !element.labels?.length)
    .map((element) => `no name: ${show(element)}`),
  ...ids.filter((id, k) => ids.indexOf(id) !== k).map((id) => `used twice: ${id}`),
  ...references.filter((id) => !ids.includes(id)).map((id) => `missing: ${id}`),
  ...all("table").filter((table) => !table.caption || !table.querySelector("th[scope='col']")).map(show),
  ...levels.filter((level, k) => k && level > levels[k - 1] + 1).map((level) => `heading skips to ${level}`),
  ...lettered.filter((element) => contrast(element) < 4.5).map((element) => `contrast: ${show(element)}`),
];
"""

TODAY = date(2022, 6, 6)  # of the newest snapshot in Paris
DAY = timedelta(days=1)
HOLES = (10, 11)


@pytest.fixture(scope="module")
def days(tmp_path_factory: pytest.TempPathFactory) -> Page:
    """Return a page with 50 days, of which two are missing and one has gaps."""
    folder = tmp_path_factory.mktemp("days")
    for n in range(1, 51):
        if n in HOLES:
            continue
        stations = [
            station_day("10001", 300 + n, name=f"Hard {CANARY}"),
            station_day("1002", 0, 90, moves=50),
            station_day("5001"),
        ]
        changes = (
            {"coverage": 0.25, "slots_stored": 24, "minutes_covered": 36e3}
            if n == 5
            else {"minutes_short": 60.0 * n}
        )
        write_day(folder / "stored", TODAY - n * DAY, network_day(**changes), stations)
    daily = report_days(FolderStore(folder / "stored"), TODAY)
    return page(folder, city(snapshots(NEWEST, 3)), daily=daily)


def test_section_without_days_says_how_to_get_them(browser: Reader, pages: Pages) -> None:
    browser.read(pages("normal").path, 360)
    assert "No day is stored yet." in browser.one("#no-days").text
    assert browser.texts("#no-days code") == ["velib backfill FROM TO"]
    assert browser.texts("#calendar, #yesterday, #station-days") == []


def test_yesterday_is_compared_with_the_same_weekdays(browser: Reader, days: Page) -> None:
    browser.read(days.path)
    assert browser.one("#yesterday h3").text == "Sunday 5 June and the Sundays before"
    assert browser.one("#yesterday .lead").text == "Compared with earlier Sundays: the mean of 7 days."
    rows = browser.texts("#yesterday tbody tr")
    assert len(rows) == 5
    minutes = browser.values("#yesterday tbody tr:nth-child(2)")
    typical = sum(60 * n for n in range(8, 51, 7)) / 7 / 144_000
    assert minutes == pytest.approx([60 / 144_000, typical, 60 / 144_000 - typical])
    assert "−17 min" in rows[1]


def test_calendar_shows_holes_and_gaps_as_such(browser: Reader, days: Page) -> None:
    browser.read(days.path)
    assert len(browser.texts("#calendar .day[data-date]")) == 50
    missing = "[...document.querySelectorAll('#calendar button.missing')].map((day) => day.dataset.date)"
    assert browser.run(f"return {missing}") == ["2022-05-26", "2022-05-27"]
    assert browser.texts("#calendar button.incomplete .day-number") == ["1 Jun"]
    label = browser.one("#calendar button.missing").get_attribute("aria-label")
    assert label == (
        "Thursday, 26 May 2022. This day is not stored: nothing was recorded, or it is not computed yet."
    )
    label = browser.one("#calendar [data-date='2022-06-05']").get_attribute("aria-label")
    assert label == "Sunday, 5 June 2022. Short, per station: 1 min. Coverage: 100%"
    weeks = browser.texts("#calendar tbody th[scope='row']")
    assert (weeks[0], weeks[-1]) == ("11 Apr", "30 May")
    assert browser.texts("#calendar thead th") == [
        "Week",
        *["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"],
    ]


def test_calendar_is_coloured_by_the_chosen_measure(browser: Reader, days: Page) -> None:
    browser.read(days.path)
    colours = (
        "return [...document.querySelectorAll('#calendar .day.complete')].map((day) => day.style.color + "
    )
    colours += "day.style.backgroundColor)"
    by_minutes = browser.run(colours)
    assert len(set(by_minutes)) > 20
    browser.one("#calendar input[value='coverage']").click()
    assert len(set(browser.run(colours))) == 1
    assert browser.texts("#calendar .day.incomplete .day-value") == ["25%"]
    browser.one("#calendar input[value='avg_fill_rate']").click()
    assert browser.texts("#calendar .day.complete .day-value")[0] == "40.0%"


def test_calendar_is_used_by_keyboard(browser: Reader, days: Page) -> None:
    """It is one tab stop; the arrows move, Enter chooses, and the numbers of the day are announced."""
    browser.read(days.path)
    details = browser.one("#day-details")
    assert details.get_attribute("role") == "status"
    assert browser.texts("#calendar button[tabindex='0']") == ["51"]
    browser.one("#calendar button[tabindex='0']").send_keys(Keys.ARROW_UP)

    def focused() -> str | None:
        return browser.driver.switch_to.active_element.get_attribute("data-date")

    assert focused() == "2022-05-29"
    for key, expected in (
        (Keys.ARROW_LEFT, "2022-05-28"),
        (Keys.HOME, "2022-04-17"),
        (Keys.ARROW_UP, "2022-04-17"),
        (Keys.ARROW_DOWN, "2022-04-24"),
        (Keys.END, "2022-06-05"),
        (Keys.ARROW_RIGHT, "2022-06-05"),
    ):
        browser.driver.switch_to.active_element.send_keys(key)
        assert focused() == expected
    assert details.text.startswith("Sunday, 5 June 2022")
    for _ in range(4):
        browser.driver.switch_to.active_element.send_keys(Keys.ARROW_LEFT)
    browser.driver.switch_to.active_element.send_keys(Keys.ENTER)
    assert details.text.startswith("Wednesday, 1 June 2022")
    assert "24 of 96 slots, 25% of the time" in details.text
    assert browser.texts("#calendar button[aria-pressed='true'] .day-number") == ["1 Jun"]
    browser.one("#calendar [data-date='2022-05-26']").click()
    assert "This day is not stored" in details.text


def test_day_names_its_worst_stations(browser: Reader, days: Page) -> None:
    """A station that is gone has no card."""
    browser.read(days.path)
    names = browser.texts("#day-details .worst li")
    assert names[1:] == ["Place n° 20 – Échelle", "gone"]
    assert len(browser.texts("#day-details .worst button")) == 2
    browser.one("#day-details .worst button").click()
    assert browser.one("[data-card]").get_attribute("data-card") == "10001"


def test_best_and_worst_stations_of_a_period(browser: Reader, days: Page) -> None:
    browser.read(days.path)
    worst, best = "#station-days .halves > :nth-child(1)", "#station-days .halves > :nth-child(2)"
    assert browser.texts("#station-days .found") == ["7 of 7 days are stored."]
    assert browser.texts(f"{worst} button.link") == [f"Hard {CANARY}", "Station 1002"]
    assert browser.texts(f"{best} button.link")[0] == "Station 5001"
    assert browser.values(f"{worst} tbody tr:nth-child(1)") == pytest.approx([304 / 1440, 0])
    browser.one("#station-days input[value='28']").click()
    assert browser.texts("#station-days .found") == ["26 of 28 days are stored."]
    assert browser.run("return window.hacked") is None


def test_changes_are_listed_with_before_and_after(browser: Reader, pages: Pages) -> None:
    browser.read(pages("changed").path)
    rows = browser.texts("#days #changes tbody tr")
    assert len(rows) == 2
    assert "Renamed" in rows[0]
    assert "Station b → New" in rows[0]


@pytest.mark.parametrize("width", [360, 768, 1280])
def test_days_fit_every_width(browser: Reader, days: Page, width: int) -> None:
    browser.read(days.path, width)
    for language in ("en", "fr"):
        assert browser.draw_all() == []
        too_wide = "const page = document.documentElement; return page.scrollWidth - page.clientWidth"
        assert browser.run(too_wide) == 0
        narrow = "return Math.min(...[...document.querySelectorAll('#calendar .day[data-date]')]"
        assert browser.run(f"{narrow}.map((day) => day.clientWidth))") >= 24, language
        clipped = "return [...document.querySelectorAll('#calendar .day-value')]"
        assert (
            browser.run(f"{clipped}.filter((text) => text.scrollWidth > text.parentElement.clientWidth)")
            == []
        )
        browser.one("#language").click()


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
def test_page_has_no_faults_of_accessibility(browser: Reader, days: Page, width: int, theme: str) -> None:
    """With a card open and every table unfolded."""
    browser.read(days.path, width, theme)
    browser.one("#station-list button.link").click()
    assert browser.draw_all() == []
    browser.unfold("main")
    assert browser.run(FAULTS) == []
    browser.run("document.querySelector('#station-days .lead').style.color = '#777'")
    browser.run("document.querySelector('#language').replaceChildren()")
    found = browser.run(FAULTS)
    assert [fault.partition(":")[0] for fault in found] == ["no name", "contrast"]


@pytest.mark.parametrize("zone", ["Pacific/Auckland", "America/Los_Angeles"])
def test_days_are_those_of_the_network_in_any_time_zone(browser: Reader, days: Page, zone: str) -> None:
    browser.read(days.path, zone=zone)
    assert browser.one("#yesterday h3").text == "Sunday 5 June and the Sundays before"
    assert browser.texts("#calendar tbody tr:last-child .day-number")[-1] == "5"


def test_calendar_over_clock_changes_has_each_day_once(browser: Reader, tmp_path: Path) -> None:
    for n in range(1, 40):
        write_day(tmp_path / "stored", date(2022, 11, 10) - n * DAY, network_day())
    daily = report_days(FolderStore(tmp_path / "stored"), date(2022, 11, 10))
    autumn = page(tmp_path, city([NEWEST]), daily=daily)
    browser.read(autumn.path, zone="Europe/Paris")
    script = (
        "return [...document.querySelectorAll('#calendar .day[data-date]')].map((day) => day.dataset.date)"
    )
    found = browser.run(script)
    assert found == [str(date(2022, 11, 10) - n * DAY) for n in range(39, 0, -1)]
