"""`velib cost` as it is typed."""

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


def test_the_table_names_lines_total_host_and_grounds(runner: CliRunner) -> None:
    result = runner.invoke(main, ["cost"])
    assert result.exit_code == 0
    assert "Glue job (a minute at least)" in result.stdout
    assert "Total, US dollars" in result.stdout
    assert "your own machine: $0.00" in result.stdout
    assert "assumed: the default of infra/" in result.stdout
    assert "Step Functions" not in result.stdout


def test_options_go_before_defaults_and_are_named(runner: CliRunner) -> None:
    asked = ["--orchestrator", "step_functions", "--catalog-mode", "crawler", "--job-type", "glueetl"]
    asked += ["--every", "30", "--memory", "1024", "--format", "json"]
    data = json.loads(runner.invoke(main, ["cost", *asked]).stdout)
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


@pytest.mark.parametrize("asked", [["--every", "0"], ["--memory", "64"], ["--orchestrator", "cron"]])
def test_nonsense_is_usage(runner: CliRunner, asked: list[str]) -> None:
    assert runner.invoke(main, ["cost", *asked]).exit_code == 2
