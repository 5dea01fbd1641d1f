"""The instance of this package's tests: one whose storage is a PostgreSQL database of its own."""

import os
from collections.abc import Iterator

import dagster as dg
import pytest

from velib_assets_tests.postgres import Postgres, postgres, programs


@pytest.fixture(scope="session")
def server() -> Iterator[Postgres]:
    """PostgreSQL, started for the tests."""
    if programs() is None:
        reason = "THE TESTS ON POSTGRESQL DID NOT RUN: apt-get install postgresql"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    with postgres() as running:
        yield running


@pytest.fixture
def instance(server: Postgres) -> Iterator[dg.DagsterInstance]:
    """In place of the instance on SQLite that the same tests have elsewhere."""
    settings = {"telemetry": {"enabled": False}, "storage": {"postgres": {"postgres_url": server.database()}}}
    with dg.DagsterInstance.local_temp(overrides=settings) as temporary:
        yield temporary
