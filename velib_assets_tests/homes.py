"""Opening a DAGSTER_HOME beside the process that works in it."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest import mock

import dagster as dg


@contextmanager
def instance_at(home: Path) -> Iterator[dg.DagsterInstance]:
    """The instance of a folder with a dagster.yaml; meanwhile DAGSTER_HOME is that folder, as it must be."""
    with mock.patch.dict(os.environ, DAGSTER_HOME=str(home)), dg.DagsterInstance.get() as instance:
        yield instance
