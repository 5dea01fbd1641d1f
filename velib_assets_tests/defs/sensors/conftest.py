"""The instance of the sensors' tests, on Dagster's default storage, as in an old DAGSTER_HOME."""

from collections.abc import Iterator

import dagster as dg
import pytest


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    """Replaces the instance on the pooled storage."""
    with dg.DagsterInstance.local_temp(overrides={"telemetry": {"enabled": False}}) as temporary:
        yield temporary
