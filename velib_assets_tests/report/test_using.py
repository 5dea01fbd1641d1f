"""Interaction with the page: filters, search, cards, keyboard, languages, themes, hostile names."""

from itertools import pairwise

import pytest
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.keys import Keys

from velib_assets_tests.report.conftest import CANARY, Pages
from velib_assets_tests.report.lakes import Page
from velib_assets_tests.report.reader import Reader

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]

# Focusable elements without an accessible name.
NAMELESS = """
return [...document.querySelectorAll("a, button, input, select, summary, [tabindex='0']")]
  .filter((element) => !element.getAttribute("aria-label"))
  .filter((element) => !element.textContent.trim() && !element.labels?.length)
  .map((element) => element.outerHTML)
"""


def count(page: Page, condition: str) -> int:
    """Count the stations of the newest snapshot that match a SQL condition."""
    newest = "ingested_ts = (SELECT max(ingested_ts) FROM source_velib)"
    sql = f"SELECT count(*) FROM source_velib WHERE {newest} AND {condition}"  # noqa: S608 - the test's own
    return int(str(page.engine.query(sql).iloc[0, 0]))


def listed(browser: Reader) -> int:
    """Return the number of stations that the list shows."""
    return int(browser.one("#station-list .found").text.split()[0])


def test_filters_keep_matching_stations(browser: Reader, pages: Pages) -> None:
    normal = pages("normal")
    browser.read(normal.path)
    assert listed(browser) == 63
    browser.one("#filter-bike").click()
    assert listed(browser) == count(normal, "bikes > 0") < 63
    browser.one("#filter-ebike").click()
    assert listed(browser) == count(normal, "bikes > 0 AND ebikes > 0")
    browser.one("#filter-dock").click()
    assert listed(browser) == count(normal, "bikes > 0 AND ebikes > 0 AND docks > 0")
    browser.one("#filter-arrondissement option[value='=Paris 3e']").click()
    condition = "bikes > 0 AND ebikes > 0 AND docks > 0 AND arrondissement = 'Paris 3e'"
    assert listed(browser) == count(normal, condition) == len(browser.texts("#station-list tbody tr"))
    browser.one("#search").send_keys("nowhere")
    assert browser.one("#station-list .found").text == "No station matches these filters."


def test_search_matches_numbers_and_names_without_accents(browser: Reader, pages: Pages) -> None:
    browser.read(pages("normal").path)
    browser.one("#search").send_keys("N° 12 – echelle")
    assert browser.texts("#station-list button.link") == ["Place n° 12 – Échelle"]
    browser.one("#search").clear()
    browser.one("#search").send_keys("13001", Keys.ENTER)
    assert browser.one("[data-card]").get_attribute("data-card") == "13001"


def test_card_opens_and_closes_by_keyboard(browser: Reader, pages: Pages) -> None:
    normal = pages("normal")
    browser.read(normal.path)
    stations = normal.report["stations"]
    index = stations["id"].index("10001")
    button = browser.one("#station-list [data-station='10001']")
    button.send_keys(Keys.ENTER)
    assert browser.one("#card h4").text == stations["name"][index]
    assert browser.driver.switch_to.active_element == browser.one("#card h4")
    for field in ("bikes", "mechanical", "ebikes", "docks", "capacity", "fill_rate"):
        [shown] = browser.values(f"#card .card-{field}")
        assert shown == pytest.approx(stations[field][index], abs=5e-5)
    assert browser.draw_all() == []
    browser.unfold("#card")
    assert len(browser.texts("#card tbody tr")) == len(normal.report["history"]["ts"]) == 96
    browser.driver.switch_to.active_element.send_keys(Keys.ESCAPE)
    assert not browser.driver.find_elements("css selector", "[data-card]")
    assert browser.driver.switch_to.active_element == button


def test_click_on_map_opens_station(browser: Reader, pages: Pages) -> None:
    """The map zooms to the filtered stations, so a commune's only station is in its centre."""
    browser.read(pages("normal").path)
    assert browser.draw_all() == []
    browser.one("#filter-arrondissement option[value='=Montreuil']").click()
    canvas = browser.one("#map canvas")
    browser.run("arguments[0].scrollIntoView({ block: 'center' })", canvas)
    ActionChains(browser.driver).move_to_element(canvas).click().perform()
    assert browser.one("[data-card]").get_attribute("data-card") == "36001"
    tip = browser.one(".tip")
    assert "Place n° 60 – Échelle" in str(tip.get_property("textContent"))


