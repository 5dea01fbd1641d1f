"""The command `velib cost`."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from velib_assets.cli.commands import main


@pytest.fixture
def runner(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> CliRunner:
    monkeypatch.setenv("VELIB_LAKE", str(tmp_path / "lake"))
    monkeypatch.delenv("VELIB_TARGET", raising=False)
    return CliRunner()


def test_table_shows_lines_totals_host_and_basis(runner: CliRunner) -> None:
    result = runner.invoke(main, ["cost"])
    assert result.exit_code == 0
    assert "Glue job (at least a minute)" in result.stdout
    assert "Total, without a host" in result.stdout
    assert "Host elsewhere: data transfer" in result.stdout
    assert "assumed: the default of infra/" in result.stdout
    assert "Step Functions" not in result.stdout


def test_options_override_defaults_and_are_their_basis(runner: CliRunner) -> None:
    options = ["--orchestrator", "step_functions", "--catalog-mode", "crawler", "--job-type", "glueetl"]
    options += ["--every", "30", "--memory", "1024", "--format", "json"]
    data = json.loads(runner.invoke(main, ["cost", *options]).stdout)
    given = {entry["name"]: entry["value"] for entry in data["inputs"] if entry["basis"].startswith("given")}
    assert given == {
        "orchestrator": "step_functions",
        "catalog_mode": "crawler",
        "job_type": "glueetl",
        "every": 30,
        "memory": 1024,
    }
    lines = {line["name"]: line["month_1"]["quantity"] for line in data["lines"]}
    assert (lines["lambda_requests"], lines["lambda_gb_seconds"]) == (1440, 1440 * 6)
    assert data["host"] == []


@pytest.mark.parametrize("options", [["--every", "0"], ["--memory", "64"], ["--orchestrator", "cron"]])
def test_wrong_option_is_a_usage_error(runner: CliRunner, options: list[str]) -> None:
    assert runner.invoke(main, ["cost", *options]).exit_code == 2
