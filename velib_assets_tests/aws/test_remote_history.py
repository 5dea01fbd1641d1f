"""What the Glue job and the function do with history, on a folder."""

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from velib_assets.aws.reporter import Reporter
from velib_assets.catalog.registration import hashed_partition_of
from velib_assets.catalog.sqlite_catalog import LocalCatalog
from velib_assets.history.currency import newest_closed_day
from velib_assets.history.remote_history import HistoryError, TimedHistory, periods_of
from velib_assets.lake.folder_store import FolderStore
from velib_assets.lake.keys import clean_key, day_text, hours_of_day
from velib_assets_tests.history.days import fill_day

LAST, FIRST = date(2022, 5, 31), date(2022, 6, 1)


class Messages(Reporter):
    """Keeps the outcomes that Dagster would receive."""

    def __init__(self) -> None:
        super().__init__()
        self.sent: list[dict[str, Any]] = []

    def message(self, payload: dict[str, Any]) -> None:
        self.sent.append(payload)


class Lake:
    """A lake whose days have one hour, and a job on it."""

    def __init__(self, folder: Path) -> None:
        self.store, self.catalog, self.reporter = FolderStore(folder), LocalCatalog(folder), Messages()

    def fill(self, *days: date) -> None:
        for day in days:
            fill_day(self.store, day, hours=1)
            self.catalog.register([hashed_partition_of(self.store, hours_of_day(day)[0])])

    def job(self, end: float = float("inf")) -> TimedHistory:
        return TimedHistory(self.store, self.catalog, self.reporter, end)

    def registered(self) -> list[str]:
        return [file.period for file in self.catalog.history()]


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(tmp_path)


def test_days_months_and_ranges_are_parsed() -> None:
    days, months = periods_of("2022-05-30..2022-06-01, 2022-11..2023-01,2022-05-31")
    assert days == [date(2022, 5, 30), LAST, FIRST]
    assert months == [date(2022, 11, 1), date(2022, 12, 1), date(2023, 1, 1)]


@pytest.mark.parametrize("text", ["", "never", "2022-02-30", "2022-13", "2022-05-30..2022-06", "2022"])
def test_other_text_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"is not a (day|month|date)"):
        periods_of(text)


def test_days_and_their_month_are_built_reported_and_registered(lake: Lake) -> None:
    lake.fill(LAST, FIRST)
    lake.job().build("2022-05-31..2022-06-01,2022-05", register=True)
    assert lake.registered() == ["2022-05", "2022-05-31", "2022-06-01"]
    assert [sent.get("day") or sent["month"] for sent in lake.reporter.sent] == [
        "2022-05-31",
        "2022-06-01",
        "2022-05",
    ]


def test_failing_day_does_not_stop_the_others(lake: Lake) -> None:
    lake.fill(LAST, FIRST)
    Path(lake.store.address(clean_key(hours_of_day(LAST)[0]))).write_bytes(b"PAR1")
    with pytest.raises(HistoryError, match=r"^2022-05-31: .*cannot be decoded"):
        lake.job().build("2022-05-31..2022-06-01", register=True)
    assert lake.registered() == ["2022-06-01"]


def test_periods_after_the_end_remain(lake: Lake) -> None:
    """At least one is begun, so that calls make progress."""
    lake.fill(LAST, FIRST)
    late = lake.job(end=0)
    late.build("2022-05-31..2022-06-01,2022-05", register=True)
    assert (late.requested, late.remaining) == (3, 2)
    assert lake.registered() == ["2022-05-31"]


def test_newest_builds_the_outdated_days_of_five_weeks_and_then_their_months(lake: Lake) -> None:
    newest = newest_closed_day()
    closed = newest.replace(day=1) - timedelta(days=1)  # the last day of the month before
    lake.fill(newest, closed, newest - timedelta(days=36))
    lake.job().build("newest", register=True)
    ended = [day for day in (newest, closed) if (day + timedelta(days=1)).day == 1]
    months = [day_text(day)[:7] for day in ended]
    assert lake.registered() == sorted([day_text(newest), day_text(closed), *months])
    again = lake.job()
    again.build("newest", register=True)
    assert again.requested == 0