def test_map_zooms_in_and_back(browser: Reader, pages: Pages) -> None:
    browser.read(pages("normal").path)
    assert browser.draw_all() == []
    before = browser.drawing("#map canvas")
    browser.click("//button[@aria-label='Zoom in']")
    assert browser.drawing("#map canvas") != before
    browser.click("//button[@aria-label='Whole network']")
    assert browser.drawing("#map canvas") == before


def test_names_with_markup_are_shown_as_text(browser: Reader, pages: Pages) -> None:
    hostile = pages("hostile")
    browser.read(hostile.path)
    assert browser.draw_all() == []
    assert CANARY in hostile.report["stations"]["name"][0]
    names = browser.texts("#station-list button.link")
    assert names
    assert all(name.endswith(CANARY) for name in names)
    assert browser.texts("#kpi_top10_2hour ol button.link")[0].endswith(CANARY)
    assert browser.texts("#kpi_episodes button.link")[0].endswith(CANARY)
    assert browser.texts("#filter-arrondissement option")[1].endswith(CANARY)
    browser.one("#station-list button.link").click()
    assert browser.one("#card h4").get_property("textContent") == names[0]
    ActionChains(browser.driver).move_to_element(browser.one("#map canvas")).perform()
    assert browser.run("return window.hacked") is None
    assert browser.run("return document.querySelectorAll('img').length") == 0


def test_page_is_translated_to_french(browser: Reader, pages: Pages) -> None:
    browser.read(pages("normal").path)
    english = browser.text()
    browser.one("#language").click()
    french = browser.text()
    assert browser.draw_all() == []
    assert browser.one("html").get_attribute("lang") == "fr"
    for text in ("Now", "Fill rate", "Shortage", "Longest episodes", "Missed", "Paris time"):
        assert text in english
        assert text not in french
    browser.driver.refresh()
    assert "Taux de remplissage" in browser.text()
    browser.one("#language").click()
    assert browser.text() == english


def test_theme_switch_is_saved(browser: Reader, pages: Pages) -> None:
    browser.read(pages("one").path, theme="light")
    paper = "return getComputedStyle(document.body).backgroundColor"
    light = browser.run(paper)
    browser.one("#theme").click()
    dark = browser.run(paper)
    assert dark != light
    browser.driver.refresh()
    assert browser.run(paper) == dark
    assert browser.draw_all() == []


def test_focusable_elements_have_names(browser: Reader, pages: Pages) -> None:
    """The skip link comes first, focusable elements have accessible names, and the focus is visible."""
    browser.read(pages("normal").path)
    ActionChains(browser.driver).send_keys(Keys.TAB).perform()
    first = browser.driver.switch_to.active_element
    assert first.get_attribute("href").endswith("#now")  # type: ignore[union-attr] # a link has one
    assert browser.run("return getComputedStyle(arguments[0]).outlineStyle", first) == "solid"
    nameless = browser.run(NAMELESS)
    assert nameless == []
    levels = browser.run(
        "return [...document.querySelectorAll('h1, h2, h3, h4')].map((heading) => +heading.tagName[1])"
    )
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


def test_tiles_show_other_measures_and_episodes_one_kind(browser: Reader, pages: Pages) -> None:
    normal = pages("normal")
    browser.read(normal.path)
    assert browser.draw_all() == []
    figure = "#kpi_saturation_par_arrondissement"
    before = browser.drawing(f"{figure} canvas")
    browser.one(f"{figure} input[value='short']").click()
    assert browser.draw_all() == []
    assert browser.drawing(f"{figure} canvas") != before
    browser.one("#kpi_episodes input[value='shortage']").click()
    shortages = [row for row in normal.report["episodes"] if row["kind"] == "shortage"]
    assert shortages
    minutes = browser.values("#kpi_episodes td")
    assert minutes == [row["minutes"] for row in shortages[: len(minutes)]]
