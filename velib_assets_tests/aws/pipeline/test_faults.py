"""Every fault of a feed, through the deployed Lambda and Glue job, ends as on one machine."""

import gzip
import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import dagster as dg
import pytest

from velib_assets.clean.rebuild import rebuild_hour
from velib_assets.cli.runs import run_hours, run_tick
from velib_assets.ingest.feeds.gbfs import GBFS_PATH
from velib_assets.ingest.feeds.opendata import EXPORT_PATH
from velib_assets.ingest.ingest_result import QUARANTINED, STORED, IngestResult
from velib_assets.ingest.raw_object import gunzip, head_of, open_raw
from velib_assets.ingest.response import OPENDATA, FeedResponse
from velib_assets.ingest.step import store_or_quarantine
from velib_assets.lake.bucket_store import BucketStore
from velib_assets.lake.folder_store import FolderStore
from velib_assets.lake.keys import clean_key, hour_of, iso_utc, rejects_key, slot_of
from velib_assets.simulator.faults import FAULTS
from velib_assets.stations.register_file import load_register
from velib_assets_tests.aws.pipeline.conftest import Cloud
from velib_assets_tests.aws.pipeline.steps import (
    copied,
    facts_of,
    invoke,
    rows_of,
    serve,
    snapshot,
    steady_now,
)
from velib_assets_tests.http_server import LocalServer, Reply
from velib_assets_tests.samples import pair


class FaultCase(NamedTuple):
    """One fault: the result of the Lambda, the objects in the bucket, and the same on one machine."""

    error: str
    response: dict[str, Any]
    aws_objects: dict[str, bytes]
    local: IngestResult
    local_objects: dict[str, bytes]


@pytest.fixture(scope="module")
def fault_cases(
    cloud: Cloud, city: LocalServer, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, FaultCase]:
    """Invoke the Lambda for all faults, each with its own URL and second; the bucket keeps the results."""
    cloud.empty()
    store, folder = cloud.store(), tmp_path_factory.mktemp("faults")
    slot = slot_of(steady_now(seconds=240))
    whole = snapshot(slot)
    cases = {}
    for second, (name, fault) in enumerate(FAULTS.items()):
        body, at = fault(whole), slot + timedelta(seconds=second)
        serve(city, body, path=f"/{name}")
        before = set(_objects(cloud))
        error, response = invoke(cloud.emulator, scheduled_at=iso_utc(at), url=f"{city.url}/{name}")
        aws_objects = {key: store.read(key) for key in set(_objects(cloud)) - before}
        twin = FolderStore(folder / name)
        local = store_or_quarantine(
            twin, FeedResponse(OPENDATA, {"body": body}), at, _fetched_at(aws_objects)
        )
        local_objects = {item.key: twin.read(item.key) for item in twin.walk("")}
        cases[name] = FaultCase(error, response, aws_objects, local, local_objects)
    return cases


def _objects(cloud: Cloud) -> list[str]:
    return cloud.keys("raw/") + cloud.keys("quarantine/")


def _fetched_at(objects: Mapping[str, bytes]) -> datetime:
    """Return the function's clock, which is the only thing that may differ between two machines."""
    reason = next((data for key, data in objects.items() if key.endswith(".reason.json")), None)
    text = reason or open_raw(next(iter(objects.values()))).document
    return datetime.fromisoformat(json.loads(text)["fetched_at"])


@pytest.mark.promise("damaged")
@pytest.mark.parametrize("name", FAULTS)
def test_lambda_writes_the_same_bytes_as_one_machine(fault_cases: dict[str, FaultCase], name: str) -> None:
    """Raw objects, quarantined bodies and reasons are the same bytes."""
    assert fault_cases[name].aws_objects == fault_cases[name].local_objects


@pytest.mark.promise("damaged")
@pytest.mark.parametrize("name", FAULTS)
def test_lambda_reports_the_outcome(cloud: Cloud, fault_cases: dict[str, FaultCase], name: str) -> None:
    error, response, _, local, _ = fault_cases[name]
    if local.state == STORED:
        assert (error, response) == ("", local.message())
        return
    assert (error, response["errorType"]) == ("Unhandled", "QuarantinedError")
    reason = f"the response is not usable ({local.code}): {local.reason}"
    assert response["errorMessage"] == f"{reason}. It is stored at s3://{cloud.bucket}/{local.key}"


@pytest.mark.promise("damaged")
def test_some_faults_are_stored_and_some_quarantined(fault_cases: dict[str, FaultCase]) -> None:
    """Otherwise the tests above would prove little."""
    states = [case.local.state for case in fault_cases.values()]
    assert (states.count(STORED) > 8, states.count(QUARANTINED) > 5) == (True, True)


