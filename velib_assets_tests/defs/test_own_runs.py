"""Several networks in one Dagster instance: each acts on its own runs."""

import re
import socket
import subprocess
import sys
import uuid
from datetime import timedelta

import dagster as dg
import pytest

from velib_assets.defs import asset_keys, own_runs
from velib_assets.defs.maintenance.maintenance_job import old_runs
from velib_assets.defs.maintenance.orphans import PROCESS, end_orphans
from velib_assets.defs.sensors.retries import is_busy
from velib_assets.lake.listing import utc_now
from velib_assets.settings import CHECKOUT
from velib_assets_tests.defs.instances import small_job, status
from velib_assets_tests.defs.sensors.test_alert_sensor import RecordingSink, broken_job, evaluate

OF_ROUEN = {"velib/network": "rouen"}
OF_LYON = {"velib/network": "lyon"}
OF_VELIB: dict[str, str] = {}
NETWORKS = {"velib": OF_VELIB, "rouen": OF_ROUEN, "lyon": OF_LYON}


def work_for(monkeypatch: pytest.MonkeyPatch, network: str) -> None:
    """Let this process work for a network, as far as runs are concerned."""
    monkeypatch.setattr(own_runs, "KEY", network)
    monkeypatch.setattr(own_runs, "IS_VELIB", network == "velib")
    monkeypatch.setattr(asset_keys, "PREFIX", [] if network == "velib" else [network])


@pytest.mark.parametrize(
    ("tags", "paths", "owner"),
    [
        (OF_VELIB, [], "velib"),
        (OF_ROUEN, [], "rouen"),
        (OF_LYON, [["lyon", "raw_snapshot"]], "lyon"),
        (OF_VELIB, [["raw_snapshot"], ["source_velib"]], "velib"),
        (OF_VELIB, [["rouen", "raw_snapshot"]], "rouen"),
        (OF_VELIB, [["lyon", "clean_stations"], ["lyon", "stations"]], "lyon"),
        (OF_VELIB, [["rouen_est", "raw_snapshot"]], "none of them"),
    ],
)
def test_run_belongs_to_the_network_of_its_job_or_of_its_assets(
    tags: dict[str, str], paths: list[list[str]], owner: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = [*map(dg.AssetKey, paths)]
    run = dg.DagsterRun("job", tags=tags, asset_selection=frozenset(keys) or None)
    checks = frozenset(dg.AssetCheckKey(key, "check") for key in keys) or None
    of_checks = dg.DagsterRun("job", tags=tags, asset_check_selection=checks)
    for network in NETWORKS:
        work_for(monkeypatch, network)
        assert own_runs.is_own_run(run) is (network == owner)
        assert own_runs.is_own_run(of_checks) is (network == owner)


def test_runs_are_read_in_pages(instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(own_runs, "_PAGE", 2)
    wanted = [instance.create_run_for_job(small_job, tags=tags).run_id for tags in [{}, OF_ROUEN] * 3][::2]
    assert [run.run_id for run in own_runs.own_runs(instance, dg.RunsFilter())] == wanted[::-1]


def test_runs_are_found_while_another_network_deletes_its_own(
    instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The maintenance of all networks runs in the same minute."""
    monkeypatch.setattr(own_runs, "_PAGE", 2)
    made = [instance.create_run_for_job(small_job, tags=tags).run_id for tags in [OF_ROUEN, OF_VELIB] * 3]
    of_rouen, own = made[::2], made[1::2]
    found = []
    for run in own_runs.own_runs(instance, dg.RunsFilter()):
        found.append(run.run_id)
        for other in of_rouen:
            instance.delete_run(other)
    assert found == own[::-1]


@pytest.mark.parametrize("network", NETWORKS)
def test_healing_waits_for_runs_of_its_own_network(
    network: str, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    instance.create_run_for_job(small_job, status=dg.DagsterRunStatus.STARTED, tags=NETWORKS[network])
    for other in NETWORKS:
        work_for(monkeypatch, other)
        assert is_busy(instance) is (other == network)


def test_killed_commands_of_other_networks_are_left_alone(
    instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    runs = {}
    for network, tags in NETWORKS.items():
        run_id = str(uuid.uuid4())
        tag = {PROCESS: f"{socket.gethostname()}:{process.pid}:{run_id}"}
        instance.create_run_for_job(
            small_job, run_id=run_id, status=dg.DagsterRunStatus.STARTED, tags={**tags, **tag}
        )
        runs[network] = run_id
    work_for(monkeypatch, "rouen")
    assert end_orphans(instance) == 1
    assert {network: status(instance, run_id).value for network, run_id in runs.items()} == {
        "velib": "STARTED",
        "rouen": "FAILURE",
        "lyon": "STARTED",
    }


def test_maintenance_deletes_old_runs_of_its_own_network(
    instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs = {
        network: small_job.execute_in_process(instance=instance, tags=tags).run_id
        for network, tags in NETWORKS.items()
    }
    for network, run_id in runs.items():
        work_for(monkeypatch, network)
        assert old_runs(instance, utc_now() + timedelta(days=1), []) == [run_id]


def test_alerts_are_about_runs_of_their_own_network(
    instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs = {
        network: broken_job.execute_in_process(instance=instance, tags=tags, raise_on_error=False).run_id
        for network, tags in NETWORKS.items()
    }
    for network, run_id in runs.items():
        work_for(monkeypatch, network)
        sink = RecordingSink()
        cursor = evaluate(instance, None, sink)
        evaluate(instance, cursor, sink)
        assert [alert.id for alert in sink.alerts] == [f"{run_id}:run"]


def test_keys_of_assets_are_made_in_one_place() -> None:
    """Else an asset of another network would be looked for under the key of that of Vélib'."""
    made = re.compile(r"AssetKey\(|Asset(?:Materialization|Observation|In)\(\s*(?!asset_key\()\S")
    found = {
        (path.name, line)
        for folder in ("cli", "defs")
        for path in (CHECKOUT / "velib_assets" / folder).rglob("*.py")
        for line in made.findall(path.read_text(encoding="utf-8"))
        if path.name != "asset_keys.py"
    }
    # The home of an earlier version, which knew Vélib' alone.
    assert found == {("dagster_home.py", "AssetKey(")}
