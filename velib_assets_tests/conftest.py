"""Fixtures that many tests share: a lake of one's own, an instance on the default SQLite storage.

Dagster and the settings are imported by the fixtures that need them: the tests of what Lambda and Glue run do
without.
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
NOT_UNIT_FIXTURES = {"browser", "portal", "server"}


def pytest_addoption(parser: pytest.Parser) -> None:
    """The guarantees run in a short form unless they are asked for in full (`make guarantees`)."""
    parser.addoption("--full", action="store_true", help="prove the guarantees at their whole size")
    parser.addoption("--promises", default="", help="run the proofs of these promises alone: a name, or a,b")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """What the tests of a file share is made once, and so are the deployed stack and the emulator.

    `make test` runs as many tests at once as there are cores (xdist), a group in one process. The daemon's,
    which mostly waits, and the soak come first and the longest group next: none is waited for at the end.
    The time of a test counts what it sets up, and any of the stack's may be the one that deploys it.
    """
    for item in items:
        item.add_marker(pytest.mark.xdist_group(_group(item.path)))
        if _is_unit(item):
            item.add_marker(pytest.mark.unit)
        if mark := item.get_closest_marker("promise"):  # what travels from a process of xdist's to the tally
            item.user_properties.append(("promise", mark.args[0]))
        if _group(item.path) == STACK and config.getoption("timeout", None) is None:
            item.add_marker(pytest.mark.timeout(STACK_SECONDS))
    if only := config.getoption("--promises"):
        items[:] = [item for item in items if dict(item.user_properties).get("promise") in only.split(",")]
    items.sort(key=lambda item: (not _is_long(item), _group(item.path) != STACK))


def _is_unit(item: pytest.Item) -> bool:
    """Whether a test needs no browser, server, emulator or second interpreter: `make unit` runs it."""
    fixtures = set(getattr(item, "fixturenames", ()))
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
    """Whether the guarantees are proven at their whole size."""
    return bool(request.config.getoption("--full"))


@pytest.fixture
def figure(record_property: Callable[[str, object], None]) -> Callable[[str, float], None]:
    """Notes a measured number of a promise, as in `figure("kills", 200)`; the same name adds up."""
    return record_property


@pytest.fixture
def lake(tmp_path: Path) -> Path:
    """An empty lake's folder."""
    return tmp_path / "lake"


@pytest.fixture
def settings(lake: Path) -> Settings:
    """The simulator into a lake of the test's own."""
    from velib_assets.settings import Settings

    return Settings(lake=lake, source="simulator")


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    """An instance on the storage of dagster.yaml, SQLite files; an ephemeral one answers differently."""
    import dagster as dg
    import yaml

    from velib_assets.settings import CHECKOUT

    settings = yaml.safe_load((CHECKOUT / "dagster.yaml").read_text(encoding="utf-8"))
    ours = {name: settings[name] for name in ("telemetry", "instance_class")}
    with dg.DagsterInstance.local_temp(overrides=ours) as temporary:
        yield temporary
