"""Permissions: each identity of the deployment tries every call, and only its own are allowed."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from velib_assets_tests.aws.calls import ACTIVE
from velib_assets_tests.aws.deployment import BUCKET
from velib_assets_tests.aws.pipeline.conftest import Cloud
from velib_assets_tests.aws.pipeline.rights import CALLS, CRAWLER, OTHERS, Call
from velib_assets_tests.aws.pipeline.steps import job_runs
from velib_assets_tests.waiting import wait_for

DENIED = {"AccessDenied", "AccessDeniedException", "AuthorizationError"}


def _lake(verb: str, *prefixes: str) -> set[str]:
    return {f"{verb} {prefix}" for prefix in prefixes}


LAYERS = ("raw/", "quarantine/", "clean/", "rejects/", "stations/", "history/")
MAY = {
    "velib_ingest_lambda_role": {
        *_lake("list", "raw/", "quarantine/"),
        *_lake("get", "raw/", "quarantine/"),
        *_lake("put", "raw/", "quarantine/"),
        "tell",
    },
    "velib_clean_job_role": {
        *_lake("list", *LAYERS, "glue/tmp/", "glue/scripts/"),
        *_lake("get", *LAYERS, "glue/tmp/", "glue/scripts/"),
        *_lake("put", "quarantine/", "clean/", "rejects/", "stations/", "history/", "glue/tmp/"),
        *_lake("delete", "clean/", "rejects/", "history/", "glue/tmp/"),
        "get database",
        "get source_velib",
        "make source_velib",
        "extend source_velib",
        "correct source_velib",
        "register a month",
        "correct a month",
        "make stations",
        "correct rejects_velib",
    },
    "velib_clean_crawler_role": {
        *_lake("list", "clean/"),
        *_lake("get", "clean/"),
        "get database",
        "get source_velib",
        "make an audit",
    },
    "velib_daily_role": {"start the job", "stop the job"},
    "velib_pipeline_role": {"invoke the function", "start the job", "stop the job", "start the crawler"},
    "velib_kpi_views_role": {
        *(f"{verb} athena-results/" for verb in ("list", "get", "put")),
        "get database",
        "get source_velib",
        "make a view",
        "make a table of days",  # its name begins like that of a view
        "make station_events",
        "query",
    },
    "velib_pipeline_schedule_role": set(),
    "dagster-host": {
        *_lake("list", *LAYERS, "kpi/", "published/", "athena-results/", "glue/tmp/"),
        *_lake("get", *LAYERS, "kpi/", "reports/", "published/", "athena-results/", "glue/tmp/"),
        *_lake(
            "put",
            "raw/",
            "quarantine/",
            "stations/",
            "kpi/",
            "reports/",
            "published/",
            "athena-results/",
            "glue/tmp/",
        ),
        *_lake("delete", "published/", "glue/tmp/"),
        "get database",
        "get source_velib",
        "make source_velib",
        "extend source_velib",
        "correct source_velib",
        "register a month",
        "correct a month",
        "make a table of days",
        "make stations",
        "correct rejects_velib",
        "make a view",
        "make station_events",
        "make an audit",
        "start the job",
        "stop the job",
        "start the crawler",
        "invoke the function",
        "query",
        "tell",
    },
}


@pytest.fixture(scope="module")
def others(cloud: Cloud) -> Iterator[None]:
    """Create a bucket and a database that do not belong to the deployment."""
    cloud.root("s3").create_bucket(Bucket=OTHERS)
    cloud.root("glue").create_database(DatabaseInput={"Name": OTHERS})
    yield
    cloud.root("s3").delete_bucket(Bucket=OTHERS)
    cloud.root("glue").delete_database(Name=OTHERS)
    wait_for(lambda: not any(run["JobRunState"] in ACTIVE for run in job_runs(cloud.emulator)), 180)
    wait_for(lambda: cloud.root("glue").get_crawler(Name=CRAWLER)["Crawler"]["State"] == "READY")
    cloud.empty()


@contextmanager
def _session(cloud: Cloud, who: str) -> Iterator[boto3.session.Session]:
    """A session with the rights of a role, or with those of this process's own user.

    Only its service may assume a role, even here: a user gets the role's policies for the test.
    """
    if who == "dagster-host":
        yield boto3.session.Session()
        return
    iam = cloud.root("iam")
    iam.create_user(UserName=who)
    policies = iam.list_role_policies(RoleName=who)["PolicyNames"]
    for name in policies:
        document = iam.get_role_policy(RoleName=who, PolicyName=name)["PolicyDocument"]
        iam.put_user_policy(UserName=who, PolicyName=name, PolicyDocument=json.dumps(document))
    key = iam.create_access_key(UserName=who)["AccessKey"]
    yield boto3.session.Session(key["AccessKeyId"], key["SecretAccessKey"])
    iam.delete_access_key(UserName=who, AccessKeyId=key["AccessKeyId"])
    for name in policies:
        iam.delete_user_policy(UserName=who, PolicyName=name)
    iam.delete_user(UserName=who)


def _is_denied(call: Call, client: Callable[[str], Any]) -> bool:
    """Return whether the call was denied; any other error counts as allowed."""
    try:
        call(client)
    except ClientError as error:
        return error.response["Error"]["Code"] in DENIED
    return False


def allowed_calls(cloud: Cloud, who: str) -> set[str]:
    """Try every call as an identity; return the names of those that it may make."""
    with _session(cloud, who) as session:
        client = cache(session.client)
        return {name for name, call in CALLS.items() if not _is_denied(call, client)}


@pytest.mark.usefixtures("others", "lake")
@pytest.mark.parametrize("who", MAY)
def test_identity_may_make_only_its_own_calls(cloud: Cloud, who: str) -> None:
    assert allowed_calls(cloud, who) == MAY[who]


def test_role_can_only_be_assumed_by_its_service(cloud: Cloud) -> None:
    for role in cloud.root("iam").list_roles()["Roles"]:
        (statement,) = role["AssumeRolePolicyDocument"]["Statement"]
        assert list(statement["Principal"]) == ["Service"]
        service = statement["Principal"]["Service"].partition(".")[0]
        assert ("Condition" in statement) == (service not in ("lambda", "glue"))  # which send no account


def test_every_identity_is_tested(cloud: Cloud) -> None:
    roles = {role["RoleName"] for role in cloud.root("iam").list_roles()["Roles"]}
    assert roles | {"dagster-host"} == set(MAY)


def test_bucket_refuses_requests_without_tls(cloud: Cloud) -> None:
    """The emulator treats each request as TLS, so the policy is only read."""
    policy = json.loads(cloud.root("s3").get_bucket_policy(Bucket=BUCKET)["Policy"])
    (statement,) = [s for s in policy["Statement"] if "aws:SecureTransport" in json.dumps(s)]
    assert (statement["Effect"], statement["Principal"]) == ("Deny", "*")
