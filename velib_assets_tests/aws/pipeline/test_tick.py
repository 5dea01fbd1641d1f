"""A tick on AWS: the Lambda stores, the Glue job cleans, the catalog registers, Athena reads."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import dagster as dg
import pandas as pd
import pytest

from velib_assets.cli.runs import run_tick
from velib_assets.lake.bucket_store import BucketStore
from velib_assets.lake.keys import hour_of, iso_utc, raw_time
from velib_assets.query.kpis import KPIS
from velib_assets.resources import build_resources
from velib_assets_tests.aws.pipeline.conftest import Cloud
from velib_assets_tests.aws.pipeline.steps import invoke, local_twin, serve, snapshot, steady_now
from velib_assets_tests.http_server import LocalServer


def test_two_ticks_give_the_kpis_of_local_mode(
    cloud: Cloud, city: LocalServer, lake: BucketStore, instance: dg.DagsterInstance, tmp_path: Path
) -> None:
    """The second uses a warm Lambda, which has opened a Pipes session before."""
    for _ in range(2):
        serve(city, snapshot(steady_now()))
        report = run_tick(cloud.defs(), instance)
        assert report.ok, (report.failures, report.errors)
    raws = cloud.keys("raw/")
    hours = sorted({hour_of(taken) for taken in map(raw_time, raws) if taken})
    twin = local_twin(lake, raws, tmp_path / "twin", hours)
    engine = build_resources(cloud.settings()).query_engine
    for kpi in KPIS:
        on_aws, local = engine.read([kpi])[0], twin.query_engine.read([kpi])[0]
        assert not on_aws.changed
        assert on_aws.newest.equals(local.newest)
        assert on_aws.headline == pytest.approx(local.headline)
    everything = "SELECT * FROM source_velib ORDER BY station_id, ingested_ts"
    pd.testing.assert_frame_equal(engine.query(everything), twin.query_engine.query(everything))
    assert len(raws) == 2


def test_remote_messages_counts_and_links_arrive_in_the_run(
    cloud: Cloud, city: LocalServer, lake: BucketStore, instance: dg.DagsterInstance
) -> None:
    serve(city, snapshot(steady_now()))
    run_tick(cloud.defs(), instance)
    (run,) = instance.get_run_records(dg.RunsFilter(job_name="velib_pipeline"))
    logs = [record.user_message for record in instance.all_logs(run.dagster_run.run_id)]
    assert any("stored: 120 records" in text and f"s3://{cloud.bucket}/raw/" in text for text in logs)
    assert any("120 rows" in text for text in logs)
    clean = instance.get_latest_materialization_event(dg.AssetKey("clean_stations"))
    assert clean
    assert clean.asset_materialization
    facts = clean.asset_materialization.metadata
    assert facts["dagster/row_count"].value == 120
    assert "console.aws.amazon.com/gluestudio" in str(facts["glue_run"].value)
    assert facts["file"].value == lake.address(cloud.keys("clean/")[0])


@pytest.mark.promise("raw")
def test_two_invocations_of_one_tick_store_one_object(
    cloud: Cloud, city: LocalServer, lake: BucketStore
) -> None:
    """EventBridge and Step Functions deliver at least once."""
    now = steady_now()
    serve(city, snapshot(now), snapshot(now, stations=121))
    with ThreadPoolExecutor(4) as pool:
        responses = list(pool.map(lambda _: invoke(cloud.emulator, scheduled_at=iso_utc(now)), range(4)))
    responses.append(invoke(cloud.emulator, scheduled_at=iso_utc(now)))
    assert all(error == "" for error, _ in responses)
    assert sorted(response["state"] for _, response in responses) == ["present"] * 4 + ["stored"]
    assert len(lake.walk("raw/")) == 1


@pytest.mark.promise("raw")
def test_tick_after_its_slot_stores_nothing(cloud: Cloud, city: LocalServer, lake: BucketStore) -> None:
    serve(city, snapshot(steady_now()))
    error, response = invoke(cloud.emulator, scheduled_at="2026-01-01T10:15:00Z")
    assert (error != "", response["errorType"]) == (True, "SlotExpiredError")
    assert lake.walk("raw/") == []


@pytest.mark.usefixtures("lake")
def test_empty_response_fails_the_tick_and_is_quarantined(
    cloud: Cloud, city: LocalServer, instance: dg.DagsterInstance
) -> None:
    serve(city, b"[]")
    report = run_tick(cloud.defs(), instance)
    (message,) = report.failures[report.requested[0]]
    assert not report.ok
    assert not report.errors
    assert "contains no stations" in message
    assert f"s3://{cloud.bucket}/quarantine/" in message
    assert {key.rpartition(".")[2] for key in cloud.keys("quarantine/")} == {"body", "json"}
    assert cloud.keys("clean/") == []
