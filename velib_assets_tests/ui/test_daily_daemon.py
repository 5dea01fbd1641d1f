"""The real daemon: a tick of the daily schedule builds the closed days of the lake."""

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from velib_assets.catalog.sqlite_catalog import LocalCatalog
from velib_assets.lake.folder_store import FolderStore
from velib_assets.lake.keys import daily_kpi_key, day_text, history_day_key
from velib_assets.lake.local_days import DAY
from velib_assets.query.daily_kpis import DAILY_KPIS
from velib_assets_tests.history.days import fill_day
from velib_assets_tests.ui.servers import Server, dagster_dev
from velib_assets_tests.waiting import wait_for_room

TICKS = """{ scheduleOrError(scheduleSelector: {repositoryName: "__repository__",
repositoryLocationName: "velib_assets_tests.ui.daily_every_minute", scheduleName: "velib_daily_schedule"}) {
... on Schedule { scheduleState { ticks(limit: 5) { status skipReason } } } } }"""


@pytest.fixture
def yesterday() -> date:
    """The day that is over, in a day that lasts until the end of the test."""
    return wait_for_room(DAY, timedelta(minutes=8)).date() - DAY


@pytest.fixture
def server(lake: Path, tmp_path: Path, yesterday: date) -> Iterator[Server]:
    """Start Dagster on a lake with two closed days, a gap between them, and hours of today."""
    for days in (3, 1):
        fill_day(FolderStore(lake), yesterday - timedelta(days=days - 1), hours=2, per_hour=1)
    LocalCatalog(lake).prepare()
    environ = {"VELIB_LAKE": str(lake), "VELIB_SCHEDULE": "on"}
    module = "velib_assets_tests.ui.daily_every_minute"
    with dagster_dev(tmp_path / "home", environ, "-m", module) as running:
        yield running


def ended(server: Server) -> list[dict[str, Any]] | None:
    """Return the runs of the schedule once all have ended; a slow run may be requested by two ticks."""
    runs = [
        run for run in server.runs() if run["tags"].get("dagster/schedule_name") == "velib_daily_schedule"
    ]
    over = [run for run in runs if run["status"] in ("SUCCESS", "FAILURE", "CANCELED")]
    return runs if len(over) == len(runs) >= 2 else None


def skipped(server: Server) -> str | None:
    ticks = server.ask(TICKS)["scheduleOrError"]["scheduleState"]["ticks"]
    return next((tick["skipReason"] for tick in ticks if tick["status"] == "SKIPPED"), None)


@pytest.mark.daemon
@pytest.mark.timeout(1200)
def test_daily_tick_builds_closed_days_and_the_next_one_finds_nothing_to_do(
    lake: Path, server: Server, yesterday: date
) -> None:
    runs = server.wait("the runs of a tick end", lambda: ended(server), 240)
    first = yesterday - timedelta(days=2)
    assert {run["tags"]["dagster/partition"] for run in runs} == {day_text(first), day_text(yesterday)}
    assert {run["status"] for run in runs} == {"SUCCESS"}
    for day in (first, yesterday):
        assert (lake / history_day_key(day)).exists()
        assert all((lake / daily_kpi_key(kpi.name, day)).exists() for kpi in DAILY_KPIS)
    reason = server.wait("a tick is skipped", lambda: skipped(server), 150)
    assert reason == f"every day up to {day_text(yesterday)} is current"
    assert "Traceback" not in server.text()
