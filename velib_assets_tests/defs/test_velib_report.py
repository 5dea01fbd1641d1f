"""The report's asset: its metadata, and a failure that fails its check only."""

from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from velib_assets.defs.build import build_defs
from velib_assets.lake.keys import REPORT_KEY
from velib_assets.settings import Settings
from velib_assets_tests.defs.test_graph import checks, from_archive, run
from velib_assets_tests.samples import HOUR, at, body, records

KEY = dg.AssetKey("velib_report")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return from_archive(tmp_path, {at(0): body(records()), at(15): body(records(numbikesavailable=0))})


def metadata(instance: dg.DagsterInstance) -> dict[str, Any] | None:
    """Return the metadata of the newest report."""
    event = instance.get_latest_materialization_event(KEY)
    if not event or not event.asset_materialization:
        return None
    return {name: value.value for name, value in event.asset_materialization.metadata.items()}


def test_run_writes_the_report_with_its_metadata(settings: Settings, instance: dg.DagsterInstance) -> None:
    result = run(settings, instance, HOUR)
    assert result.success
    page = settings.lake / REPORT_KEY
    facts = metadata(instance)
    assert facts
    assert (facts["page"], facts["bytes"]) == (str(page), page.stat().st_size)
    assert (facts["stations"], facts["short"], facts["episodes"]) == (40, 40, 40)
    assert facts["newest_snapshot"] == at(15).timestamp()
    assert 0 < facts["seconds"] < 300
    evaluations = [data for (name, _), data in checks(result).items() if name == "report_written"]
    assert [data.passed for data in evaluations] == [True]


def test_report_is_written_for_an_empty_lake(tmp_path: Path, instance: dg.DagsterInstance) -> None:
    job = build_defs(Settings(lake=tmp_path / "lake")).resolve_job_def("velib_kpi_views")
    assert job.execute_in_process(instance=instance).success
    facts = metadata(instance)
    assert facts
    assert "newest_snapshot" not in facts
    assert (tmp_path / "lake" / REPORT_KEY).is_file()


@pytest.fixture
def blocked(settings: Settings) -> Settings:
    """A lake whose page cannot be replaced, because its path is a folder."""
    (settings.lake / REPORT_KEY).mkdir(parents=True)
    return settings


def test_report_that_cannot_be_written_fails_its_check(
    blocked: Settings, instance: dg.DagsterInstance
) -> None:
    """The run succeeds, the KPIs are complete, and the check is an ERROR, so an alert is sent."""
    result = run(blocked, instance, HOUR)
    assert result.success
    (evaluation,) = [data for (name, _), data in checks(result).items() if name == "report_written"]
    assert (evaluation.passed, evaluation.severity) == (False, dg.AssetCheckSeverity.ERROR)
    assert "velib_report.html" in str(evaluation.description)
    assert metadata(instance) is None
    assert instance.get_latest_materialization_event(dg.AssetKey("kpi_shortage"))


def test_next_run_writes_the_report_again(blocked: Settings, instance: dg.DagsterInstance) -> None:
    run(blocked, instance, HOUR)
    (blocked.lake / REPORT_KEY).rmdir()
    assert run(blocked, instance, HOUR).success
    assert metadata(instance)
