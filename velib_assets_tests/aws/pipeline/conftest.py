"""The deployed stack that all tests of this folder share, and a feed for its Lambda.

Everything that Dagster does here, it does as a user that has no more than the host's policy.
"""

import os
import re
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import dagster as dg
import pytest

from velib_assets.defs.build import build_defs
from velib_assets.lake.bucket_store import BucketStore
from velib_assets.settings import Settings
from velib_assets_tests.aws.deployment import Deployment, TerraformError
from velib_assets_tests.aws.emulator.environments import Environments
from velib_assets_tests.aws.emulator.server import Emulator
from velib_assets_tests.http_server import LocalServer

LAYERS = ("raw/", "quarantine/", "clean/", "rejects/", "stations/", "history/", "kpi/", "athena-results/")


class Cloud(NamedTuple):
    """The deployed stack. `root` may do anything; the process has the permissions of the host."""

    emulator: Emulator
    terraform: Deployment
    bucket: str

    def root(self, service: str) -> Any:
        """Return a client with all permissions, to inspect and break things."""
        return self.emulator.client(service)

    def settings(self, **environment: str) -> Settings:
        """Return Dagster's settings for the stack."""
        return self.terraform.settings(**environment)

    def defs(self, **environment: str) -> dg.Definitions:
        """Build the definitions."""
        return build_defs(self.settings(**environment))

    def store(self) -> BucketStore:
        """Return the lake with the permissions of the host."""
        return BucketStore(self.bucket)

    def keys(self, prefix: str) -> list[str]:
        """List the keys below a prefix."""
        pages = self.root("s3").get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=prefix)
        return [item["Key"] for page in pages for item in page.get("Contents", [])]

    def empty(self) -> None:
        """Delete everything that the pipeline owns: objects, table, views."""
        s3, glue = self.root("s3"), self.root("glue")
        keys = [{"Key": key} for layer in LAYERS for key in self.keys(layer)]
        for start in range(0, len(keys), 1000):
            s3.delete_objects(Bucket=self.bucket, Delete={"Objects": keys[start : start + 1000]})
        database = self.settings().names.database
        for table in glue.get_tables(DatabaseName=database)["TableList"]:
            glue.delete_table(DatabaseName=database, Name=table["Name"])


@pytest.fixture(scope="session")
def city() -> Iterator[LocalServer]:
    """Start the server that the Lambda uses as the city's portal."""
    with LocalServer() as server:
        yield server


@pytest.fixture(scope="session")
def cloud(
    environments: Environments, artefacts: Path, city: LocalServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Cloud]:
    """Deploy the stack once; from here on, this process is the Dagster host."""
    with ExitStack() as stack:

        def deploy() -> tuple[Emulator, Deployment]:
            folder = tmp_path_factory.mktemp("terraform")
            return stack.enter_context(_deployed(environments, artefacts, folder, city))

        try:
            emulator, terraform = deploy()
        except TerraformError as error:
            if not re.search(r"Already(Exists|Owned)", str(error)):
                raise
            # A response of the emulator was lost, and the provider retried for something that then existed.
            warnings.warn(f"deployed once more, on a new emulator: {error}", stacklevel=1)
            emulator, terraform = deploy()
        patch = stack.enter_context(pytest.MonkeyPatch.context())
        for name in [name for name in os.environ if name.startswith("AWS_")]:
            patch.delenv(name)
        host = _host(emulator, terraform.output("dagster_policy_arn"))
        for name, value in {**emulator.env(), **host}.items():
            patch.setenv(name, value)
        yield Cloud(emulator, terraform, terraform.output("bucket"))


@contextmanager
def _deployed(
    environments: Environments, artefacts: Path, folder: Path, city: LocalServer
) -> Iterator[tuple[Emulator, Deployment]]:
    """Deploy the stack on an emulator of its own."""
    with Emulator(environments=environments, auth=True, minute=2, spark=True) as emulator:
        terraform = Deployment(folder, emulator.env(), artefacts)
        try:
            terraform.init()
        except TerraformError as error:
            if os.environ.get("CI") == "true":
                raise
            pytest.skip(f"THE TESTS ON THE EMULATOR DO NOT RUN: {error}")
        try:
            terraform.apply(opendata_url=city.url)
        except TerraformError as error:
            log_tail = emulator.log.read_text(encoding="utf-8", errors="replace")[-3000:]
            raise TerraformError(f"{error}\nThe emulator's log:\n{log_tail}") from error
        yield emulator, terraform


def _host(emulator: Emulator, policy: str) -> dict[str, str]:
    """Create a user with only the host's policy; return its credentials."""
    iam = emulator.client("iam")
    iam.create_user(UserName="dagster-host")
    iam.attach_user_policy(UserName="dagster-host", PolicyArn=policy)
    key = iam.create_access_key(UserName="dagster-host")["AccessKey"]
    return {"AWS_ACCESS_KEY_ID": key["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"]}


@pytest.fixture
def lake(cloud: Cloud) -> BucketStore:
    """Empty the bucket."""
    cloud.empty()
    return cloud.store()
