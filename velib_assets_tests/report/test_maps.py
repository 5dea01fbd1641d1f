"""The maps in a browser: areas, their labels and colours; touch, wheel, mouse and keyboard."""

import math
from collections.abc import Sequence
from importlib.resources import files
from typing import Any

import pytest
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.keys import Keys

from velib_assets_tests.report.conftest import Pages
from velib_assets_tests.report.lakes import NEWEST, city, page
from velib_assets_tests.report.reader import Reader

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]

MAP = "#map canvas"
AREAS = "#kpi_saturation_par_arrondissement"

# Runs the page's function of labels on areas of its own.
LABELS = """
const areas = arguments[0];
{script}
return areaLabels(arguments[1], arguments[2] ? () => arguments[2] : null);
"""


def labels(
    browser: Reader, areas: list[dict[str, Any]], width: int, value: str = "", covered: Sequence[Any] = ()
) -> list[Any]:
    """Return the labels that fit on a map of one degree, drawn with this width."""
    script = (files("velib_assets.report.page") / "js" / "area_labels.js").read_text(encoding="utf-8")
    where: dict[str, Any] = {
        "covered": list(covered),
        "centre": {"x": 0.5, "y": 0.5},
        "scale": width,
        "width": width,
        "height": width,
    }
    found: list[Any] = browser.run(LABELS.replace("{script}", script), areas, where, value)
    return found


def area(name: str, x: float, y: float, room: float) -> dict[str, Any]:
    return {"name": name, "x": x, "y": y, "room": room}


