"""The emulator's crawler reads Parquet below its target and creates the table that Athena queries."""

import pytest
from botocore.exceptions import ClientError

from velib_assets_tests.aws.calls import make_role, rows_of, run_query
from velib_assets_tests.aws.emulator.server import Emulator
from velib_assets_tests.aws.lake_files import COLUMNS, put_hour
from velib_assets_tests.waiting import wait_for


@pytest.fixture
def crawler(emulator: Emulator, bucket: str, unique: str) -> str:
    """Create a crawler and its database, which have the same name."""
    make_role(emulator, unique)
    glue = emulator.client("glue")
    glue.create_database(DatabaseInput={"Name": unique})
    target = {"Path": f"s3://{bucket}/clean/source=velib/"}
    glue.create_crawler(Name=unique, Role=unique, DatabaseName=unique, Targets={"S3Targets": [target]})
    return unique


def _crawled(emulator: Emulator, name: str) -> str:
    """Run the crawler, whose states are READY, RUNNING, STOPPING, READY."""
    glue = emulator.client("glue")
    glue.start_crawler(Name=name)
    with pytest.raises(ClientError) as refused:
        glue.start_crawler(Name=name)
    assert refused.value.response["Error"]["Code"] == "CrawlerRunningException"
    states = [glue.get_crawler(Name=name)["Crawler"]["State"]]

    def ready() -> bool:
        states.append(glue.get_crawler(Name=name)["Crawler"]["State"])
        return bool(states[-1] == "READY")

    wait_for(ready)
    assert list(dict.fromkeys(states)) == ["RUNNING", "STOPPING", "READY"]
    status: str = glue.get_crawler(Name=name)["Crawler"]["LastCrawl"]["Status"]
    return status


def test_crawl_creates_the_table_and_the_next_extends_it(
    emulator: Emulator, bucket: str, crawler: str
) -> None:
    put_hour(emulator, bucket, "00")
    assert _crawled(emulator, crawler) == "SUCCEEDED"
    glue = emulator.client("glue")
    table = glue.get_table(DatabaseName=crawler, Name="source_velib")["Table"]
    assert {column["Name"]: column["Type"] for column in table["StorageDescriptor"]["Columns"]} == COLUMNS
    assert [key["Name"] for key in table["PartitionKeys"]] == ["date", "hour"]
    put_hour(emulator, bucket, "01")
    assert _crawled(emulator, crawler) == "SUCCEEDED"
    partitions = glue.get_partitions(DatabaseName=crawler, TableName="source_velib")["Partitions"]
    assert [partition["Values"] for partition in partitions] == [["2022-06-04", "00"], ["2022-06-04", "01"]]
    settings = {"ResultConfiguration": {"OutputLocation": f"s3://{bucket}/results/"}}
    emulator.client("athena").create_work_group(Name=crawler, Configuration=settings)
    done = run_query(emulator, "SELECT count(*) AS n FROM source_velib", crawler, crawler)
    assert rows_of(emulator, done) == [["n"], ["6"]]


def test_crawl_of_a_missing_bucket_fails(emulator: Emulator, unique: str) -> None:
    make_role(emulator, unique)
    glue = emulator.client("glue")
    glue.create_database(DatabaseInput={"Name": unique})
    target = {"Path": "s3://there-is-no-such-bucket/x/"}
    glue.create_crawler(Name=unique, Role=unique, DatabaseName=unique, Targets={"S3Targets": [target]})
    assert _crawled(emulator, unique) == "FAILED"
