"""The page in a browser: every case, width and theme; its numbers equal those of the views."""

from datetime import timedelta
from pathlib import Path

import pytest

from velib_assets.lake.listing import utc_now
from velib_assets.report.page.html import page_html
from velib_assets_tests.report.conftest import CANARY, DAY, Pages
from velib_assets_tests.report.lakes import NEWEST, Page, city, page, snapshots
from velib_assets_tests.report.reader import Reader

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]

STATE = "FROM {view} WHERE ingested_ts = (SELECT max(ingested_ts) FROM source_velib)"


def view_rows(page: Page, view: str, columns: str, order: str = "station_id") -> list[tuple[object, ...]]:
    """Return the rows of a view's newest state from the engine, not from the page's object."""
    state = STATE.format(view=view) if view != "kpi_top10_2hour" else f"FROM {view}"
    frame = page.engine.query(f"SELECT {columns} {state} ORDER BY {order}")
    return [tuple(row) for row in frame.astype(object).itertuples(index=False)]


@pytest.mark.parametrize("case", ["normal", "empty", "one", "outage", "stale", "hostile"])
def test_every_case_is_drawn_completely(browser: Reader, pages: Pages, case: str) -> None:
    """There is no failed chart and no request."""
    browser.read(pages(case).path)
    assert browser.draw_all() == []
    assert "could not be drawn" not in browser.text()
    assert browser.run("return performance.getEntriesByType('resource').length") == 0
    assert ("No snapshot yet" in browser.text()) == (case == "empty")
    drawn = browser.run("return document.querySelectorAll('.chart[data-drawn] canvas').length")
    assert drawn == 0 if case == "empty" else drawn >= 7


@pytest.mark.parametrize("width", [360, 768, 1280])
def test_page_fits_phone_tablet_and_desktop(browser: Reader, pages: Pages, width: int) -> None:
    """In light and dark, in French, which is longer, and with names that cannot wrap."""
    browser.read(pages("normal").path, width, "light")
    assert too_wide(browser) == 0
    browser.prefer("dark")
    assert too_wide(browser) == 0
    assert browser.run("return document.documentElement.dataset.theme") == "dark"
    browser.one("#language").click()
    assert too_wide(browser) == 0
    browser.read(pages("hostile").path, width)
    assert too_wide(browser) == 0


def too_wide(browser: Reader) -> int:
    """Draw the page and return by how many pixels it is wider than the viewport."""
    assert browser.draw_all() == []
    script = "const page = document.documentElement; return page.scrollWidth - page.clientWidth"
    return int(browser.run(script))


def test_text_has_sufficient_contrast(browser: Reader, pages: Pages) -> None:
    """At least 4.5 (WCAG AA) between every text colour and every surface that it is used on."""
    browser.read(pages("empty").path)
    pairs = [
        *((text, behind) for text in ("ink", "quiet", "accent") for behind in ("paper", "surface")),
        ("accent-ink", "accent"),
        ("warn-ink", "warn-paper"),
        ("note-ink", "note-paper"),
        ("surface", "ink"),
    ]
    for theme in ("light", "dark"):
        browser.prefer(theme)
        for text, behind in pairs:
            assert contrast(browser, text, behind) >= 4.5, f"{text} on {behind} in {theme}"


