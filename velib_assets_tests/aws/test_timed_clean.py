"""A call of the clean function begins no hour after its time, and none shortly before Lambda stops it."""

import time
from pathlib import Path
from typing import NamedTuple

import pytest

from velib_assets.clean.clean_handler import TimedClean, end_of, handler
from velib_assets.lake.folder_store import FolderStore
from velib_assets.lake.keys import HOUR, clean_key, parse_hour, raw_key
from velib_assets_tests.samples import raw, records

HOURS = [parse_hour("2022-06-04T00") + number * HOUR for number in range(3)]


class Context(NamedTuple):
    """Lambda's context, whose function may take so long."""

    milliseconds: int

    def get_remaining_time_in_millis(self) -> int:
        return self.milliseconds


@pytest.fixture
def store(tmp_path: Path) -> FolderStore:
    lake = FolderStore(tmp_path)
    for hour in HOURS:
        lake.create(raw_key(hour), raw(records()).data)
    return lake


@pytest.mark.parametrize(("seconds", "cleaned"), [(60, 3), (-1, 1)])
def test_hours_after_the_end_remain(store: FolderStore, seconds: float, cleaned: int) -> None:
    """At least one hour is begun, so that calls make progress."""
    timed = TimedClean(store, time.monotonic() + seconds)
    results = list(timed.run(HOURS))
    assert [result.hour for result in results] == HOURS[:cleaned]
    assert (timed.requested, timed.remaining) == (3, 3 - cleaned)
    assert [item.key for item in store.walk("clean/")] == [clean_key(hour) for hour in HOURS[:cleaned]]


@pytest.mark.parametrize(("seconds", "remaining", "end"), [(240, 900, 240), (600, 400, 220), (240, 100, 0)])
def test_end_leaves_time_for_the_hours_in_progress(seconds: float, remaining: int, end: float) -> None:
    assert end_of(seconds, Context(remaining * 1000)) - time.monotonic() == pytest.approx(end, abs=1)


def test_unknown_register_is_refused() -> None:
    with pytest.raises(ValueError, match="'maybe' is not one of true, tables, false"):
        handler({"register": "maybe"})
