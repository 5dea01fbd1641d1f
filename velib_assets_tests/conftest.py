"""Options and fixtures shared by many tests.

Only the fixtures that need Dagster or the settings import them: the tests of what Lambda and Glue run on
Python 3.9 have neither.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    import dagster as dg

    from velib_assets.settings import Settings

STACK = "stack"
STACK_SECONDS = 900
NOT_UNIT_FOLDERS = {"aws", "guarantees", "ui"}
NOT_UNIT_FIXTURES = {"browser", "formats", "portal", "server"}
# They run the graph, Dagster's storage, a benchmark or generated inputs many times, which takes longer than
# all other unit tests together.
NOT_UNIT_FILES = {
    "test_alert_sensor",
    "test_backfill",
    "test_benchmarks",
    "test_clean_properties",
    "test_commands",
    "test_daily_alerts",
    "test_daily_healing_sensor",
    "test_daily_kpi_assets",
    "test_daily_isolation",
    "test_day_command",
    "test_discard",
    "test_docs_publishing",
    "test_files",
    "test_healing_sensor",
    "test_killed_publisher",
    "test_maintenance",
    "test_mutated_feeds",
    "test_new_failures",
    "test_other_network",
    "test_official_feeds",
    "test_pooled_storage",
    "test_publish_command",
    "test_published_month",
    "test_reconcile",
    "test_same_city",
    "test_station_command",
}


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options of `make guarantees`; without `--full` the guarantees run in a short form."""
    parser.addoption("--full", action="store_true", help="prove the guarantees at full size")
    parser.addoption("--promises", default="", help="run only the proofs of these promises: a name, or a,b")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Group and order the tests for xdist.

    Tests of one file share a process, so their fixtures are built once; so do all tests of the deployed stack
    and of the emulator. The daemon's tests and the soak test start first, then the longest group, so that
    none of them is left at the end. A test's time limit includes its fixtures, and any test of the stack may
    be the one that deploys it.
    """
    for item in items:
        item.add_marker(pytest.mark.xdist_group(_group(item.path)))
        if _is_unit(item):
            item.add_marker(pytest.mark.unit)
        if mark := item.get_closest_marker("promise"):  # reaches the tally from another process
            item.user_properties.append(("promise", mark.args[0]))
        if _group(item.path) == STACK and config.getoption("timeout", None) is None:
            item.add_marker(pytest.mark.timeout(STACK_SECONDS))
    if only := config.getoption("--promises"):
        items[:] = [item for item in items if dict(item.user_properties).get("promise") in only.split(",")]
    items.sort(key=lambda item: (not _is_long(item), _group(item.path) != STACK))


def _is_unit(item: pytest.Item) -> bool:
    """Return whether `make unit` runs a test: it needs no browser, server, emulator or second interpreter."""
    fixtures = set(getattr(item, "fixturenames", ()))
    if item.path.stem in NOT_UNIT_FILES:
        return False
    apart = NOT_UNIT_FOLDERS.isdisjoint(item.path.parts) and NOT_UNIT_FIXTURES.isdisjoint(fixtures)
    return apart and not any(item.get_closest_marker(name) for name in ("browser", "daemon"))


def _is_long(item: pytest.Item) -> bool:
    return item.get_closest_marker("daemon") is not None or item.path.stem == "test_soak"


def _group(path: Path) -> str:
    if "aws" not in path.parts:
        return str(path)
    return STACK if "pipeline" in path.parts else "emulator"


@pytest.fixture
def full(request: pytest.FixtureRequest) -> bool:
    """Return whether the guarantees are proven at full size."""
    return bool(request.config.getoption("--full"))


@pytest.fixture
def figure(record_property: Callable[[str, object], None]) -> Callable[[str, float], None]:
    """Return a function that records a measurement: `figure("kills", 200)`. Equal names are summed."""
    return record_property


@pytest.fixture
def lake(tmp_path: Path) -> Path:
    """Return the folder of an empty lake."""
    return tmp_path / "lake"


@pytest.fixture
def settings(lake: Path) -> Settings:
    """Return settings with the simulator as source and a lake in the test's folder."""
    from velib_assets.settings import Settings

    return Settings(lake=lake, source="simulator")


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    """Create an instance with the SQLite storage of dagster.yaml; an ephemeral one behaves differently."""
    import dagster as dg
    import yaml

    from velib_assets.defs.dagster_home import SHIPPED

    settings = yaml.safe_load(SHIPPED.read_text(encoding="utf-8"))
    overrides = {name: settings[name] for name in ("telemetry", "instance_class")}
    with dg.DagsterInstance.local_temp(overrides=overrides) as temporary:
        yield temporary