def fitted(browser: Reader, positions: list[dict[str, float]]) -> list[dict[str, float]]:
    """Return the positions that are on a map of 300 by 300 pixels which fits them."""
    script = (files("velib_assets.report.page") / "js" / "projection.js").read_text(encoding="utf-8")
    function = f"const stations = arguments[0]; {script}; return fit(stations, 300, 300);"
    found: dict[str, Any] = browser.run(function, positions)
    reach = 150 / found["scale"]
    shrink = math.cos(math.radians(sorted(place["lat"] for place in positions)[len(positions) // 2]))
    return [
        place
        for place in positions
        if abs(place["lon"] * shrink - found["centre"]["x"]) <= reach
        and abs(place["lat"] - found["centre"]["y"]) <= reach
    ]


def test_map_shows_both_parts_of_a_network_and_no_remote_station(browser: Reader, pages: Pages) -> None:
    """San Jose is 70 km from San Francisco, and has every seventh station of their network."""
    browser.read(pages("empty").path)
    near = [{"lat": 37.7 + n % 10 / 200, "lon": -122.5 + n // 10 / 200} for n in range(100)]
    far = [{"lat": 37.2 + n / 200, "lon": -121.9} for n in range(16)]
    assert fitted(browser, near + far) == near + far
    assert fitted(browser, near + far[:1]) == near


def test_labels_do_not_collide(browser: Reader, pages: Pages) -> None:
    """The larger of two areas has its name; when zoomed in, both have."""
    browser.read(pages("empty").path)
    near = [area("Paris 2e", 0.5, 0.5, 0.05), area("Paris 12e", 0.52, 0.5, 0.1), area("Lyon", 0.2, 0.2, 0.1)]
    assert {label["text"] for label in labels(browser, near, 300)} == {"12e", "Lyon"}
    assert {label["text"] for label in labels(browser, near, 3000)} == {"2e", "12e", "Lyon"}


def test_labels_shrink_and_disappear_with_their_area(browser: Reader, pages: Pages) -> None:
    browser.read(pages("empty").path)
    long = [area("Boulogne-Billancourt", 0.5, 0.5, 0.1)]
    assert labels(browser, long, 200) == []
    [small] = labels(browser, long, 450)
    [large] = labels(browser, long, 1200)
    assert 10 <= small["size"] < large["size"] <= 16
    assert labels(browser, [area("Edge", 0.999, 0.5, 0.1)], 400) == []


def test_labels_are_not_under_the_buttons(browser: Reader, pages: Pages) -> None:
    """The station map has its buttons in the upper right corner."""
    browser.read(pages("empty").path)
    assert labels(browser, [area("12e", 0.9, 0.9, 0.2)], 500)
    corner = [{"left": 400, "right": 500, "top": 0, "bottom": 150}]
    assert labels(browser, [area("12e", 0.9, 0.9, 0.2)], 500, covered=corner) == []


def test_value_is_a_second_line_where_it_fits(browser: Reader, pages: Pages) -> None:
    browser.read(pages("empty").path)
    places = [area("Paris 1er", 0.3, 0.3, 0.1), area("Paris 2e", 0.7, 0.7, 0.03)]
    texts = [label["text"] for label in labels(browser, places, 400, "45%")]
    assert texts == ["1er", "45%", "2e"]


def test_areas_are_coloured_by_the_chosen_kpi(browser: Reader, pages: Pages) -> None:
    browser.read(pages("normal").path)
    assert browser.draw_all() == []
    drawings = [browser.drawing(MAP)]
    for measure in ("short", "saturated", ""):
        browser.one(f"#map input[name='map-measure'][value='{measure}']").click()
        drawings.append(browser.drawing(MAP))
    assert len(set(drawings)) == 4
    assert len(browser.texts("#map .ramp")) == 1  # that of the stations
    browser.one("#map input[value='short']").click()
    assert "% of the stations" in browser.texts("#map .ramp")[1]


def test_page_without_area_names_has_no_areas(
    browser: Reader, tmp_path_factory: pytest.TempPathFactory
) -> None:
    rows = city([NEWEST], lambda row: row | {"arrondissement": None, "commune": None})
    nameless = page(tmp_path_factory.mktemp("nameless"), rows)
    assert nameless.report["areas"] == []
    browser.read(nameless.path)
    assert browser.draw_all() == []
    assert browser.texts("#map input[name='map-measure']") == []
    assert browser.texts(f"{AREAS} canvas") == []
    assert browser.texts(f"{AREAS} tbody th") == ["Unknown area"]


def touch(browser: Reader, kind: str, *points: tuple[float, float]) -> None:
    """Put fingers on the map, move them or lift them; positions are relative to its upper left corner."""
    left, top = browser.run(
        "const box = document.querySelector(arguments[0]).getBoundingClientRect(); return [box.x, box.y]", MAP
    )
    fingers = [{"x": left + x, "y": top + y, "id": k} for k, (x, y) in enumerate(points)]
    browser.driver.execute_cdp_cmd("Input.dispatchTouchEvent", {"type": kind, "touchPoints": fingers})


def test_pinch_zooms_the_map_and_not_the_page(browser: Reader, pages: Pages) -> None:
    browser.read(pages("normal").path, 360)
    assert browser.draw_all() == []
    browser.run("document.querySelector(arguments[0]).scrollIntoView({ block: 'center' })", MAP)
    before, scrolled = browser.drawing(MAP), browser.run("return scrollY")
    touch(browser, "touchStart", (140, 150), (180, 190))
    for k in range(1, 6):
        touch(browser, "touchMove", (140 - 10 * k, 150 - 10 * k), (180 + 10 * k, 190 + 10 * k))
    touch(browser, "touchEnd")
    zoomed = browser.drawing(MAP)
    assert zoomed != before
    assert browser.run("return [scrollY, visualViewport.scale]") == [scrolled, 1]
    assert browser.driver.find_elements("css selector", "[data-card]") == []
    touch(browser, "touchStart", (90, 100), (230, 240))
    for k in range(1, 12):
        touch(browser, "touchMove", (90 + 6 * k, 100 + 6 * k), (230 - 6 * k, 240 - 6 * k))
    touch(browser, "touchEnd")
    assert browser.drawing(MAP) != zoomed


def test_one_finger_scrolls_the_page_over_the_map(browser: Reader, pages: Pages) -> None:
    browser.read(pages("normal").path, 360)
    assert browser.draw_all() == []
    assert browser.run("return getComputedStyle(document.querySelector(arguments[0])).touchAction", MAP) == (
        "pan-y"
    )


def test_tapped_station_is_announced(browser: Reader, pages: Pages) -> None:
    """The focus stays where it is; a card that is opened by keyboard gets the focus instead."""
    normal = pages("normal")
    browser.read(normal.path, 360)
    assert browser.draw_all() == []
    assert browser.one("#announcement").get_attribute("role") == "status"
    browser.one("#filter-arrondissement option[value='=Montreuil']").click()
    canvas = browser.one(MAP)
    browser.run("arguments[0].scrollIntoView({ block: 'center' })", canvas)
    middle = (canvas.size["width"] / 2, canvas.size["height"] / 2)
    touch(browser, "touchStart", middle)
    touch(browser, "touchEnd")
    index = normal.report["stations"]["id"].index("36001")
    bikes = normal.report["stations"]["bikes"][index]
    [text] = browser.texts("#announcement")
    assert text.startswith("Place n° 60 – Échelle, Montreuil. ")
    assert f"Bikes: {bikes}." in text
    browser.one("#station-list [data-station='36001']").send_keys(Keys.ENTER)
    assert browser.texts("#announcement") == [""]
    assert browser.driver.switch_to.active_element == browser.one("#card h4")


def test_map_is_dragged_by_mouse(browser: Reader, pages: Pages) -> None:
    """A drag opens no station."""
    browser.read(pages("normal").path)
    assert browser.draw_all() == []
    canvas = browser.one(MAP)
    browser.run("arguments[0].scrollIntoView({ block: 'center' })", canvas)
    before = browser.drawing(MAP)
    move = ActionChains(browser.driver).move_to_element(canvas).click_and_hold()
    move.move_by_offset(60, 30).move_by_offset(30, 10).release().perform()
    browser.run("arguments[0].dispatchEvent(new Event('pointerleave'))", canvas)
    assert browser.drawing(MAP) != before
    assert browser.driver.find_elements("css selector", "[data-card]") == []


def test_map_moves_by_keyboard(browser: Reader, pages: Pages) -> None:
    browser.read(pages("normal").path)
    assert browser.draw_all() == []
    map_ = browser.one("#map .map")
    assert "arrow keys" in str(map_.get_attribute("aria-label"))
    whole = browser.drawing(MAP)
    map_.send_keys("+")
    near = browser.drawing(MAP)
    map_.send_keys(Keys.ARROW_LEFT)
    moved = browser.drawing(MAP)
    map_.send_keys(Keys.ARROW_RIGHT)
    assert len({whole, near, moved}) == 3
    assert browser.drawing(MAP) == near
    map_.send_keys("0")
    assert browser.drawing(MAP) == whole


def test_wheel_zooms_only_with_ctrl(browser: Reader, pages: Pages) -> None:
    """A touchpad's pinch is a wheel with ctrl; the wheel alone scrolls the page."""
    browser.read(pages("normal").path)
    assert browser.draw_all() == []
    turn = """
    const event = new WheelEvent("wheel", { deltaY: -20, ctrlKey: arguments[1], cancelable: true });
    return document.querySelector(arguments[0]).dispatchEvent(event);
    """
    before = browser.drawing(MAP)
    assert browser.run(turn, MAP, False) is True
    assert browser.drawing(MAP) == before
    assert browser.run(turn, MAP, True) is False
    assert browser.drawing(MAP) != before


def test_maps_follow_the_width_of_the_window(browser: Reader, pages: Pages) -> None:
    browser.read(pages("normal").path, 1280)
    assert browser.draw_all() == []
    browser.driver.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride",
        {"width": 400, "height": 900, "deviceScaleFactor": 1, "mobile": False},
    )
    browser.run("dispatchEvent(new Event('resize'))")
    assert browser.draw_all() == []
    for canvas in (MAP, f"{AREAS} canvas"):
        assert 250 < browser.one(canvas).size["width"] < 400
