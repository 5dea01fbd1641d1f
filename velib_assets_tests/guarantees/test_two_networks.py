"""Two networks in one Dagster instance: each acts on its own runs and partitions, whatever the other's do.

Each network has a process, as it has a code location. The home and the lakes are real; this process reads
all of them. Every test runs both ways round.
"""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from velib_assets.defs.dagster_home import SHIPPED
from velib_assets.lake.keys import HOUR, day_text, hour_of, hour_text
from velib_assets.lake.listing import utc_now
from velib_assets.settings import CHECKOUT
from velib_assets_tests.guarantees import network_work as work
from velib_assets_tests.network_process import Call, process_of
from velib_assets_tests.waiting import wait_for

SETTINGS = {
    "velib": {"VELIB_SOURCE": "simulator"},
    "rouen": {"VELIB_SOURCE": "simulator", "VELIB_SIMULATOR_GBFS": "2.3", "VELIB_TIMEZONE": "Europe/Paris"},
}
NEWEST = hour_of(utc_now()) - 48 * HOUR
OLDEST = NEWEST - timedelta(days=40)
UNFINISHED = ("QUEUED", "STARTED", "CANCELING")
both_ways = pytest.mark.parametrize(("own", "other"), [("velib", "rouen"), ("rouen", "velib")])
pytestmark = pytest.mark.timeout(600)


class Home:
    """A home, and the lakes of both networks beside it."""

    def __init__(self, folder: Path, calls: dict[str, Call]) -> None:
        self.folder, self._calls = folder, calls

    def ask(self, network: str, function: Any, *arguments: Any, **named: Any) -> Any:
        """Do something in the process of a network."""
        return self._calls[network](work.in_folder, self.folder, function, arguments, named)

    def velib(self, network: str, *arguments: str) -> str:
        """Run a command of a network, which must succeed; return its output."""
        status, output = self.ask(network, work.velib, *arguments)
        assert status == 0, output
        return str(output)

    def alerts(self, network: str) -> list[str]:
        """Return the lines of the alerts of a network."""
        file = self.folder / f"{network}.alerts"
        return file.read_text(encoding="utf-8").splitlines() if file.exists() else []

    def statuses(self) -> dict[str, str]:
        """Return the status of every run."""
        with dg.DagsterInstance.from_config(str(self.folder / "home")) as instance:
            return {run.run_id: run.status.value for run in instance.get_runs()}

    def events(self, run_ids: Any) -> dict[str, int]:
        """Return how many events each of these runs has."""
        with dg.DagsterInstance.from_config(str(self.folder / "home")) as instance:
            return {run_id: len(instance.all_logs(run_id)) for run_id in run_ids}

    def partitions(self, network: str) -> dict[str, set[str]]:
        """Return the materialized partitions per asset of a network; none for an asset without partitions."""
        with dg.DagsterInstance.from_config(str(self.folder / "home")) as instance:
            return {
                key.to_user_string(): instance.get_materialized_partitions(key)
                for key in instance.all_asset_keys()
                if instance.get_latest_materialization_event(key) and network_of(key) == network
            }

    def files(self, network: str) -> dict[str, bytes]:
        """Return the objects of a lake."""
        lake = self.folder / network
        return {
            path.relative_to(lake).as_posix(): path.read_bytes()
            for path in lake.rglob("*")
            if path.is_file() and path.suffix in (".gz", ".parquet")
        }


def network_of(key: dg.AssetKey) -> str:
    return key.path[0] if len(key.path) > 1 else "velib"


@pytest.fixture(scope="module")
def calls() -> Iterator[dict[str, Call]]:
    """The process of each network."""
    with ExitStack() as stack:
        started = {
            name: stack.enter_context(process_of(name, VELIB_KEEP_HOURS_DAYS="35", **settings))
            for name, settings in SETTINGS.items()
        }
        yield started


@pytest.fixture(scope="module")
def lakes(tmp_path_factory: pytest.TempPathFactory, calls: dict[str, Call]) -> Home:
    """Both lakes after the same hours, of which two are old, and their home."""
    made = Home(tmp_path_factory.mktemp("networks"), calls)
    for network in SETTINGS:
        made.velib(network, "backfill", hour_text(OLDEST), hour_text(OLDEST + HOUR))
        made.velib(network, "backfill", hour_text(NEWEST), hour_text(NEWEST))
    return made


@pytest.fixture
def home(tmp_path: Path, lakes: Home, calls: dict[str, Call]) -> Home:
    """Copies of the lakes, and a home that knows neither of them."""
    for network in SETTINGS:
        shutil.copytree(lakes.folder / network, tmp_path / network)
    (tmp_path / "home").mkdir()
    shutil.copyfile(SHIPPED, tmp_path / "home" / "dagster.yaml")
    return Home(tmp_path, calls)


