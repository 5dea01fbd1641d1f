"""Fixtures that many tests share: a lake of one's own, an instance on the default SQLite storage."""

from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from velib_assets.settings import Settings


@pytest.fixture
def lake(tmp_path: Path) -> Path:
    """An empty lake's folder."""
    return tmp_path / "lake"


@pytest.fixture
def settings(lake: Path) -> Settings:
    """The simulator into a lake of the test's own."""
    return Settings(lake=lake, source="simulator")


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    """An instance with Dagster's default storage, SQLite files; an ephemeral one answers differently."""
    with dg.DagsterInstance.local_temp(overrides={"telemetry": {"enabled": False}}) as temporary:
        yield temporary
