"""DAGSTER_HOME is prepared before it is opened: by `velib`, and by `make dev`."""

import os
import re
import subprocess
import sys
from pathlib import Path

import dagster as dg
import pytest
import yaml

from velib_assets.cli.runs import open_instance
from velib_assets.defs import dagster_home
from velib_assets.defs.dagster_home import prepare_home
from velib_assets.settings import CHECKOUT
from velib_assets_tests.defs.instances import small_job

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
    with open_instance() as instance:
        assert [run.run_id for run in instance.get_runs()] == [before]
        assert any("a line" in entry.message for entry in instance.all_logs(before))
    assert capsys.readouterr().err.count("dagster.yaml.old") == 1


def test_make_dev_prepares_the_home(tmp_path: Path) -> None:
    """It runs this command first; the rest of the target starts Dagster."""
    recipe = (CHECKOUT / "Makefile").read_text().partition("\ndev: setup\n")[2].splitlines()
    command = recipe[0].strip().removeprefix("@$(BIN)/python ").split()
    (tmp_path / "dagster.yaml").write_text(COORDINATOR, encoding="utf-8")
    environ = os.environ | {"DAGSTER_HOME": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, *command], env=environ, cwd=CHECKOUT, capture_output=True, text=True, check=True
    )
    assert done.stderr.count("\n") == 1
    assert (tmp_path / "dagster.yaml").read_text(encoding="utf-8") == SHIPPED
