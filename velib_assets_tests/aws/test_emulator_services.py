"""The emulator's S3, CloudWatch alarms, SNS and catalog behave as the pipeline's tests assume."""

import json

import pytest
from botocore.exceptions import ClientError

from velib_assets_tests.aws.emulator.server import Emulator
from velib_assets_tests.aws.lake_files import make_table, register
from velib_assets_tests.waiting import wait_for


def _refused(error: pytest.ExceptionInfo[ClientError]) -> int:
    status: int = error.value.response["ResponseMetadata"]["HTTPStatusCode"]
    return status


def test_conditional_writes(emulator: Emulator, bucket: str) -> None:
    s3 = emulator.client("s3")
    etag = s3.put_object(Bucket=bucket, Key="a", Body=b"1", IfNoneMatch="*")["ETag"]
    for condition, status in (({"IfNoneMatch": "*"}, 412), ({"IfMatch": '"other"'}, 412)):
        with pytest.raises(ClientError) as refused:
            s3.put_object(Bucket=bucket, Key="a", Body=b"2", **condition)
        assert _refused(refused) == status
    with pytest.raises(ClientError) as refused:
        s3.put_object(Bucket=bucket, Key="gone", Body=b"2", IfMatch=etag)
    assert _refused(refused) == 404
    s3.put_object(Bucket=bucket, Key="a", Body=b"2", IfMatch=etag)
    with pytest.raises(ClientError) as refused:
        s3.delete_object(Bucket=bucket, Key="a", IfMatch=etag)
    assert _refused(refused) == 412


def test_wrong_expected_owner_is_refused(emulator: Emulator, bucket: str) -> None:
    s3 = emulator.client("s3")
    s3.put_object(Bucket=bucket, Key="a", Body=b"1", ExpectedBucketOwner="000000000000")
    for call in (s3.put_object, s3.get_object, s3.head_object):
        with pytest.raises(ClientError) as refused:
            call(Bucket=bucket, Key="a", ExpectedBucketOwner="111111111111")
        assert _refused(refused) == 403
    with pytest.raises(ClientError) as refused:
        s3.list_objects_v2(Bucket=bucket, ExpectedBucketOwner="111111111111")
    assert _refused(refused) == 403


def test_listing_is_paged_with_a_delimiter(emulator: Emulator, bucket: str) -> None:
    s3 = emulator.client("s3")
    for hour in range(5):
        for part in range(2):
            s3.put_object(Bucket=bucket, Key=f"raw/hour={hour:02}/{part}", Body=b"")
    pages = s3.get_paginator("list_objects_v2").paginate(
        Bucket=bucket, Prefix="raw/", Delimiter="/", PaginationConfig={"PageSize": 2}
    )
    prefixes = [[each["Prefix"] for each in page.get("CommonPrefixes", [])] for page in pages]
    assert [len(page) for page in prefixes] == [2, 2, 1]
    assert [prefix for page in prefixes for prefix in page] == [f"raw/hour={hour:02}/" for hour in range(5)]


def test_alarm_on_missing_data_fires_and_notifies_its_topic(emulator: Emulator, unique: str) -> None:
    sns, sqs, watch = emulator.client("sns"), emulator.client("sqs"), emulator.client("cloudwatch")
    topic = sns.create_topic(Name=unique)["TopicArn"]
    queue = sqs.create_queue(QueueName=unique)["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    watch.put_metric_alarm(
        AlarmName=unique,
        Namespace=f"Test/{unique}",
        MetricName="Stored",
        Statistic="Sum",
        Period=900,
        EvaluationPeriods=3,
        Threshold=1,
        ComparisonOperator="LessThanThreshold",
        TreatMissingData="breaching",
        AlarmActions=[topic],
    )

    def state() -> str:
        (alarm,) = watch.describe_alarms(AlarmNames=[unique])["MetricAlarms"]
        return str(alarm["StateValue"])

    assert state() == "ALARM"
    messages = wait_for(lambda: sqs.receive_message(QueueUrl=queue).get("Messages", []))
    assert json.loads(json.loads(messages[0]["Body"])["Message"])["NewStateValue"] == "ALARM"
    watch.put_metric_data(Namespace=f"Test/{unique}", MetricData=[{"MetricName": "Stored", "Value": 1}])
    assert state() == "OK"


def test_published_message_reaches_a_queue(emulator: Emulator, unique: str) -> None:
    sns, sqs = emulator.client("sns"), emulator.client("sqs")
    topic = sns.create_topic(Name=unique)["TopicArn"]
    queue = sqs.create_queue(QueueName=unique)["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes={"RawMessageDelivery": "true"})
    sns.publish(TopicArn=topic, Subject="late", Message="no snapshot")
    messages = wait_for(lambda: sqs.receive_message(QueueUrl=queue).get("Messages", []))
    assert [message["Body"] for message in messages] == ["no snapshot"]


def test_partitions_are_filtered_and_created_in_batches_of_a_hundred(
    emulator: Emulator, bucket: str, unique: str
) -> None:
    make_table(emulator, bucket, unique)
    for hour in ("00", "01", "02"):
        register(emulator, unique, hour, f"s3://{bucket}/{hour}/")
    glue = emulator.client("glue")
    where = "date = '2022-06-04' AND hour > '00'"
    partitions = glue.get_partitions(DatabaseName=unique, TableName="source_velib", Expression=where)[
        "Partitions"
    ]
    assert [partition["Values"][1] for partition in partitions] == ["01", "02"]
    entries = [{"Values": ["2022-06-05", str(n)]} for n in range(101)]
    with pytest.raises(ClientError, match="less than or equal to 100"):
        glue.batch_create_partition(DatabaseName=unique, TableName="source_velib", PartitionInputList=entries)
