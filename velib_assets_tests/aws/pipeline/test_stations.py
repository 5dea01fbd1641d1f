"""The station register on AWS: written by Glue, in the catalog, and the same as on one machine."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import dagster as dg

from velib_assets.cli.runs import run_hours
from velib_assets.defs.partitions import range_tags
from velib_assets.ingest.decode import decode
from velib_assets.ingest.raw_object import encode_raw
from velib_assets.ingest.response import FeedResponse
from velib_assets.lake.bucket_store import BucketStore
from velib_assets.lake.keys import STATIONS_KEY, clean_key, raw_key
from velib_assets.lake.store import LakeStore
from velib_assets.resources import build_resources
from velib_assets.stations.register_file import load_register
from velib_assets_tests.aws.calls import log_lines, run_job
from velib_assets_tests.aws.pipeline.conftest import Cloud
from velib_assets_tests.aws.pipeline.steps import JOB, hour, local_twin, rows_of
from velib_assets_tests.samples import body, record, records

HOURS = [hour(4, 10), hour(4, 11), hour(4, 12)]
LOST: dict[str, Any] = dict.fromkeys(("name", "capacity", "coordonnees_geo", "nom_arrondissement_communes"))
STATIONS = dg.AssetKey("stations")


def arrive(lake: BucketStore, at: datetime, rows: list[dict[str, Any]]) -> None:
    """Store a snapshot with these records."""
    response = decode(FeedResponse("opendata", {"body": body(rows)}))
    assert lake.create(raw_key(at), encode_raw("opendata", at, at, response))


def gap(lake: BucketStore) -> None:
    """Store three hours: the second has no descriptions, and in the third the stations have other names."""
    arrive(lake, HOURS[0], records(name="before"))
    arrive(lake, HOURS[1], records(**LOST))
    arrive(lake, HOURS[2], records(name="after"))


def known(lake: LakeStore) -> tuple[Any, Any]:
    """Return what the register knows, and from which hours."""
    register = load_register(lake).register
    return register.stations, register.hours


def materialize(cloud: Cloud, instance: dg.DagsterInstance) -> dg.ExecuteInProcessResult:
    """Materialize only the asset `stations`, as healing does."""
    return (
        cloud.defs()
        .resolve_job_def("velib_pipeline")
        .execute_in_process(
            instance=instance,
            tags=range_tags(HOURS[0], HOURS[-1]),
            asset_selection=[STATIONS],
            raise_on_error=False,
        )
    )


@contextmanager
def denied(cloud: Cloud, kind: str, name: str, action: str, key: str) -> Iterator[None]:
    """Deny a user or a role an action on an object."""
    resource = f"arn:aws:s3:::{cloud.bucket}/{key}"
    statement = {"Effect": "Deny", "Action": action, "Resource": resource}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    iam, who = cloud.root("iam"), {f"{kind.title()}Name": name, "PolicyName": "denied"}
    getattr(iam, f"put_{kind}_policy")(**who, PolicyDocument=document)
    try:
        yield
    finally:
        getattr(iam, f"delete_{kind}_policy")(**who)


def test_vanished_descriptions_are_completed_as_on_one_machine(
    cloud: Cloud, lake: BucketStore, instance: dg.DagsterInstance, tmp_path: Path
) -> None:
    """Bytes differ with the version of pyarrow, and a clean file's digest is of ETags here."""
    gap(lake)
    report = run_hours(cloud.defs(), instance, HOURS, build_resources(cloud.settings()))
    assert report.ok, (report.failures, report.errors)
    twin = local_twin(lake, cloud.keys("raw/"), tmp_path / "twin", HOURS).lake
    assert known(lake) == known(twin)
    for key in map(clean_key, HOURS):
        assert rows_of(lake, key).equals(rows_of(twin, key))
    assert set(rows_of(lake, clean_key(HOURS[1]))["name"].to_pylist()) == {"before"}
    resources = build_resources(cloud.settings())
    assert [part.completed for part in resources.catalog.partitions()] == [False, True, False]
    stations = resources.query_engine.query("SELECT name, count(*) AS n FROM stations GROUP BY name")
    assert sorted(stations.values.tolist()) == [["after", 40], ["before", 40]]


