"""DAGSTER_HOME is prepared before it is opened: by `velib`, and by `make dev`."""

import os
import re
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import dagster as dg
import pytest
import yaml

from velib_assets import settings as settings_module
from velib_assets.cli.runs import open_instance
from velib_assets.defs import dagster_home
from velib_assets.defs.dagster_home import open_home, prepare_home
from velib_assets.home_lakes import FILE, lakes_of, remember_lake
from velib_assets.settings import CHECKOUT, Settings, SettingsError
from velib_assets_tests.defs.instances import instance_in, small_job

SHIPPED = dagster_home.SHIPPED.read_text(encoding="utf-8")
# What earlier versions wrote into their dagster.yaml.
LAUNCHER = """
run_launcher: { module: velib_assets.launching.launcher, class: ForkRunLauncher }
"""
COORDINATOR = """
run_coordinator:
  module: velib_assets.defs.launching.coordinator
  class: TicksFirstRunCoordinator
  config: { dequeue_interval_seconds: 1, max_concurrent_runs: 4 }
"""
STORAGE = """
storage:
  custom:
    module: "velib_assets.launching.storage"
    class: PooledSqliteStorage
"""
OLD = {"launcher": LAUNCHER, "coordinator": COORDINATOR, "storage": STORAGE}
POSTGRES = "storage:\n  postgres:\n    postgres_url: postgresql://127.0.0.1/dagster\n"


def test_new_home_gets_the_shipped_file(tmp_path: Path) -> None:
    home = tmp_path / "new" / "home"
    assert prepare_home(home) == ""
    assert (home / "dagster.yaml").read_text(encoding="utf-8") == SHIPPED


@pytest.mark.parametrize("text", [SHIPPED, "telemetry:\n  enabled: false\n", "", "not: [yaml"])
def test_file_that_names_nothing_missing_is_left_alone(text: str, tmp_path: Path) -> None:
    (tmp_path / "dagster.yaml").write_text(text, encoding="utf-8")
    assert prepare_home(tmp_path) == ""
    assert (tmp_path / "dagster.yaml").read_text(encoding="utf-8") == text
    assert [path.name for path in tmp_path.iterdir()] == ["dagster.yaml"]


@pytest.mark.parametrize("old", OLD)
def test_outdated_file_is_replaced_and_kept(old: str, tmp_path: Path) -> None:
    (tmp_path / "dagster.yaml").write_text(OLD[old], encoding="utf-8")
    message = prepare_home(tmp_path)
    assert len(message.splitlines()) == 1
    assert str(tmp_path / "dagster.yaml") in message
    assert re.search(r"velib_assets[\w.]*launching", message)
    assert (tmp_path / "dagster.yaml").read_text(encoding="utf-8") == SHIPPED
    assert (tmp_path / "dagster.yaml.old").read_text(encoding="utf-8") == OLD[old]
    assert prepare_home(tmp_path) == ""


def test_outdated_file_of_a_server_stays_on_postgresql(tmp_path: Path) -> None:
    (tmp_path / "dagster.yaml").write_text(POSTGRES + COORDINATOR, encoding="utf-8")
    assert prepare_home(tmp_path)
    settings = yaml.safe_load((tmp_path / "dagster.yaml").read_text(encoding="utf-8"))
    assert "postgres" in settings["storage"]


def test_velib_opens_an_old_home_with_its_history(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "dagster.yaml").write_text("telemetry:\n  enabled: false\n", encoding="utf-8")
    with dg.DagsterInstance.from_config(str(tmp_path)) as instance:
        before = small_job.execute_in_process(instance=instance).run_id
    (tmp_path / "dagster.yaml").write_text(COORDINATOR + LAUNCHER, encoding="utf-8")
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    with open_instance(Settings(lake=tmp_path / "lake")) as instance:
        assert [run.run_id for run in instance.get_runs()] == [before]
        assert any("a line" in entry.message for entry in instance.all_logs(before))
    assert capsys.readouterr().err.count("dagster.yaml.old") == 1


def prepare_for_make_dev(**environ: str) -> "subprocess.CompletedProcess[str]":
    """Run the command that `make dev` runs for the path of the home, before `dagster dev`."""
    recipe = (CHECKOUT / "Makefile").read_text().partition("\ndev: setup\n")[2].partition("\n\n")[0]
    (module,) = re.findall(r'DAGSTER_HOME="\$\$\(\$\(BIN\)/python -m ([\w.]+)\)"', recipe)
    inherited = {name: value for name, value in os.environ.items() if name != "DAGSTER_HOME"}
    return subprocess.run(
        [sys.executable, "-m", module],
        env=inherited | environ,
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        check=False,
    )


def test_make_dev_prepares_the_home(tmp_path: Path) -> None:
    (tmp_path / "dagster.yaml").write_text(COORDINATOR, encoding="utf-8")
    done = prepare_for_make_dev(DAGSTER_HOME=str(tmp_path), VELIB_LAKE=str(tmp_path / "lake"))
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (0, f"{tmp_path}\n", 1)
    assert (tmp_path / "dagster.yaml").read_text(encoding="utf-8") == SHIPPED


def test_make_dev_uses_the_home_of_its_lake(tmp_path: Path) -> None:
    done = prepare_for_make_dev(VELIB_LAKE=str(tmp_path / "lake"))
    assert done.stdout == f"{tmp_path / 'lake' / '.dagster'}\n"
    assert (tmp_path / "lake" / ".dagster" / "dagster.yaml").exists()


