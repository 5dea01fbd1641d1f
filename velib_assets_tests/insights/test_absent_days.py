"""Why a local day has no stored numbers."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from velib_assets.catalog.registration import hashed_partition_of
from velib_assets.catalog.sqlite_catalog import LocalCatalog
from velib_assets.history.backfill_advice import backfill_command, backfill_of_local_days
from velib_assets.history.day import rebuild_day
from velib_assets.insights.absent_days import absence, unbuilt_days
from velib_assets.lake.folder_store import FolderStore
from velib_assets.lake.keys import HOUR, hours_of_day
from velib_assets_tests.history.days import DAY, clean, fill_day, snapshot

NEXT = DAY + timedelta(days=1)
NOW = datetime(2022, 7, 1, tzinfo=UTC)
EVERY_OTHER = "velib backfill 2022-06-04 2022-06-04T00 && " + " && ".join(
    f"velib backfill 2022-06-04T{hour:02} 2022-06-04T{hour:02}" for hour in range(2, 24, 2)
)


@pytest.fixture
def catalog(tmp_path: Path) -> LocalCatalog:
    """Return the catalog of a lake whose first day is retired and whose second has an hour."""
    store, catalog = FolderStore(tmp_path), LocalCatalog(tmp_path)
    fill_day(store, DAY, hours=1)
    fill_day(store, NEXT, hours=1)
    catalog.register([hashed_partition_of(store, hours_of_day(NEXT)[0])])
    catalog.register_history([rebuild_day(store, day).file() for day in (DAY, NEXT)])
    return catalog


def test_day_whose_hours_are_retired_is_not_before_the_data(catalog: LocalCatalog, tmp_path: Path) -> None:
    lake = FolderStore(tmp_path)
    assert "its numbers are not built. Run `velib backfill" in absence(catalog, lake, DAY, NOW)
    assert unbuilt_days(catalog, DAY, NEXT, (), NOW) == [DAY, NEXT]
    before = DAY - timedelta(days=1)
    assert absence(catalog, lake, before, NOW).startswith(
        "2022-06-03 is before the data: the lake's first day is 2022-06-04"
    )


def test_day_of_which_only_the_next_local_day_has_snapshots_is_not_unbuilt(tmp_path: Path) -> None:
    """The last two hours of a UTC day in summer belong to the next local day."""
    store, catalog = FolderStore(tmp_path), LocalCatalog(tmp_path)
    last = hours_of_day(DAY)[-1]
    snapshot(store, last)
    clean(store, last)
    catalog.register([hashed_partition_of(store, last)])
    catalog.register_history([rebuild_day(store, DAY).file()])
    assert unbuilt_days(catalog, DAY, NEXT, (), NOW) == [NEXT]
    assert unbuilt_days(catalog, DAY, DAY, (), NOW) == []


@pytest.mark.parametrize(
    ("first", "command"),
    [
        (DAY, "velib backfill 2022-06-04 2022-06-05T01"),
        (NEXT, "velib backfill 2022-06-04 2022-06-05T01"),
        (NEXT + timedelta(days=1), "velib backfill 2022-06-05 2022-06-05T01"),
        (NEXT + timedelta(days=9), "velib backfill 2022-06-13 2022-06-14"),
    ],
)
def test_advised_command_names_only_hours_that_can_be_cleaned(
    tmp_path: Path, first: date, command: str
) -> None:
    """The local day 2022-06-04 begins on 2022-06-03 UTC, of which there may be nothing."""
    store = FolderStore(tmp_path)
    fill_day(store, DAY, per_hour=1)
    fill_day(store, NEXT, hours=2, per_hour=1)
    last = NEXT if first == DAY else first
    assert backfill_of_local_days(store, [first, last]) == command


@pytest.mark.parametrize(
    ("hours", "command"),
    [
        ((5,), "velib backfill 2022-06-04T05 2022-06-04T05"),
        ((0, 1, 23), "velib backfill 2022-06-04 2022-06-04T01 && velib backfill 2022-06-04T23 2022-06-04"),
        (range(0, 24, 2), EVERY_OTHER),
        (range(0, 26, 2), "velib backfill 2022-06-04 2022-06-05T00"),
    ],
)
def test_advised_commands_leave_out_hours_without_raw(
    tmp_path: Path, hours: Sequence[int], command: str
) -> None:
    """A command that names such an hour exits with 1. More than those of one day would be hard to read."""
    store = FolderStore(tmp_path)
    for hour in hours:
        snapshot(store, hours_of_day(DAY)[0] + hour * HOUR)
    assert backfill_command(store, DAY, NEXT) == command
