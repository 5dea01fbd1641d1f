"""The page of another network than Vélib': its name, time zone, areas, and what its feed leaves out."""

from pathlib import Path
from typing import Any

import pytest

from velib_assets_tests.report.lakes import NEWEST, Page, Row, city, page, snapshots
from velib_assets_tests.report.reader import Reader

# Whether a pixel of a canvas has the colour of a variable of the style sheet.
HAS_COLOUR = """
const canvas = document.querySelector(arguments[0]);
const hex = getComputedStyle(document.documentElement).getPropertyValue(arguments[1]).trim();
const sought = [1, 3, 5].map((start) => parseInt(hex.slice(start, start + 2), 16));
const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
for (let at = 0; at < data.length; at += 4) {
  if (sought.every((channel, k) => data[at + k] === channel) && data[at + 3] === 255) return true;
}
return false;
"""

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]

CLOSED = 9  # the number of a station
BAY = {
    "key": "bay",
    "name": "Bay & <Wheels>",
    "time_zone": "America/Los_Angeles",
    "operator": "Lyft, Inc",
    "url": "https://example.org/bikes",
    "licence": None,
}
LICENCE = {"identifier": "CC-BY-4.0", "title": "CC BY 4.0", "url": "https://example.org/by"}


def other(folder: Path, change: Any = lambda row: row, count: int = 3, **system: Any) -> Page:
    """Return a page of another network; `change` alters each row, `system` what is known of the network."""
    return page(folder, city(snapshots(NEWEST, count), change), system={**BAY, **system})


def without(*names: str, **others: Any) -> Any:
    """Return a change that makes columns null, and gives others a value."""

    def change(row: Row) -> Row:
        return {**row, **dict.fromkeys(names), **others}

    return change


def visible(browser: Reader) -> str:
    """Return all text of the page that is no data, with the title and the names for screen readers."""
    return str(
        browser.run(
            """
            const labels = [...document.querySelectorAll("[aria-label], [title]")]
              .flatMap((part) => [part.getAttribute("aria-label"), part.getAttribute("title")]);
            return [document.title, document.body.innerText, ...labels].join("\\n");
            """
        )
    )


@pytest.mark.parametrize("language", ["en", "fr"])
def test_page_has_the_networks_name_and_time_zone(tmp_path: Path, browser: Reader, language: str) -> None:
    made = other(tmp_path, lambda row: {**row, "arrondissement": f"Zone {row['station_id'][0]}"})
    browser.read(made.path, zone="Asia/Tokyo")
    if language == "fr":
        browser.one("#language").click()
    assert browser.draw_all() == []
    [heading] = browser.texts("h1")
    assert heading.startswith("Bay & <Wheels>, station ")
    assert browser.driver.title.startswith("Bay & <Wheels>, station ")
    [shown] = browser.texts("#shown")
    assert "16:30" in shown  # 23:30 UTC
    assert "(America/Los_Angeles)" in shown
    text = visible(browser).lower()
    assert not [word for word in ("vélib", "paris", "arrondissement o", "commune") if word in text]
    assert ("area" if language == "en" else "secteur") in text


def test_source_is_the_feed_with_the_licence_that_it_names(tmp_path: Path, browser: Reader) -> None:
    browser.read(other(tmp_path / "unknown").path)
    [source] = browser.texts("#source")
    assert "GBFS feed of Bay & <Wheels>." in source
    assert "The feed names no licence: see the operator's terms." in source
    assert "Operator: Lyft, Inc" in source
    links = "return [...document.querySelectorAll('#source a')].map((link) => link.href)"
    assert browser.run(links) == ["https://example.org/bikes"]
    browser.read(other(tmp_path / "known", licence=LICENCE, url=None).path)
    assert "Licence, according to the feed: CC BY 4.0." in browser.texts("#source")[0]
    assert browser.run(links) == ["https://example.org/by"]


def test_areas_of_the_network_are_drawn_with_their_whole_names(tmp_path: Path, browser: Reader) -> None:
    browser.read(other(tmp_path, lambda row: {**row, "arrondissement": f"Zone {row['station_id'][0]}"}).path)
    assert "Saturation by area" in browser.texts("#kpi_saturation_par_arrondissement h3")
    options = browser.texts("#filter-arrondissement option")
    assert options[:3] == ["All areas", "Zone 1", "Zone 2"]
    assert browser.run("return document.querySelectorAll('#kpi_saturation_par_arrondissement .chart').length")


