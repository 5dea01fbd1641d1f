"""Snapshots stored without Dagster are cleaned; alerts are delivered through the deployed topic."""

import hashlib
import json
from datetime import timedelta

import dagster as dg
import pytest

from velib_assets.alerts.sinks import Alert, sinks_of
from velib_assets.defs.build import build_defs
from velib_assets.defs.partitions import hour_of_key
from velib_assets.lake.bucket_store import BucketStore
from velib_assets.lake.keys import clean_key, hour_of, iso_utc, raw_key
from velib_assets.lake.listing import utc_now
from velib_assets.resources import build_resources
from velib_assets.settings import Settings
from velib_assets_tests.aws.pipeline.conftest import Cloud
from velib_assets_tests.aws.pipeline.steps import invoke, serve, snapshot, steady_now
from velib_assets_tests.http_server import LocalServer
from velib_assets_tests.samples import raw, records
from velib_assets_tests.waiting import wait_for


def evaluate_healing(settings: Settings, instance: dg.DagsterInstance) -> list[dg.RunRequest]:
    """Evaluate the healing sensor; return its run requests."""
    repository = build_defs(settings).get_repository_def()
    context = dg.build_sensor_context(instance=instance, repository_def=repository)
    data = repository.get_sensor_def("velib_healing").evaluate_tick(context)
    return list(data.run_requests or [])


def heal(cloud: Cloud, request: dg.RunRequest, instance: dg.DagsterInstance) -> None:
    """Execute the requested run."""
    job = cloud.defs().resolve_job_def("velib_pipeline")
    done = job.execute_in_process(
        instance=instance, tags=request.tags, asset_selection=list(request.asset_selection or [])
    )
    assert done.success


@pytest.mark.promise("outages")
def test_hours_stored_without_dagster_are_cleaned(
    cloud: Cloud, city: LocalServer, lake: BucketStore, instance: dg.DagsterInstance
) -> None:
    """One hour of the Lambda alone, as EventBridge invokes it, and one of yesterday."""
    now = steady_now()
    serve(city, snapshot(now))
    assert invoke(cloud.emulator, scheduled_at=iso_utc(now))[0] == ""
    past = hour_of(utc_now()) - timedelta(hours=20)
    lake.create(raw_key(past), raw(records()).data)
    requests = evaluate_healing(cloud.settings(), instance)
    starts = [hour_of_key(request.tags["dagster/asset_partition_range_start"]) for request in requests]
    assert starts == [past, hour_of(now)]
    for request in requests:
        heal(cloud, request, instance)
    assert cloud.keys("clean/") == [clean_key(past), clean_key(hour_of(now))]
    assert evaluate_healing(cloud.settings(), instance) == []
    query = build_resources(cloud.settings()).query_engine.query
    assert query("SELECT count(*) AS n FROM source_velib")["n"].item() == 120 + 40


@pytest.mark.promise("outages")
def test_deleted_clean_file_is_rebuilt(cloud: Cloud, lake: BucketStore, instance: dg.DagsterInstance) -> None:
    hour = hour_of(utc_now())
    lake.create(raw_key(hour), raw(records()).data)
    heal(cloud, evaluate_healing(cloud.settings(), instance)[0], instance)
    cloud.root("s3").delete_object(Bucket=cloud.bucket, Key=clean_key(hour))
    (request,) = evaluate_healing(cloud.settings(), instance)
    heal(cloud, request, instance)
    assert cloud.keys("clean/") == [clean_key(hour)]


@pytest.mark.promise("outages")
def test_damaged_clean_file_is_rebuilt_and_registered(
    cloud: Cloud, lake: BucketStore, instance: dg.DagsterInstance
) -> None:
    """The job's pyarrow is older than the host's, so the host cannot compare bytes."""
    hour = hour_of(utc_now())
    lake.create(raw_key(hour), raw(records()).data)
    heal(cloud, evaluate_healing(cloud.settings(), instance)[0], instance)
    good = lake.read(clean_key(hour))
    flipped = good.replace(b"parquet-cpp", b"parquet-cqp")
    cloud.root("s3").put_object(Bucket=cloud.bucket, Key=clean_key(hour), Body=flipped)
    (request,) = evaluate_healing(cloud.settings(), instance)
    heal(cloud, request, instance)
    assert lake.read(clean_key(hour)) == good
    (part,) = build_resources(cloud.settings()).catalog.partitions([hour])
    assert part.sha256 == hashlib.sha256(good).hexdigest()


@pytest.mark.promise("outages")
def test_partitions_of_the_crawler_are_current_until_new_raw_arrives(
    cloud: Cloud, lake: BucketStore, instance: dg.DagsterInstance
) -> None:
    """They have no digest of their raw; the clean file has."""
    hour = hour_of(utc_now()) - timedelta(hours=1)
    lake.create(raw_key(hour), raw(records()).data)
    heal(cloud, evaluate_healing(cloud.settings(), instance)[0], instance)
    glue, table = cloud.root("glue"), {"DatabaseName": "velib_db_tf", "TableName": "source_velib"}
    (part,) = glue.get_partitions(**table)["Partitions"]
    crawled = {"Values": part["Values"], "StorageDescriptor": part["StorageDescriptor"]}
    entry = {"PartitionValueList": part["Values"], "PartitionInput": crawled}
    glue.batch_update_partition(**table, Entries=[entry])
    settings = cloud.settings(VELIB_CATALOG_MODE="crawler")
    assert build_resources(settings).catalog.partitions()[0].digest == ""
    assert evaluate_healing(settings, instance) == []
    lake.create(raw_key(hour + timedelta(minutes=15)), raw(records(), 15).data)
    (request,) = evaluate_healing(settings, instance)
    assert hour_of_key(request.tags["dagster/asset_partition_range_start"]) == hour


def test_alert_is_delivered_through_the_topic(cloud: Cloud) -> None:
    """It has an id by which a receiver drops duplicates."""
    topic = cloud.terraform.output("topic_arn")
    sqs, sns = cloud.root("sqs"), cloud.root("sns")
    queue = sqs.create_queue(QueueName="alerts")["QueueUrl"]
    about = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]
    allowed = {"Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}, "Action": "sqs:SendMessage"}
    policy = {"Version": "2012-10-17", "Statement": [{**allowed, "Resource": about["QueueArn"]}]}
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"Policy": json.dumps(policy)})
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=about["QueueArn"])
    (sink,) = sinks_of(cloud.settings(VELIB_ALERTS=f"sns:{topic}"))
    sink.send(Alert("run:1", "ERROR", "no snapshot of Châtelet", "Nothing came."))
    (message,) = wait_for(
        lambda: sqs.receive_message(QueueUrl=queue, MessageAttributeNames=["All"]).get("Messages")
    )
    body = json.loads(message["Body"])
    assert body["Subject"] == "ERROR: no snapshot of Ch?telet"
    assert "no snapshot of Châtelet\n\nNothing came." in body["Message"]
    assert body["MessageAttributes"]["id"]["Value"] == "run:1"
