"""The calls that identities of the deployment try: those that some need, and those that none may make."""

from collections.abc import Callable
from typing import Any

from velib_assets_tests.aws.deployment import BUCKET
from velib_assets_tests.aws.emulator.server import ACCOUNT, REGION
from velib_assets_tests.aws.pipeline.steps import FUNCTION, JOB

DATABASE = "velib_db_tf"
CRAWLER, WORKGROUP = "velib_clean_crawler", "velib_workgroup"
OTHERS = "somebody-elses"
PREFIXES = (
    "raw/",
    "quarantine/",
    "clean/",
    "rejects/",
    "stations/",
    "history/",
    "kpi/",
    "reports/",
    "published/",
    "athena-results/",
    "glue/tmp/",
    "glue/scripts/",
    "other/",
)
ENTRIES = [{"PartitionValueList": ["2022-06-04", "10"], "PartitionInput": {}}]
MONTHS = [{"PartitionValueList": ["2022-06"], "PartitionInput": {}}]
Call = Callable[[Callable[[str], Any]], Any]


def _list(prefix: str) -> Call:
    return lambda c: c("s3").list_objects_v2(Bucket=BUCKET, Prefix=prefix)


def _object(call: str, prefix: str, **arguments: Any) -> Call:
    return lambda c: getattr(c("s3"), call)(Bucket=BUCKET, Key=f"{prefix}a", **arguments)


def _header(prefix: str) -> dict[str, str]:
    """Return the header without which nobody may create raw objects."""
    return {"IfNoneMatch": "*"} if prefix == "raw/" else {}


def _table(call: str, name: str, **arguments: Any) -> Call:
    return lambda c: getattr(c("glue"), call)(DatabaseName=DATABASE, **arguments, **_named(call, name))


def _named(call: str, name: str) -> dict[str, Any]:
    if call in ("create_table", "update_table"):
        return {"TableInput": {"Name": name}}
    return {"Name" if call.endswith("_table") else "TableName": name}


def _query(workgroup: str) -> Call:
    return lambda c: c("athena").start_query_execution(QueryString="SELECT 1", WorkGroup=workgroup)


def _publish(topic: str) -> Call:
    arn = f"arn:aws:sns:{REGION}:{ACCOUNT}:{topic}"
    return lambda c: c("sns").publish(TopicArn=arn, Message="a test of rights")


def _invoke(function: str) -> Call:
    return lambda c: c("lambda").invoke(FunctionName=function, InvocationType="DryRun")


def _read_log(group: str) -> Call:
    return lambda c: c("logs").get_log_events(logGroupName=group, logStreamName="any")


CALLS: dict[str, Call] = {
    **{f"list {prefix}": _list(prefix) for prefix in PREFIXES},
    **{f"get {prefix}": _object("get_object", prefix) for prefix in PREFIXES},
    **{f"put {prefix}": _object("put_object", prefix, Body=b"", **_header(prefix)) for prefix in PREFIXES},
    "overwrite raw/": _object("put_object", "raw/", Body=b""),
    "replace raw/": _object("put_object", "raw/", Body=b"", IfMatch='"0"'),
    "copy into raw/": _object("copy_object", "raw/", CopySource=f"{BUCKET}/raw/b"),
    "upload parts to raw/": _object("complete_multipart_upload", "raw/", UploadId="any"),
    **{f"delete {prefix}": _object("delete_object", prefix) for prefix in PREFIXES},
    "list another bucket": lambda c: c("s3").list_objects_v2(Bucket=OTHERS),
    "put into another bucket": lambda c: c("s3").put_object(Bucket=OTHERS, Key="raw/a", Body=b""),
    "open the bucket": lambda c: c("s3").delete_public_access_block(Bucket=BUCKET),
    "delete the bucket": lambda c: c("s3").delete_bucket(Bucket=BUCKET),
    "get database": lambda c: c("glue").get_database(Name=DATABASE),
    "delete database": lambda c: c("glue").delete_database(Name=DATABASE),
    "get another database": lambda c: c("glue").get_database(Name=OTHERS),
    "get source_velib": _table("get_table", "source_velib"),
    "make source_velib": _table("create_table", "source_velib"),
    "extend source_velib": _table("batch_create_partition", "source_velib", PartitionInputList=[]),
    "correct source_velib": _table("batch_update_partition", "source_velib", Entries=ENTRIES),
    "empty source_velib": _table("batch_delete_partition", "source_velib", PartitionsToDelete=[]),
    "register a month": _table("batch_create_partition", "velib_history", PartitionInputList=[]),
    "correct a month": _table("batch_update_partition", "velib_history", Entries=MONTHS),
    "delete a month": _table("delete_partition", "velib_history", PartitionValues=["2022-06"]),
    "make a table of days": _table("create_table", "kpi_daily_station_days"),
    "make stations": _table("create_table", "stations"),
    "correct rejects_velib": _table("update_table", "rejects_velib"),
    "make station_events": _table("create_table", "station_events"),
    "drop stations": _table("delete_table", "stations"),
    "make a view": _table("create_table", "kpi_shortage"),
    "drop a view": _table("delete_table", "kpi_shortage"),
    "make an audit": _table("create_table", "audit_source_velib"),
    "start the job": lambda c: c("glue").start_job_run(JobName=JOB, Arguments={"--hours": "never"}),
    "stop the job": lambda c: c("glue").batch_stop_job_run(JobName=JOB, JobRunIds=["jr_0"]),
    "start another job": lambda c: c("glue").start_job_run(JobName=OTHERS),
    "change the job": lambda c: c("glue").update_job(JobName=JOB, JobUpdate={}),
    "start the crawler": lambda c: c("glue").start_crawler(Name=CRAWLER),
    "change the crawler": lambda c: c("glue").update_crawler(Name=CRAWLER, Role=OTHERS),
    "invoke the function": _invoke(FUNCTION),
    "invoke the cleaner": _invoke("velib_clean_lambda"),
    "invoke another function": _invoke(OTHERS),
    "make a function": lambda c: c("lambda").create_function(
        FunctionName=OTHERS, Role=f"arn:aws:iam::{ACCOUNT}:role/x", Code={"ZipFile": b""}, Handler="a.b"
    ),
    "change the function": lambda c: c("lambda").update_function_code(FunctionName=FUNCTION, ZipFile=b""),
    "query": _query(WORKGROUP),
    "query without limits": _query("primary"),
    "lift the limit": lambda c: c("athena").update_work_group(WorkGroup=WORKGROUP),
    "tell": _publish("velib_alerts"),
    "tell another topic": _publish(OTHERS),
    "listen": lambda c: c("sns").subscribe(
        TopicArn=f"arn:aws:sns:{REGION}:{ACCOUNT}:velib_alerts", Protocol="email", Endpoint="a@example.org"
    ),
    "read the job's log": _read_log("/aws-glue/python-jobs/error"),
    "read another log": _read_log("/aws/lambda/another"),
    "start a machine": lambda c: c("stepfunctions").start_execution(
        stateMachineArn=f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:velib_kpi_views_none"
    ),
    "grant itself more": lambda c: c("iam").put_role_policy(
        RoleName="velib_clean_job_role", PolicyName="more", PolicyDocument="{}"
    ),
    "make a user": lambda c: c("iam").create_user(UserName=OTHERS),
}