def test_network_without_areas_is_one(tmp_path: Path, browser: Reader) -> None:
    """Its outline has the network's name; no table, filter or legend is about areas."""
    made = other(tmp_path, without("arrondissement", "commune"))
    browser.read(made.path)
    assert browser.draw_all() == []
    assert browser.texts("#filter-arrondissement") == []
    assert not [text for text in browser.texts("#map .legend, #map fieldset") if "reas" in text]
    [row] = browser.texts("#kpi_saturation_par_arrondissement tbody th")
    assert row == "Bay & <Wheels>"
    assert browser.texts("#kpi_saturation_par_arrondissement .chart") == []
    assert "areas" not in browser.texts("#kpi_shortage .lead")[0]
    assert "Unknown area" not in visible(browser)
    browser.one("#station-list [data-station]").click()
    assert browser.texts("#card .quiet")[0] == made.report["stations"]["id"][0]


def test_docks_and_kinds_that_the_feed_leaves_out_are_unknown(tmp_path: Path, browser: Reader) -> None:
    """No column, filter, line or number is about them; what is left has its values."""

    def change(row: Row) -> Row:
        rate = None if row["bikes"] is None else min(1.0, row["bikes"] / 31)
        return {**row, **dict.fromkeys(("docks", "ebikes", "mechanical")), "fill_rate": rate}

    browser.read(other(tmp_path, change).path)
    assert browser.draw_all() == []
    for field in ("docks", "ebikes"):
        assert browser.texts(f"#total-{field} .tile-number") == ["–"]
        assert browser.texts(f"#total-{field} .tile-below") == ["not in the feed"]
    assert "mechanical" not in browser.texts("#total-bikes")[0]
    assert browser.texts("#station-list thead th") == ["Station", "Bikes"]
    assert browser.texts("#filter-bike, #filter-ebike, #filter-dock") == [""]
    browser.one("#station-list [data-station]").click()
    assert browser.draw_all() == []
    assert browser.texts("#card dt") == ["Bikes", "Capacity", "Fill rate"]
    assert browser.texts("#card .chart-legend li") == ["Bikes"]
    assert "has no free docks" in browser.texts("#kpi_station_saturation .lead")[0]


def test_stations_without_area_are_in_none(tmp_path: Path, browser: Reader) -> None:
    """The short stations are 6001 and 6002. The KPI's number of areas is the same."""

    def change(row: Row) -> Row:
        return {**row, "arrondissement": "Centre" if int(row["station_id"]) % 2 else None}

    browser.read(other(tmp_path, change).path)
    assert browser.texts("#kpi_shortage .lead") == ["2 stations have no bikes, in 1 area."]


def test_no_bikes_of_a_type_are_no_knowledge_of_types(tmp_path: Path, browser: Reader) -> None:
    """A feed without types has 0 electric bikes where it has 0 bikes, and nothing where it has some."""

    def change(row: Row) -> Row:
        none = 0 if row["bikes"] == 0 else None
        return {**row, "ebikes": none, "mechanical": none}

    browser.read(other(tmp_path, change).path)
    assert browser.texts("#total-ebikes .tile-number") == ["–"]
    assert "mechanical" not in browser.texts("#total-bikes")[0]
    assert browser.texts("#filter-ebike") == []


def test_unknown_fill_rate_is_said_and_not_drawn_as_zero(tmp_path: Path, browser: Reader) -> None:
    nothing = without("docks", "ebikes", "mechanical", "capacity", "fill_rate")
    browser.read(other(tmp_path, nothing).path)
    assert browser.draw_all() == []
    unknown = "The fill rate is unknown: the feed has neither free docks nor capacities."
    for figure in ("kpi_taux_remplissage", "typical-week", "today"):
        assert browser.texts(f"#{figure} > .quiet") == [unknown]
    assert browser.texts("#kpi_station_saturation > .quiet") == [
        "Saturation is unknown: the feed has neither free docks nor capacities."
    ]
    assert browser.texts("#total-saturated .tile-number") == ["–"]
    assert "empty" not in browser.texts("#map .legend")[0]


def test_virtual_stations_are_named_and_never_saturated(tmp_path: Path, browser: Reader) -> None:
    made = other(tmp_path)
    count = len(made.report["stations"]["id"])
    virtual = {**made.report["stations"], "is_virtual": [True] * count}
    browser.read(other(tmp_path / "virtual", lambda row: row).path)
    made = page(tmp_path / "all", city(snapshots(NEWEST, 2)), system=BAY, stations=virtual)
    browser.read(made.path)
    assert browser.texts("#kpi_station_saturation > .quiet")[0].startswith("All stations are virtual")
    browser.one("#station-list [data-station]").click()
    assert "virtual station" in browser.texts("#card .card-state")[0]


