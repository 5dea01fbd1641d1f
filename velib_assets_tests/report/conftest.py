"""The browser and the pages that the tests of the report share; each page is made once."""

import os
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import cache

import pytest

from velib_assets_tests.kpi_lake import at
from velib_assets_tests.report.lakes import NEWEST, Page, Row, city, page, snapshots
from velib_assets_tests.report.reader import Reader, reader
from velib_assets_tests.ui.browser import missing_packages

Pages = Callable[[str], Page]

CANARY = "\"><img src=x onerror=hacked=1>'</script><script>hacked=1</script> & é 🚲 \u2028 שלום {n} ${x}"
DAY = 96


def hostile(found: Row) -> Row:
    """The row with markup in every text that a feed gives."""
    return found | {
        "name": f"{found['name']} {CANARY}",
        "arrondissement": f"{found['arrondissement']} {CANARY}",
    }


def gone(found: Row) -> Row | None:
    """Nothing for six hours of the day."""
    return None if timedelta(hours=4) < NEWEST - found["ingested_ts"] < timedelta(hours=10) else found


def silent(found: Row) -> Row:
    """The feed answers, but every station's last report is a day old."""
    return found | {"reported_ts": NEWEST - timedelta(days=1), "is_stale": True}


CASES: dict[str, Callable[[], list[Row]]] = {
    "normal": lambda: city(snapshots(NEWEST, DAY + 1)),
    "empty": list,
    "one": lambda: city([NEWEST]),
    "outage": lambda: city(snapshots(NEWEST, DAY), gone),
    "stale": lambda: city(snapshots(NEWEST, 8), silent),
    "hostile": lambda: city(snapshots(NEWEST, 4), hostile),
    "spring": lambda: city(snapshots(at("2022-03-27 02:30"), 12)),
    "autumn": lambda: city(snapshots(at("2022-10-30 02:30"), 12)),
}


@pytest.fixture(scope="package")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Pages:
    """The page of a case, by its name."""
    return cache(
        lambda name: page(
            tmp_path_factory.mktemp(name), CASES[name](), refused=CANARY if name == "outage" else ""
        )
    )


@pytest.fixture(scope="package")
def session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reader]:
    if lacking := missing_packages():
        reason = f"THE TESTS OF THE REPORT'S PAGE DID NOT RUN: apt-get install {' '.join(lacking)}"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    with reader(tmp_path_factory.mktemp("profile")) as browser:
        yield browser


@pytest.fixture
def browser(session: Reader) -> Iterator[Reader]:
    """The browser; remembers nothing from test to test, and there must be no error on the console."""
    session.severe()
    yield session
    session.forget()
    assert session.severe() == []