def contrast(browser: Reader, *names: str) -> float:
    """Return the contrast between two colours of the style sheet."""
    script = "return getComputedStyle(document.documentElement).getPropertyValue(`--${arguments[0]}`).trim()"
    light, dark = sorted((luminance(browser.run(script, name)) for name in names), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def luminance(colour: str) -> float:
    """Return the relative luminance of #rrggbb."""
    parts = [int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_kpis_equal_views_exactly(browser: Reader, pages: Pages) -> None:
    normal = pages("normal")
    browser.read(normal.path)
    browser.unfold("#kpis")
    rates = view_rows(normal, "kpi_taux_remplissage", "fill_rate, is_stale")
    mean, count, stale = browser.values("#kpi_taux_remplissage .lead")
    assert mean == pytest.approx(sum(float(str(rate)) for rate, _ in rates) / len(rates), rel=1e-12)
    assert (count, stale) == (len(rates), sum(bool(is_stale) for _, is_stale in rates))
    assert sum(browser.values("#kpi_taux_remplissage td")) == len(rates)
    for view in ("kpi_shortage", "kpi_station_saturation"):
        expected = view_rows(normal, view, "name, bikes, docks")
        assert len(expected) > 1
        assert browser.values(f"#{view} .lead")[0] == len(expected)
        assert browser.texts(f"#{view} .which button.link") == [name for name, *_ in expected]
        shown = browser.values(f"#{view} .which td")
        assert shown == [float(str(value)) for _, *counts in expected for value in counts]


def test_arrondissements_and_top_10_equal_views_exactly(browser: Reader, pages: Pages) -> None:
    normal = pages("normal")
    browser.read(normal.path)
    figure = "#kpi_saturation_par_arrondissement"
    browser.one(f"{figure} .more").click()
    columns = "station_count, avg_fill_rate, shortage_count, saturation_count, arrondissement"
    order = "shortage_count + saturation_count DESC, arrondissement"
    rows = view_rows(normal, "kpi_saturation_par_arrondissement", columns, order)
    assert browser.texts(f"{figure} tbody th") == [name for *_, name in rows]
    assert browser.values(f"{figure} td") == [float(str(value)) for *values, _ in rows for value in values]
    top = view_rows(normal, "kpi_top10_2hour", "name, critical_score", "critical_score DESC, station_id")
    assert browser.texts("#kpi_top10_2hour ol button.link") == [name for name, _ in top]
    assert browser.values("#kpi_top10_2hour ol .top-score") == [float(str(score)) for _, score in top]


def test_totals_show_changes(browser: Reader, pages: Pages) -> None:
    normal = pages("normal")
    browser.read(normal.path)
    totals = normal.report["totals"]
    for field in ("bikes", "ebikes", "docks", "in_operation", "short", "saturated", "stale"):
        now, hour, day = browser.values(f"#total-{field}")
        expected = totals["now"][field]
        assert (now, hour, day) == (
            expected,
            expected - totals["hour_ago"][field],
            expected - totals["day_ago"][field],
        )
    sql = f"SELECT count(*) {STATE.format(view='source_velib')} AND is_installed AND is_stale"
    assert browser.values("#total-stale")[:1] == [normal.engine.query(sql).iloc[0, 0]]


def test_age_and_source_are_shown(browser: Reader, pages: Pages) -> None:
    browser.read(pages("one").path)
    [notice] = browser.texts("#notices .notice")
    assert "not current" in notice
    assert "years old" in notice
    assert "Vélib' Métropole / Ville de Paris open data" in browser.one("footer").text


def test_mostly_stale_feed_shows_warning(browser: Reader, pages: Pages) -> None:
    browser.read(pages("stale").path)
    assert any("62 of 63 stations have not reported" in text for text in browser.texts("#notices .notice"))
    assert "No station is in operation." in browser.one("#kpi_top10_2hour").text


def test_gbfs_has_its_own_attribution(browser: Reader, pages: Pages) -> None:
    opendata = pages("empty")
    gbfs = opendata.path.with_name("gbfs.html")
    gbfs.write_text(page_html(opendata.report | {"source": {"feed": "gbfs", "simulated": False}}))
    browser.read(gbfs)
    assert "Licence Ouverte" in browser.one("footer").text
    assert "ODbL" not in browser.one("footer").text


def test_age_warning_appears_after_20_minutes(
    browser: Reader, tmp_path_factory: pytest.TempPathFactory
) -> None:
    now = utc_now().replace(microsecond=0)
    rows = city([now - timedelta(minutes=2)])
    fresh = page(tmp_path_factory.mktemp("fresh"), rows, now, source={"feed": "simulator", "simulated": True})
    browser.read(fresh.path)
    [notice] = browser.texts("#notices .notice")
    assert "Simulated data" in notice
    old = "const now = Date.now(); Date.now = () => now + arguments[0]; dispatchEvent(new Event('focus'))"
    browser.run(old, 30 * 60_000)
    browser.wait_for_text("not current", "minutes old")


def test_outage_appears_in_ledger_and_quarantine(browser: Reader, pages: Pages) -> None:
    outage = pages("outage")
    browser.read(outage.path)
    slots = [slot for day in outage.report["ledger"] for slot in day["slots"]]
    assert (
        slots.count("missed") == 22 + 3
    )  # 23 in the gap, one of them quarantined; 3 before the lake's first snapshot
    assert slots.count("quarantined") == 1
    stored, known = slots.count("stored"), len([slot for slot in slots if slot])
    assert f"{stored} of {known} slots" in browser.one("#ledger .lead").text
    assert browser.texts("#quarantine td") == ["empty", CANARY]


@pytest.mark.parametrize("zone", ["Asia/Tokyo", "America/New_York"])
def test_times_are_paris_time_in_any_time_zone(browser: Reader, pages: Pages, zone: str) -> None:
    browser.read(pages("normal").path, zone=zone)
    assert "Monday, 6 June 2022 at 01:30, Paris time" in browser.text()


@pytest.mark.parametrize(
    ("case", "shown"), [("spring", "27 March 2022 at 04:30"), ("autumn", "30 October 2022 at 03:30")]
)
def test_days_with_clock_changes(browser: Reader, pages: Pages, case: str, shown: str) -> None:
    browser.read(pages(case).path, zone="UTC")
    assert shown in browser.text()
    browser.unfold("#today")
    hours = browser.texts("#today tbody tr")
    known = [k for k, text in enumerate(hours) if "%" in text]
    assert known == ([0, 1, 3, 4] if case == "spring" else [1, 2, 3])


NOTE_TEXTS = """
const draw = CanvasRenderingContext2D.prototype.fillText;
CanvasRenderingContext2D.prototype.fillText = function (text, ...place) {
  (this.canvas.texts ??= []).push(text);
  return draw.call(this, text, ...place);
};
"""
TEXTS_OF = "return document.querySelector(`.chart[aria-label^='${arguments[0]}'] canvas`).texts"


@pytest.mark.parametrize("width", [360, 1280])
@pytest.mark.parametrize(
    ("count", "labels"), [(1, {"01:30"}), (2, {"01:15", "01:30"}), (9, {"23:30", "01:30"}), (97, {"12:00"})]
)
def test_time_axis_has_labels_after_the_first_snapshots(
    browser: Reader, tmp_path: Path, count: int, labels: set[str], width: int
) -> None:
    """Few snapshots hold no hour that is a tick; then the first and the last time are."""
    few = page(tmp_path, city(snapshots(NEWEST, count)))
    patch = browser.driver.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": NOTE_TEXTS})
    try:
        browser.read(few.path, width)
        assert browser.draw_all() == []
    finally:
        browser.driver.execute_cdp_cmd("Page.removeScriptToEvaluateOnNewDocument", patch)
    for chart in ("Shortage", "Saturation", "Stale stations"):
        shown = {text for text in browser.run(TEXTS_OF, chart) if ":" in text}
        assert labels == shown if count < DAY else labels < shown, chart


def test_page_names_changed_stations_and_what_to_type(browser: Reader, pages: Pages) -> None:
    """Without a register there is no figure of changed stations."""
    browser.read(pages("outage").path)
    quarantine, rejects = browser.texts("#details code")
    assert quarantine.startswith('velib query "SELECT * FROM quarantine_velib WHERE date >=')
    assert "FROM rejects_velib" in rejects
    assert browser.texts("#details li p")[0] == "1 quarantined response in the last 14 days"
    assert browser.texts("#changes") == []
    browser.read(pages("changed").path)
    assert browser.texts("#changes .lead") == ["2 stations changed in the 30 days up to the newest snapshot."]
    assert browser.texts("#changes .counts li") == ["Opened: 1", "Renamed: 1"]
    assert (
        browser.texts("#details code")[2]
        == 'velib query "SELECT * FROM station_events ORDER BY event_ts DESC"'
    )
