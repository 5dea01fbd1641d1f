"""A lake in a bucket on the emulator, its twin in a folder, and engines over both."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3
import pytest

from velib_assets.aws import api
from velib_assets.aws.names import Names
from velib_assets.catalog.glue_table import GlueTable
from velib_assets.catalog.sqlite_catalog import LocalCatalog
from velib_assets.lake import bucket_store
from velib_assets.lake.bucket_store import BucketStore
from velib_assets.lake.keys import clean_key, hour_of
from velib_assets.lake.store import Change
from velib_assets.query.athena_engine import AthenaQueryEngine
from velib_assets.query.duckdb_engine import LocalQueryEngine
from velib_assets_tests.aws.emulator.server import Emulator
from velib_assets_tests.kpi_lake import row, write_hour

ROWS = [
    *(row("a", 0, 20, f"2022-10-31 10:{minute:02}", ebikes=None) for minute in (0, 15)),
    row("b", 20, 0, "2022-10-31 10:15", name='Île, "Saint" <b>'),
    row("c", None, None, "2022-10-31 10:15", lat=None, capacity=None),
    row("b", 5, 15, "2022-10-30 09:00"),
    *(row("b", n, 10 - n, f"2022-10-30 0{n}:30") for n in (0, 1, 2)),  # clocks go back in Paris
    row("b", 1, 9, "2022-10-10 10:00"),
]


class TwinLakes:
    """A lake in a bucket, its twin in a folder, and the queries that Athena ran."""

    def __init__(self, emulator: Emulator, bucket: str, database: str, folder: Path) -> None:
        self.emulator, self.names = emulator, Names(bucket, database=database, workgroup=database)
        self.store, self.catalog = BucketStore(bucket), GlueTable(database, bucket)
        self.twin, self.folder = LocalCatalog(folder), folder
        location = {"OutputLocation": f"s3://{bucket}/athena-results/"}
        emulator.client("athena").create_work_group(
            Name=database, Configuration={"ResultConfiguration": location}
        )
        emulator.client("glue").create_database(DatabaseInput={"Name": database})
        hours: dict[Any, list[dict[str, Any]]] = {}
        for values in ROWS:
            hours.setdefault(hour_of(values["ingested_ts"]), []).append(values)
        self.put(hours)

    def put(self, hours: dict[Any, list[dict[str, Any]]]) -> None:
        """Write hours to both lakes and register them."""
        parts = [write_hour(self.folder, hour, rows) for hour, rows in hours.items()]
        for part in parts:
            self.store.publish(
                [Change(part.key, (self.folder / clean_key(part.hour)).read_bytes())], lambda: True
            )
        self.twin.register(parts)
        self.catalog.register(parts)

    def engine(self) -> AthenaQueryEngine:
        """Return a new engine, as each process has."""
        return AthenaQueryEngine(self.names, self.catalog, self.store, self.folder.parent / "mirror")

    def local(self) -> LocalQueryEngine:
        """Return the local engine over the twin."""
        return LocalQueryEngine(self.folder, self.twin)

    def query_count(self) -> int:
        """Return how many queries Athena has run."""
        athena = self.emulator.client("athena")
        ids = athena.list_query_executions(WorkGroup=self.names.workgroup)["QueryExecutionIds"]
        runs = [athena.get_query_execution(QueryExecutionId=query_id)["QueryExecution"] for query_id in ids]
        return sum(r["StatementType"] == "DML" and r["Status"]["State"] == "SUCCEEDED" for r in runs)


@contextmanager
def default_credentials(environment: Mapping[str, str], monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let clients use this environment; otherwise they keep that of the test that created them."""
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    forget_clients()
    yield
    forget_clients()


def forget_clients() -> None:
    """Forget the clients that the process has: they keep the settings with which they were made."""
    boto3.DEFAULT_SESSION = None
    api.client.cache_clear()
    api.bucket_client.cache_clear()
    bucket_store._client.cache_clear()
