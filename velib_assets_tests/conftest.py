"""Fixtures that many tests share: a lake of one's own, an instance on the default SQLite storage.

Dagster is imported by the fixture that needs it: the tests of core, feeds and runtime run without.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from velib_assets.settings import Settings

if TYPE_CHECKING:
    import dagster as dg


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
    import dagster as dg

    with dg.DagsterInstance.local_temp(overrides={"telemetry": {"enabled": False}}) as temporary:
        yield temporary