@pytest.mark.promise("damaged")
def test_glue_run_rejects_the_same_rows_as_one_machine(
    cloud: Cloud, fault_cases: dict[str, FaultCase], instance: dg.DagsterInstance, tmp_path: Path
) -> None:
    (hour,) = {hour_of(case.local.ingested_at) for case in fault_cases.values()}
    report = run_hours(cloud.defs(), instance, [hour])
    assert report.ok, (report.failures, report.errors)
    metadata = facts_of(instance, "clean_stations")
    twin = copied(cloud.store(), cloud.keys("raw/"), tmp_path / "twin")
    local = rebuild_hour(twin, hour, load_register(cloud.store()).register).cleaned
    assert local
    assert local.rejected
    assert metadata["reject_reasons"] == local.rejected
    assert (metadata["dagster/row_count"], metadata["snapshots"]) == (local.rows, len(local.snapshots))
    assert metadata["duplicates"] == sum(part.duplicates for part in local.snapshots)
    for key in (clean_key(hour), rejects_key(hour)):
        assert rows_of(cloud.store(), key).equals(rows_of(twin, key))


def test_tick_of_the_gbfs_feed(
    cloud: Cloud, city: LocalServer, lake: BucketStore, instance: dg.DagsterInstance, tmp_path: Path
) -> None:
    """GBFS has two files of another shape, but also one row per station."""
    stations = [pair(str(16101 + n)) for n in range(60)]
    for n, station in enumerate(stations):
        station["information"]["station_id"] = station["status"]["station_id"] = n
    for part in ("information", "status"):
        document = {"ttl": 3600, "data": {"stations": [station[part] for station in stations]}}
        reply = Reply(body=json.dumps(document).encode(), headers={"ETag": f'"{part}"'})
        city.queue(f"/gbfs{GBFS_PATH}/station_{part}.json", reply)
    now = steady_now()
    defs = cloud.defs(VELIB_SOURCE="gbfs", VELIB_GBFS_URL=f"{city.url}/gbfs")
    report = run_tick(defs, instance)
    assert report.ok, (report.failures, report.errors)
    assert report.rows == {hour_of(now): 60}
    (key,) = cloud.keys("raw/")
    assert open_raw(lake.read(key)).feed == "gbfs"
    assert head_of(lake.read(key))["feed_info"] == {
        f"station_{part}": {"ttl": 3600, "ETag": f'"{part}"'} for part in ("information", "status")
    }
    twin = copied(lake, [key], tmp_path / "twin")
    assert rebuild_hour(twin, hour_of(now)).cleaned
    clean = clean_key(hour_of(now))
    assert rows_of(lake, clean).equals(rows_of(twin, clean))


@pytest.mark.parametrize(
    ("reply", "message"),
    [
        (Reply(404, b"no such data set"), "HTTP 404 Scripted, with the body 'no such data set'"),
        (Reply(503, headers={"Retry-After": "3600"}), "requests a wait of 3,600 s"),
    ],
    ids=["404", "come-back-later"],
)
def test_unreachable_feed_is_an_error_and_stores_nothing(
    cloud: Cloud, city: LocalServer, lake: BucketStore, reply: Reply, message: str
) -> None:
    city.queue(f"/down-{reply.status}{EXPORT_PATH}", reply)
    url = f"{city.url}/down-{reply.status}"
    error, response = invoke(cloud.emulator, scheduled_at=iso_utc(steady_now()), url=url)
    assert (error, response["errorType"]) == ("Unhandled", "FeedError")
    assert message in response["errorMessage"]
    assert lake.walk("raw/") + lake.walk("quarantine/") == []


def test_broken_response_is_retried(cloud: Cloud, city: LocalServer, lake: BucketStore) -> None:
    body, headers = gzip.compress(snapshot(steady_now())), {"Content-Encoding": "gzip"}
    broken = [Reply(body=body, headers=headers, fault="truncated"), Reply(body=b"[]", headers=headers)]
    city.queue(f"/flaky{EXPORT_PATH}", *broken, Reply(body=body, headers=headers))
    error, response = invoke(cloud.emulator, scheduled_at=iso_utc(steady_now()), url=f"{city.url}/flaky")
    assert (error, response["state"], response["records"]) == ("", STORED, 120)
    assert open_raw(lake.read(response["key"])).results == gunzip(body)


@pytest.mark.usefixtures("lake")
def test_tick_without_a_response_fails_with_the_message_of_the_function(
    cloud: Cloud, city: LocalServer, instance: dg.DagsterInstance
) -> None:
    report = run_tick(cloud.defs(VELIB_OPENDATA_URL=f"{city.url}/nowhere"), instance)
    (message,) = report.failures[report.requested[0]]
    assert "velib_ingest_lambda failed: FeedError: no response from" in message
    assert "HTTP 404" in message
    assert "console.aws.amazon.com/lambda" in message
    assert report.errors == []


def test_unknown_source_is_refused(cloud: Cloud, lake: BucketStore) -> None:
    error, response = invoke(cloud.emulator, source="simulator", scheduled_at=iso_utc(steady_now()))
    assert (error, response["errorType"]) == ("Unhandled", "ValueError")
    assert lake.walk("raw/") == []
