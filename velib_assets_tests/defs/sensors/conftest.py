"""The sensors' instance, on Dagster's default storage: an older DAGSTER_HOME has it."""

from collections.abc import Iterator

import dagster as dg
import pytest


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    """In place of the instance on the storage of the repository's dagster.yaml."""
    with dg.DagsterInstance.local_temp(overrides={"telemetry": {"enabled": False}}) as temporary:
        yield temporary