def test_commands_record_the_assets_of_their_network(lakes: Home) -> None:
    found = {network: lakes.partitions(network) for network in SETTINGS}
    names = {network: {key.split("/")[-1] for key in keys} for network, keys in found.items()}
    assert {name.replace("velib", "rouen") for name in names["velib"]} == names["rouen"]
    assert len(names["velib"]) > 15
    assert all(key.startswith("rouen/") for key in found["rouen"])


def test_every_job_says_whose_runs_it_makes(lakes: Home) -> None:
    assert {*lakes.ask("velib", work.networks_of_jobs).values()} == {""}
    of_rouen = lakes.ask("rouen", work.networks_of_jobs)
    assert {*of_rouen.values()} == {"rouen"}
    assert len(of_rouen) == 5
    with dg.DagsterInstance.from_config(str(lakes.folder / "home")) as instance:
        runs = [run for run in instance.get_runs() if run.job_name in of_rouen]
    assert {run.tags["velib/network"] for run in runs} == {"rouen"}


@both_ways
def test_healing_waits_for_its_own_runs_and_ends_its_own(home: Home, own: str, other: str) -> None:
    runs = home.ask(other, work.start_runs)
    before = home.statuses()
    (
        home.folder / own / f"clean/source={own}/date={NEWEST:%Y-%m-%d}/hour={NEWEST:%H}/stations.parquet"
    ).unlink()
    (home.folder / own / f"history/source={own}/month={NEWEST:%Y-%m}/date={NEWEST:%Y-%m-%d}.parquet").unlink()

    for sensor, job in (("healing", "pipeline"), ("daily_healing", "daily")):
        found = home.ask(own, work.evaluate, sensor)
        assert [request[0] for request in found.requests] in ([f"{own}_{job}"], [None]), found.reason
        [(_, assets, tags)] = found.requests
        assert {network_of(dg.AssetKey.from_user_string(key)) for key in assets} <= {own}
        assert tags["velib/healing"] == ("true" if own == "velib" else own)
    assert home.statuses() == before

    for sensor in ("healing", "daily_healing"):
        found = home.ask(other, work.evaluate, sensor)
        assert (found.requests, found.reason) == ([], "waiting for runs in progress")
    killed = {runs["job killed"], runs["assets killed"]}
    assert home.statuses() == {run: "FAILURE" if run in killed else state for run, state in before.items()}


@both_ways
def test_healing_reports_its_own_hours_to_a_new_home(home: Home, own: str, other: str) -> None:
    home.ask(other, work.start_runs)
    assert "reported as materialized" in home.ask(own, work.evaluate, "healing").reason
    assert home.partitions(own)
    assert home.partitions(other) == {}


