"""The asset `stations` and the checks of the register and of what it completes."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from velib_assets.clean.rebuild import rebuild_hour
from velib_assets.defs import stations_asset
from velib_assets.defs.checks import described_rows, open_stations, unbroken_since
from velib_assets.defs.stations_asset import learn_hours
from velib_assets.lake.folder_store import FolderStore
from velib_assets.lake.keys import STATIONS_KEY, raw_key
from velib_assets.stations.register_file import load_register
from velib_assets_tests.samples import HOUR, at, raw, records

NOON = datetime(2024, 11, 4, 12, tzinfo=UTC)


@pytest.fixture
def store(tmp_path: Path) -> FolderStore:
    """A lake of one cleaned hour, without a register."""
    store = FolderStore(tmp_path / "lake")
    store.create(raw_key(HOUR), raw(records()).data)
    store.create(raw_key(at(15)), raw(records(name="renamed"), 15).data)
    assert rebuild_hour(store, HOUR).cleaned
    return store


def test_clean_hours_are_learned_and_others_are_not_recorded(store: FolderStore) -> None:
    outcomes = list(learn_hours(store, [HOUR, HOUR + timedelta(hours=1)]))
    assert [outcome.summary for outcome in outcomes] == ["40 stations are open", "the hour has no clean file"]
    assert outcomes[0].metadata is not None
    assert outcomes[0].metadata["stations_changed"] == 40
    assert outcomes[1].metadata is None
    assert load_register(store).register.hours == [(HOUR, HOUR)]


def test_a_learned_hour_is_not_read_again(store: FolderStore, monkeypatch: pytest.MonkeyPatch) -> None:
    list(learn_hours(store, [HOUR]))
    before = store.read(STATIONS_KEY)
    monkeypatch.setattr(stations_asset, "sights_in", lambda *_: pytest.fail("the clean file was read"))
    assert [outcome.summary for outcome in learn_hours(store, [HOUR])] == ["40 stations are open"]
    assert store.read(STATIONS_KEY) == before


@pytest.mark.parametrize(
    ("described", "undescribed", "passed", "message"),
    [
        (0, 0, True, "the feed described every station"),
        (
            1485,
            0,
            False,
            "1,485 rows are described from the station register (since 2024-11-04T12:00:00Z)",
        ),
        (
            0,
            2,
            False,
            (
                "2 rows lack a name, position or capacity, and the register has none yet "
                "(since 2024-11-04T12:00:00Z)"
            ),
        ),
    ],
)
def test_described_rows(described: int, undescribed: int, passed: bool, message: str) -> None:
    finding = described_rows(described, undescribed, None if passed else NOON)
    assert (finding.passed, finding.message) == (passed, message)


def test_open_stations_warns_if_over_a_tenth_is_gone() -> None:
    assert open_stations(90, 100).passed
    assert open_stations(40, 0).passed
    finding = open_stations(89, 100)
    assert not finding.passed
    assert finding.message == "89 stations are open, 11 fewer than 24 hours before"


def test_since_is_the_start_of_the_newest_unbroken_run() -> None:
    marks = [True, False, True, True, False]
    times = [NOON + timedelta(minutes=15 * n) for n in range(5)]
    assert unbroken_since(list(zip(times, marks, strict=True))) == times[2]
    assert unbroken_since([(NOON, False)]) is None
