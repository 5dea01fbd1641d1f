"""Fixtures of the tests on the emulator: its environments, and one server per session."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from velib_assets.aws import package
from velib_assets_tests.aws.emulator.environments import EnvironmentFailedError, Environments
from velib_assets_tests.aws.emulator.server import Emulator
from velib_assets_tests.aws.twin_lakes import TwinLakes, default_credentials


@pytest.fixture(scope="session")
def environments() -> Environments:
    """Create the missing environments of the emulator, which must succeed under CI."""
    created = Environments.default()
    try:
        _ = (
            created.server,
            created.lambda_python,
            created.glue_python,
        )
    except EnvironmentFailedError as error:
        if os.environ.get("CI") == "true":
            raise
        pytest.skip(f"THE EMULATOR'S TESTS DO NOT RUN: {error}")
    return created


@pytest.fixture(scope="session")
def artefacts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build what `make package` builds; return its folder."""
    folder = tmp_path_factory.mktemp("artefacts")
    package.build(folder)
    return folder


@pytest.fixture(scope="session")
def emulator(environments: Environments) -> Iterator[Emulator]:
    """Start the server of the session, on which a minute of a Glue timeout lasts two seconds."""
    with Emulator(environments=environments, minute=2) as server:
        yield server


@pytest.fixture
def bucket(emulator: Emulator) -> str:
    """Create a bucket for the test."""
    name = f"test-{uuid4().hex[:12]}"
    emulator.client("s3").create_bucket(Bucket=name)
    return name


@pytest.fixture
def unique() -> str:
    """Return a name that is unique in the session."""
    return f"t{uuid4().hex[:10]}"


@pytest.fixture
def lakes(
    emulator: Emulator, bucket: str, unique: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[TwinLakes]:
    """Create a lake in the bucket and its twin in a folder."""
    with default_credentials(emulator.env(), monkeypatch):
        yield TwinLakes(emulator, bucket, unique, tmp_path / "twin")