def test_stations_without_position_or_name_are_listed(tmp_path: Path, browser: Reader) -> None:
    def change(row: Row) -> Row:
        lost = {"lat": None, "lon": None, "name": None} if row["station_id"] == "1001" else {}
        return {**row, **lost}

    browser.read(other(tmp_path / "one", change).path)
    assert "1 station has no known position and is in the list only." in browser.texts(".finder-map p")
    assert "1001" in browser.texts("#station-list [data-station]")
    browser.read(other(tmp_path / "all", without("lat", "lon", "name")).path)
    assert browser.draw_all() == []
    assert browser.texts(".finder-map") == ["The feed gives no positions, so there is no map."]
    browser.one("#station-list [data-station]").click()
    assert browser.texts("#card h4") == ["10001"]


def test_names_of_any_script_and_length_fit_a_phone(tmp_path: Path, browser: Reader) -> None:
    names = ["שדרות רוטשילד 5", "محطة الحديقة (شمال)", "東京駅" * 30, "x" * 200, "🚲 " * 40, "A\u202eB"]

    def change(row: Row) -> Row:
        number = int(row["station_id"][-1]) + int(row["station_id"][0])
        name = names[number % len(names)]
        return {**row, "name": name, "arrondissement": name}

    made = other(tmp_path, change, name="שירות אופניים " * 7)
    browser.read(made.path, width=360)
    assert browser.draw_all() == []
    browser.unfold("main")
    browser.one("#station-list [data-station]").click()
    assert browser.run("return document.documentElement.scrollWidth") <= 360
    directions = "return getComputedStyle(document.querySelector('#card h4')).direction"
    assert browser.run(directions) in ("ltr", "rtl")


def test_hours_of_a_zone_off_the_full_hour_are_marked(tmp_path: Path, browser: Reader) -> None:
    """In Kathmandu a full hour is at a quarter past one of UTC's."""
    browser.read(other(tmp_path, count=96, time_zone="Asia/Kathmandu").path)
    assert browser.draw_all() == []
    assert "05:15" in browser.texts("#shown")[0]


def test_time_zone_that_the_browser_does_not_know_is_utc(tmp_path: Path, browser: Reader) -> None:
    browser.read(other(tmp_path, time_zone="Mars/Olympus").path)
    assert "23:30 (UTC)" in browser.texts("#shown")[0]


@pytest.mark.parametrize(("language", "label"), [("en", "over 100%"), ("fr", "plus de 100\u00a0%")])
def test_rates_over_1_have_a_bar_of_their_own_and_the_colour_of_1(
    tmp_path: Path, browser: Reader, language: str, label: str
) -> None:
    """Without docks, 30 bikes at a capacity of 10 are a rate of 3."""

    def change(row: Row) -> Row:
        return {**row, "docks": None, "capacity": 10, "fill_rate": row["bikes"] / 10}

    made = other(tmp_path, change)
    browser.read(made.path)
    if language == "fr":
        browser.one("#language").click()
    assert browser.draw_all() == []
    sql = (
        "SELECT fill_rate FROM kpi_taux_remplissage "
        "WHERE ingested_ts = (SELECT max(ingested_ts) FROM source_velib)"
    )
    rates = made.engine.query_table(sql)["fill_rate"].to_pylist()
    over = sum(rate > 1 for rate in rates)
    assert over > len(rates) / 2
    browser.unfold("#kpi_taux_remplissage")
    rows = browser.texts("#kpi_taux_remplissage tbody tr")
    assert len(rows) == 21
    assert rows[-1] == f"{label}{over}"
    assert sum(browser.values("#kpi_taux_remplissage tbody td")) == len(rates)
    assert browser.run(HAS_COLOUR, "#kpi_taux_remplissage canvas", "--fill-100")
    wide = "return document.documentElement.scrollWidth <= document.documentElement.clientWidth"
    assert browser.run(wide)


def test_rates_up_to_1_have_twenty_bars(tmp_path: Path, browser: Reader) -> None:
    browser.read(other(tmp_path).path)
    browser.unfold("#kpi_taux_remplissage")
    assert browser.texts("#kpi_taux_remplissage tbody th")[-1] == "95% – 100%"
