"""`terraform destroy` leaves nothing behind. This is the last file of the folder."""

from velib_assets_tests.aws.pipeline.conftest import Cloud
from velib_assets_tests.aws.pipeline.steps import serve, snapshot, steady_now
from velib_assets_tests.http_server import LocalServer


def test_destroy_leaves_nothing(cloud: Cloud, city: LocalServer) -> None:
    """The bucket has objects, the database tables, and the job a history."""
    serve(city, snapshot(steady_now()))
    cloud.store().create("raw/source=velib/date=2026-01-01/hour=00/velib_20260101_000000.json", b"{}")
    _dismiss_the_host(cloud)
    cloud.terraform.destroy()
    assert cloud.terraform.state() == []
    assert cloud.root("s3").list_buckets()["Buckets"] == []
    assert cloud.root("lambda").list_functions()["Functions"] == []
    assert cloud.root("glue").get_jobs()["Jobs"] == []
    assert cloud.root("glue").get_databases()["DatabaseList"] == []
    assert cloud.root("stepfunctions").list_state_machines()["stateMachines"] == []
    assert cloud.root("scheduler").list_schedules()["Schedules"] == []
    assert cloud.root("iam").list_roles()["Roles"] == []
    assert cloud.root("cloudwatch").describe_alarms()["MetricAlarms"] == []
    groups = {group["Name"] for group in cloud.root("athena").list_work_groups()["WorkGroups"]}
    assert groups <= {"primary"}


def _dismiss_the_host(cloud: Cloud) -> None:
    """Detach the policy from the user of the tests, because an attached policy cannot be deleted."""
    iam, policy = cloud.root("iam"), cloud.terraform.output("dagster_policy_arn")
    iam.detach_user_policy(UserName="dagster-host", PolicyArn=policy)