@both_ways
def test_killed_command_is_ended_by_its_own_network(home: Home, own: str, other: str) -> None:
    first, last = NEWEST - 40 * HOUR, NEWEST - 10 * HOUR
    environ = {name: value for name, value in os.environ.items() if not name.startswith("VELIB_")}
    process = subprocess.Popen(
        [sys.executable, "-m", "velib_assets.cli.commands", "backfill", hour_text(first), hour_text(last)],
        env={
            **environ,
            **SETTINGS[other],
            "VELIB_NETWORK": other,
            "VELIB_LAKE": str(home.folder / other),
            "DAGSTER_HOME": str(home.folder / "home"),
        },
        cwd=CHECKOUT,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_for(lambda: [*home.statuses().values()] == ["STARTED"], 120)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    home.ask(own, work.evaluate, "healing")
    home.velib(own, "reconcile")
    [killed] = [run for run, state in home.statuses().items() if state == "STARTED"]
    home.velib(other, "reconcile", hour_text(OLDEST), hour_text(OLDEST))
    assert home.statuses()[killed] == "FAILURE"

    for network in (own, other):
        home.ask(network, work.evaluate, "alerts")
    assert home.alerts(own) == []
    [alert] = home.alerts(other)
    assert f"run {killed[:8]} failed" in alert


@both_ways
def test_staleness_follows_the_schedule_and_the_lake_of_its_network(home: Home, own: str, other: str) -> None:
    since = utc_now() - timedelta(hours=5)
    home.ask(own, work.switch_schedule, since, on=True)
    home.ask(other, work.switch_schedule, since + HOUR, on=False)
    home.ask(other, work.start_runs)
    assert home.ask(own, work.schedule_is_on_since) == since
    assert home.ask(other, work.schedule_is_on_since) is None
    assert home.ask(other, work.evaluate, "staleness").reason == "the schedule is off"
    home.velib(other, "tick")
    home.ask(own, work.evaluate, "staleness")
    [alert] = home.alerts(own)
    assert "no new snapshot for more than 20 minutes" in alert
    assert f"the ticks of {own}_pipeline_schedule" in alert

    home.ask(other, work.switch_schedule, utc_now(), on=True)
    home.velib(own, "tick")
    for network in (own, other):
        home.ask(network, work.evaluate, "staleness")
    assert home.alerts(other) == []
    [_, alert] = home.alerts(own)
    assert "hours missed: snapshots have resumed" in alert
    prefix = "" if own == "velib" else f"{own}: "
    assert f"] {prefix}4 hours missed" in alert or f"] {prefix}5 hours missed" in alert


@both_ways
def test_alerts_are_about_the_runs_and_checks_of_their_network(home: Home, own: str, other: str) -> None:
    """Also about a snapshot that is not usable, in the hour that both have."""
    runs = {network: home.ask(network, work.start_runs) for network in (own, other)}
    name = f"{other}_{NEWEST:%Y%m%d_%H}5959.json.gz"
    folder = home.folder / other / f"raw/source={other}/date={NEWEST:%Y-%m-%d}/hour={NEWEST:%H}"
    (folder / name).write_bytes(b"no snapshot")
    for network in (own, other):
        home.velib(network, "backfill", hour_text(NEWEST), hour_text(NEWEST))
    for network in (own, other):
        home.ask(network, work.evaluate, "alerts")
    ids = {
        network: {made[run][:8] for run in ("job FAILURE", "assets FAILURE", "job killed", "assets killed")}
        for network, made in runs.items()
    }
    of_runs = {
        network: {line.partition("run ")[2][:8] for line in home.alerts(network) if " failed: " in line}
        for network in (own, other)
    }
    assert ids[own] <= of_runs[own]
    assert of_runs[own].isdisjoint(ids[other])
    assert ids[other] <= of_runs[other]
    assert of_runs[other].isdisjoint(ids[own])
    of_checks = {
        network: [line for line in home.alerts(network) if ": check " in line] for network in (own, other)
    }
    assert of_checks[own] == []
    [alert] = of_checks[other]
    assert "clean_stations: check readable_raw failed" in alert
    assert name in alert


@both_ways
def test_reconcile_reports_the_lake_of_its_network(home: Home, own: str, other: str) -> None:
    runs = home.ask(other, work.start_runs)
    before = home.statuses()
    assert home.velib(own, "reconcile").startswith("3 hours reported as materialized, 0 already known\n")
    assert home.partitions(other) == {}
    made = home.statuses()
    assert {run: made[run] for run in before} == before
    assert len(made) == len(before) + 1  # the views

    assert home.ask(own, work.has_seen_views)
    assert not home.ask(other, work.has_seen_views)
    found = home.partitions(own)
    assert home.velib(other, "reconcile").startswith("3 hours reported as materialized, 0 already known\n")
    assert home.partitions(own) == found
    killed = {runs["job killed"], runs["assets killed"]}
    after = home.statuses()
    assert {run: after[run] for run in before} == {
        run: "FAILURE" if run in killed else state for run, state in before.items()
    }
    assert len(after) == len(made) + 1
    strip = {key.split("/")[-1].replace(other, own): hours for key, hours in home.partitions(other).items()}
    assert strip == {key.split("/")[-1]: hours for key, hours in found.items()}
    for network in (own, other):
        assert home.velib(network, "reconcile").startswith("0 hours reported")
    assert len(home.statuses()) == len(after)


@both_ways
def test_maintenance_deletes_runs_and_retires_hours_of_its_network(home: Home, own: str, other: str) -> None:
    for network in (own, other):
        home.velib(network, "backfill", hour_text(NEWEST), hour_text(NEWEST))
    runs = {network: home.ask(network, work.start_runs) for network in (own, other)}
    home.ask(other, work.start_alerts_over)  # it has reported none of the runs
    every = home.statuses()
    of_other = {run: every[run] for run in every if run in runs[other].values()}
    with dg.DagsterInstance.from_config(str(home.folder / "home")) as instance:
        jobs = {run.run_id: run.job_name for run in instance.get_runs()}
    of_other |= {run: every[run] for run, job in jobs.items() if job.startswith(f"{other}_")}
    events, partitions = home.events(of_other), {n: home.partitions(n) for n in (own, other)}
    lake = home.files(other)

    succeeded, run_id = home.ask(own, work.maintain, 60)
    assert succeeded
    left = home.statuses()
    unfinished = {run for run in every if run not in of_other and every[run] in UNFINISHED}
    assert len(unfinished) == len(UNFINISHED) * 2 + 2  # two were killed
    assert left == {run: every[run] for run in unfinished} | of_other | {run_id: "SUCCESS"}
    assert home.events(of_other) == events
    assert {n: home.partitions(n) for n in (own, other)} == partitions
    assert home.files(other) == lake
    assert [
        key for key in home.files(own) if f"date={day_text(OLDEST.date())}/hour" in key and "clean" in key
    ] == []


def test_maintenance_of_both_at_the_same_time_succeeds(home: Home) -> None:
    """Their schedules tick in the same minute."""
    for network in SETTINGS:
        home.velib(network, "reconcile")
        home.ask(network, work.start_runs)
    with ThreadPoolExecutor() as pool:
        done = [*pool.map(lambda network: home.ask(network, work.maintain, 60), SETTINGS)]
    assert [succeeded for succeeded, _ in done] == [True, True]
    left = [*home.statuses().values()]
    assert left.count("FAILURE") == 0
    assert left.count("SUCCESS") == 2