def test_cleaning_again_on_aws_gives_the_same_bytes(
    cloud: Cloud, lake: BucketStore, instance: dg.DagsterInstance
) -> None:
    gap(lake)
    keys = [STATIONS_KEY, *map(clean_key, HOURS)]
    assert run_hours(cloud.defs(), instance, HOURS, build_resources(cloud.settings())).ok
    before = [lake.read(key) for key in keys]
    assert run_hours(cloud.defs(), instance, HOURS[1:2], build_resources(cloud.settings())).ok
    assert [lake.read(key) for key in keys] == before


def test_asset_rebuilds_a_lost_register_with_its_table_and_view(
    cloud: Cloud, lake: BucketStore, instance: dg.DagsterInstance
) -> None:
    gap(lake)
    assert run_hours(cloud.defs(), instance, HOURS, build_resources(cloud.settings())).ok
    expected, cleaned = known(lake), [lake.read(clean_key(hour)) for hour in HOURS]
    cloud.root("s3").delete_object(Bucket=cloud.bucket, Key=STATIONS_KEY)
    assert materialize(cloud, instance).success
    assert instance.get_materialized_partitions(STATIONS) == {f"{h:%Y-%m-%d-%H:00}" for h in HOURS}
    assert known(lake) == expected
    assert [lake.read(clean_key(hour)) for hour in HOURS] == cleaned
    query = build_resources(cloud.settings()).query_engine.query
    names = query("SELECT DISTINCT name, valid_to IS NULL AS holds FROM stations ORDER BY name")
    assert names.values.tolist() == [["after", True], ["before", False]]
    events = query("SELECT event, count(*) AS n FROM station_events GROUP BY event")
    assert events.values.tolist() == [["renamed", 40]]


def test_rejects_can_be_queried_without_registration(
    cloud: Cloud, lake: BucketStore, instance: dg.DagsterInstance
) -> None:
    arrive(lake, HOURS[0], [*records(), record("9999", numbikesavailable=-1)])
    assert run_hours(cloud.defs(), instance, HOURS[:1], build_resources(cloud.settings())).ok
    assert materialize(cloud, instance).success
    query = build_resources(cloud.settings()).query_engine.query
    sql = "SELECT date, hour, station_id, reason FROM rejects_velib WHERE date = '2022-06-04'"
    rejected = query(sql).values.tolist()
    assert [row[:3] for row in rejected] == [["2022-06-04", "10", "9999"]]
    assert "bikes is negative" in rejected[0][3]


def test_register_that_cannot_be_written_is_named_and_does_not_stop_cleaning(
    cloud: Cloud, lake: BucketStore, instance: dg.DagsterInstance
) -> None:
    arrive(lake, HOURS[0], records())
    message = f"s3:PutObject on s3://{cloud.bucket}/{STATIONS_KEY} was refused: AccessDenied"
    with (
        denied(cloud, "role", "velib_clean_job_role", "s3:PutObject", STATIONS_KEY),
        denied(cloud, "user", "dagster-host", "s3:PutObject", STATIONS_KEY),
    ):
        run = run_job(cloud.emulator, JOB, hours="2022-06-04T10")
        assert run["JobRunState"] == "SUCCEEDED"
        log = "\n".join(log_lines(cloud.emulator, "/aws-glue/python-jobs/output", run["Id"]))
        assert f"The station register was not updated: {message}" in log
        failed = materialize(cloud, instance)
    (failure,) = [event for event in failed.all_events if event.is_step_failure]
    assert message in str(failure.step_failure_data.error_display_string)
    assert "the caller needs the permission s3:PutObject" in str(failure.step_failure_data)
    assert cloud.keys("clean/") == [clean_key(HOURS[0])]
    assert materialize(cloud, instance).success
    assert cloud.keys("stations/") == [STATIONS_KEY]
