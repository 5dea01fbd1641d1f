"""The chart of the last reports' age counts the stations of its sentence: those that are open."""

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from velib_assets_tests.report.lakes import NEWEST, Page, Row, city, page
from velib_assets_tests.report.reader import Reader

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]

AGES = (0, 4, 5, 14, 59, 60, 179, 180, 181, 1439, 1441, None)
BARS = 7


def change(row: Row) -> Row:
    """Give stations reports of all ages, and close every fifth; the flag of every seventh is unreadable."""
    number = int(re.findall(r"\d+", row["name"])[0])
    age = AGES[number % len(AGES)]
    reported = None if age is None else NEWEST - timedelta(minutes=age)
    installed = {0: False}.get(number % 5, None if number % 7 == 0 else True)
    return {**row, "reported_ts": reported, "is_stale": age is None or age > 180, "is_installed": installed}


def counts(made: Page) -> list[int]:
    """Count the open stations by age, from the rows of the table."""
    found = [0] * BARS
    sql = "SELECT ingested_ts, reported_ts FROM source_velib WHERE is_installed IS DISTINCT FROM false"
    for row in made.engine.query_table(sql).to_pylist():
        if row["reported_ts"] is None:
            found[6] += 1
            continue
        age = (row["ingested_ts"] - row["reported_ts"]).total_seconds() / 60
        found[sum((age >= 5, age >= 15, age >= 60, age > 180, age > 1440))] += 1
    return found


@pytest.mark.parametrize("network", ["velib", "other"])
def test_chart_and_sentence_count_the_open_stations(tmp_path: Path, browser: Reader, network: str) -> None:
    other = {"key": "bay", "name": "Bay", "time_zone": "UTC", "operator": "", "url": None, "licence": None}
    system: dict[str, Any] = {"system": other} if network == "other" else {}
    made = page(tmp_path, city([NEWEST], change), **system)
    browser.read(made.path)
    assert browser.draw_all() == []
    browser.unfold("#freshness")
    expected = counts(made)
    assert browser.values("#freshness tbody td") == expected
    assert 0 not in expected
    late, everyone = sum(expected[4:]), sum(expected)
    assert everyone < 63
    [lead] = browser.texts("#freshness .lead")
    assert lead == (
        f"{late} of {everyone} open stations ({late / everyone:.1%}) "
        "had not reported for more than three hours at the newest snapshot."
    )


def test_page_whose_stations_are_all_closed_has_no_ages(tmp_path: Path, browser: Reader) -> None:
    browser.read(page(tmp_path, city([NEWEST], lambda row: {**row, "is_installed": False})).path)
    assert browser.draw_all() == []
    assert browser.texts("#freshness .chart") == []
    assert browser.texts("#freshness > .quiet") == ["No station is in operation."]