def test_make_dev_refuses_the_home_of_another_lake(tmp_path: Path) -> None:
    home, first, second = str(tmp_path / "home"), str(tmp_path / "first"), str(tmp_path / "second")
    assert prepare_for_make_dev(DAGSTER_HOME=home, VELIB_LAKE=first).returncode == 0
    refused = prepare_for_make_dev(DAGSTER_HOME=home, VELIB_LAKE=second)
    assert (refused.returncode, refused.stdout) == (2, "")
    assert all(path in refused.stderr for path in (home, first, second))
    assert refused.stderr.startswith("velib: DAGSTER_HOME: ")
    assert "Traceback" not in refused.stderr
    assert prepare_for_make_dev(DAGSTER_HOME=home, VELIB_LAKE=first).returncode == 0


def test_networks_share_a_home_but_not_a_lake(tmp_path: Path) -> None:
    """The lakes are empty: only the home tells."""
    home, first, second = str(tmp_path / "home"), str(tmp_path / "first"), str(tmp_path / "second")
    other = {"VELIB_NETWORK": "rouen", "VELIB_SOURCE": "simulator", "VELIB_SIMULATOR_GBFS": "3.0"}
    assert prepare_for_make_dev(DAGSTER_HOME=home, VELIB_LAKE=first).returncode == 0
    refused = prepare_for_make_dev(DAGSTER_HOME=home, VELIB_LAKE=first, **other)
    assert refused.returncode == 2
    said = f"{home}/{FILE} says that the lake {first} holds the network velib, so it cannot hold rouen too"
    assert refused.stderr.startswith(f"velib: VELIB_NETWORK: {said}. Set VELIB_NETWORK=velib to work with it")
    assert prepare_for_make_dev(DAGSTER_HOME=home, VELIB_LAKE=second, **other).returncode == 0
    assert lakes_of(Path(home)) == {"velib": first, "rouen": second}


def test_definitions_of_another_lake_do_not_load_on_a_home(tmp_path: Path) -> None:
    """Neither does a server that was started by hand show one lake's hours as another's."""
    home = tmp_path / "home"
    open_home_of("first", home, tmp_path)
    done = subprocess.run(
        [sys.executable, "-c", "import velib_assets.definitions"],
        env=os.environ | {"DAGSTER_HOME": str(home), "VELIB_LAKE": str(tmp_path / "second")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert str(tmp_path / "first") in done.stderr


def open_home_of(lake: str, home: Path, folder: Path) -> None:
    home.mkdir(exist_ok=True)
    remember_lake(home, "velib", str((folder / lake).resolve()))


def test_home_in_its_lake_moves_with_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`make dev` sets it by hand."""
    monkeypatch.delenv("DAGSTER_HOME", raising=False)
    before, after = Settings(lake=tmp_path / "before"), Settings(lake=tmp_path / "after")
    open_home(before)
    before.lake.rename(after.lake)
    monkeypatch.setenv("DAGSTER_HOME", str(after.lake / ".dagster"))
    assert open_home(after) == (after.lake / ".dagster", [])
    with pytest.raises(SettingsError, match="after"):
        open_home(before)


def test_second_lake_of_another_network_shares_a_home(tmp_path: Path) -> None:
    open_home_of("first", tmp_path, tmp_path)
    remember_lake(tmp_path, "lyon", "/data/lyon")
    assert lakes_of(tmp_path) == {"velib": str(tmp_path / "first"), "lyon": "/data/lyon"}


def test_home_of_an_earlier_version_is_adopted_by_its_lake(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All lakes had one home in the checkout: that of the newest snapshot keeps it, another gets its own."""
    old = tmp_path / ".dagster"
    monkeypatch.delenv("DAGSTER_HOME", raising=False)
    for module in (dagster_home, settings_module):
        monkeypatch.setattr(module, "OLD_HOME", old)
    with instance_in(old) as instance:
        folder = dg.MetadataValue.path(str(tmp_path / "lake/raw/source=velib/date=2022-06-04/hour=10"))
        event = dg.AssetMaterialization("raw_snapshot", metadata={"folder": folder})
        instance.report_runless_asset_event(event)
    other, lake = Settings(lake=tmp_path / "lake-demo"), Settings(lake=tmp_path / "lake")
    home, messages = open_home(other)
    assert home == other.lake / ".dagster"
    assert [str(old) in message for message in messages] == [True]
    home, messages = open_home(lake)
    assert home == old
    assert [str(lake.lake) in message for message in messages] == [True]
    assert open_home(lake) == (old, [])
    assert open_home(other) == (other.lake / ".dagster", [])


def test_old_home_without_runs_is_not_adopted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DAGSTER_HOME", raising=False)
    for module in (dagster_home, settings_module):
        monkeypatch.setattr(module, "OLD_HOME", tmp_path / ".dagster")
    with instance_in(tmp_path / ".dagster"):
        pass
    settings = Settings(lake=tmp_path / "lake")
    assert open_home(settings) == (settings.lake / ".dagster", [])


def test_damaged_memory_of_a_home_is_written_again(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text("{", encoding="utf-8")
    assert lakes_of(tmp_path) == {}
    remember_lake(tmp_path, "velib", "/data/lake")
    assert lakes_of(tmp_path) == {"velib": "/data/lake"}


def test_one_of_several_lakes_that_claim_a_home_at_once_gets_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last one overwrote what the others had written, and all of them went on."""
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path / "home"))
    lakes = [tmp_path / f"lake{number}" for number in range(4)]
    together = threading.Barrier(len(lakes))
    prepare_home(tmp_path / "home")

    def claim(lake: Path) -> bool:
        together.wait()
        try:
            open_home(Settings(lake=lake))
        except SettingsError:
            return False
        return True

    with ThreadPoolExecutor(len(lakes)) as pool:
        claimed = dict(zip(lakes, pool.map(claim, lakes), strict=True))
    (owner,) = [lake for lake, has_it in claimed.items() if has_it]
    assert lakes_of(tmp_path / "home") == {"velib": str(owner)}
