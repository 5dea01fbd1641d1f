"""Ticks, backfills of the same day, queries and the UI at once, each in a process of its own.

The short form ends as soon as every command has run beside the others. The full form goes on for minutes
beside the real servers, where the schedule ticks and the UI is polled (`make test` has that without the
commands, in ui/test_daemon.py). A query sees a snapshot completely or not at all: every station once.
"""

import json
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from threading import Event

import dagster as dg
import pytest

from velib_assets.defs.sensors.alert_sensor import check_results
from velib_assets.lake.folder_store import FolderStore
from velib_assets.lake.keys import HOUR, hour_of, hour_text, hours_between
from velib_assets.lake.listing import hours_in, utc_now
from velib_assets.settings import CHECKOUT
from velib_assets.simulator.simulator import STATIONS
from velib_assets_tests.clean.current import is_current
from velib_assets_tests.ui.servers import Server, dagster_dev

pytestmark = [pytest.mark.promise("together"), pytest.mark.daemon]

COUNTS = """SELECT ingested_ts, count(*) AS n, count(DISTINCT station_id) AS stations
FROM source_velib GROUP BY ingested_ts"""
PAGES = """{ runsOrError(limit: 20) { __typename }
  assetNodes { assetKey { path } assetPartitionStatuses { __typename }
    assetMaterializations(limit: 2) { runId metadataEntries { label } }
    assetChecksOrError { __typename } } }"""
TROUBLE = ("Traceback", "database is locked", "OperationalError")
DONE = {"tick": 2, "backfill": 2, "query": 2}
MINUTES = 3


class Work:
    """The commands that run at once on one lake; `done` counts how often each has succeeded."""

    def __init__(self, lake: Path, home: Path, hours: int) -> None:
        lake.mkdir(exist_ok=True)  # a query of a missing lake fails, and one may come before the first tick
        self.environ = {"VELIB_LAKE": str(lake), "VELIB_SOURCE": "simulator", "DAGSTER_HOME": str(home)}
        self.done: Counter[str] = Counter()
        last = hour_of(utc_now())
        self.hours = list(hours_between(last - (hours - 1) * HOUR, last))
        self.over = Event()

    def velib(self, *arguments: str) -> str:
        """Run a command and return its output."""
        done = subprocess.run(
            [sys.executable, "-m", "velib_assets.cli.commands", *arguments],
            cwd=CHECKOUT,
            env=os.environ | self.environ,
            capture_output=True,
            text=True,
            check=False,
        )
        output = done.stdout + done.stderr
        assert done.returncode == 0, output
        assert not [word for word in TROUBLE if word in output], output
        return done.stdout

    def tick(self) -> None:
        self.velib("tick")

    def backfill(self) -> None:
        self.velib("backfill", hour_text(self.hours[0]), hour_text(self.hours[-1]))

    def query(self) -> None:
        found = json.loads(self.velib("query", "--format", "json", COUNTS))
        assert {row[name] for row in found for name in ("n", "stations")} <= {STATIONS}

    @contextmanager
    def going_on(self, **steps: Callable[[], None]) -> Iterator[None]:
        """Repeat each step, beside the others, until the block ends; raise what one of them raised."""

        def loop(name: str, step: Callable[[], None]) -> None:
            try:
                while not self.over.is_set():
                    step()
                    self.done[name] += 1
            finally:
                self.over.set()

        with ThreadPoolExecutor(len(steps)) as pool:
            loops = [pool.submit(loop, name, step) for name, step in steps.items()]
            try:
                yield
            finally:
                self.over.set()
        for each in loops:
            each.result()


def scheduled(server: Server) -> int:
    """Count the successful ticks of the schedule."""
    runs = [run for run in server.runs() if "dagster/schedule_name" in run["tags"]]
    return sum(run["status"] == "SUCCESS" for run in runs)


def at_work(work: Work) -> bool:
    """Whether each command has succeeded often enough, or one has failed (raised at the end)."""
    return work.over.is_set() or all(work.done[name] >= least for name, least in DONE.items())


def servers_at_work(work: Work, home: Path) -> int:
    """Poll the UI for minutes while the schedule ticks; return the number of ticks."""
    begin, environ = time.monotonic(), {**work.environ, "VELIB_SCHEDULE": "on"}
    with dagster_dev(home, environ, "-m", "velib_assets_tests.ui.every_minute") as server:

        def polled() -> bool:
            server.ask(PAGES)
            work.done["page of the UI"] += 1
            enough = time.monotonic() - begin > MINUTES * 60 and scheduled(server) >= MINUTES - 1
            return work.over.is_set() or (enough and at_work(work))

        server.wait("each command has run", polled, 600)
        assert [word for word in TROUBLE if word in server.text()] == []
        return scheduled(server)


@pytest.mark.timeout(900)
def test_commands_daemon_and_ui_work_at_once(
    *, full: bool, figure: Callable[[str, float], None], lake: Path, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    work, begin = Work(lake, home, 12 if full else 4), time.monotonic()
    if full:
        work.tick()  # only commands may create a DAGSTER_HOME at once with others
    with work.going_on(tick=work.tick, backfill=work.backfill, query=work.query):
        if full:
            figure("ticks of the schedule", servers_at_work(work, home))
        while not at_work(work):
            time.sleep(0.1)
    with dg.DagsterInstance.from_config(str(home)) as instance:
        failed = instance.fetch_run_status_changes(dg.DagsterEventType.RUN_FAILURE, limit=10)
        assert [record.event_log_entry.message for record in failed.records] == []
        results = [found for run in instance.get_run_ids() for found in check_results(instance, run)]
        blocking = {"usable_snapshot", "readable_raw", "table_schema", "view_answers"}
        bad = [
            r.evaluation for r in results if r.evaluation.check_name in blocking and not r.evaluation.passed
        ]
        assert bad == []
    if full:
        work.backfill()  # the hours that the servers' end has interrupted
    work.query()
    store = FolderStore(lake)
    hours = hours_in(store, "raw", work.hours[0], work.hours[-1] + HOUR)
    assert {*work.hours} <= {*hours}
    assert [hour_text(hour) for hour in hours if not is_current(store, hour)] == []
    figure("seconds", round(time.monotonic() - begin))
    for name, count in work.done.items():
        figure({"query": "queries", "page of the UI": "pages of the UI"}.get(name, f"{name}s"), count)
