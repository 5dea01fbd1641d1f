"""The browser and the pages that the report's tests share; each page is built once."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import cache

import pytest

from velib_assets_tests.kpi_lake import T0, at, stretch
from velib_assets_tests.report.lakes import NEWEST, Page, Row, city, page, snapshots
from velib_assets_tests.report.reader import Reader, reader
from velib_assets_tests.ui.browser import require_browser

Pages = Callable[[str], Page]

CANARY = "\"><img src=x onerror=hacked=1>'</script><script>hacked=1</script> & é 🚲 \u2028 שלום {n} ${x}"
DAY = 96


def hostile(row: Row) -> Row:
    """Add markup to every text of a row."""
    return row | {
        "name": f"{row['name']} {CANARY}",
        "arrondissement": f"{row['arrondissement']} {CANARY}",
    }


def outage(row: Row) -> Row | None:
    """Drop the rows of six hours."""
    return None if timedelta(hours=4) < NEWEST - row["ingested_ts"] < timedelta(hours=10) else row


def stale(row: Row) -> Row:
    """Make the station's last report a day old."""
    return row | {"reported_ts": NEWEST - timedelta(days=1), "is_stale": True}


CHANGED = (
    stretch("always", -2400, None),
    stretch("b", -2400, -50),
    stretch("b", -50, None, name="New"),
    stretch("c", -80, None),
)
CASES: dict[str, Callable[[], list[Row]]] = {
    "normal": lambda: city(snapshots(NEWEST, DAY + 1)),
    "empty": list,
    "one": lambda: city([NEWEST]),
    "outage": lambda: city(snapshots(NEWEST, DAY), outage),
    "stale": lambda: city(snapshots(NEWEST, 8), stale),
    "changed": lambda: city(snapshots(T0, 4)),
    "hostile": lambda: city(snapshots(NEWEST, 4), hostile),
    "spring": lambda: city(snapshots(at("2022-03-27 02:30"), 12)),
    "autumn": lambda: city(snapshots(at("2022-10-30 02:30"), 12)),
}


@pytest.fixture(scope="package")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Pages:
    """Return a function that builds the page of a named case, once."""
    return cache(
        lambda name: page(
            tmp_path_factory.mktemp(name),
            CASES[name](),
            quarantine_reason=CANARY if name == "outage" else "",
            register=CHANGED if name == "changed" else (),
        )
    )


@pytest.fixture(scope="package")
def session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reader]:
    require_browser("THE TESTS OF THE REPORT'S PAGE DID NOT RUN")
    with reader(tmp_path_factory.mktemp("profile")) as browser:
        yield browser


@pytest.fixture
def browser(session: Reader) -> Iterator[Reader]:
    """A browser without saved settings; the test fails if the console shows an error."""
    session.severe()
    yield session
    session.forget()
    assert session.severe() == []
