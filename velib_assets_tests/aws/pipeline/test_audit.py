"""`velib audit`: the crawler infers the table that the pipeline declares."""

import dagster as dg
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from velib_assets.catalog import crawler_client
from velib_assets.cli.commands import main
from velib_assets.cli.runs import run_tick
from velib_assets.lake.bucket_store import BucketStore
from velib_assets.lake.keys import clean_key
from velib_assets_tests.aws.pipeline.conftest import Cloud
from velib_assets_tests.aws.pipeline.steps import hour, serve, snapshot, steady_now
from velib_assets_tests.http_server import LocalServer


def test_crawler_infers_the_declared_table_and_differences_are_listed(
    cloud: Cloud,
    city: LocalServer,
    lake: BucketStore,
    instance: dg.DagsterInstance,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    serve(city, snapshot(steady_now()))
    assert run_tick(cloud.defs(), instance).ok
    monkeypatch.setattr(crawler_client.Crawler.__init__, "__defaults__", (0.1,))
    for name, value in cloud.terraform.environment().items():
        monkeypatch.setenv(name, value)
    agreed = CliRunner().invoke(main, ["audit"])
    assert (agreed.exit_code, agreed.output) == (0, "The crawler infers the table as declared.\n")
    sink = pa.BufferOutputStream()
    pq.write_table(pa.table({"station_id": ["1001"], "colour": ["blue"]}), sink)
    cloud.root("s3").put_object(
        Bucket=lake.bucket, Key=clean_key(hour(4, 10)), Body=sink.getvalue().to_pybytes()
    )
    differing = CliRunner().invoke(main, ["audit"])
    assert differing.exit_code == 1
    assert "colour" in differing.output
