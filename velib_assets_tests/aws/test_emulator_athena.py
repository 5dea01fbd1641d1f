"""The emulator's Athena has its dialect, types, errors and views, over registered partitions."""

import base64
import json
import os

import pyarrow as pa
import pytest
from botocore.exceptions import ClientError

from velib_assets_tests.aws.calls import rows_of, run_query
from velib_assets_tests.aws.emulator.server import Emulator
from velib_assets_tests.aws.lake_files import COLUMNS, make_table, parquet, put_hour, register, written

VIEW = """CREATE OR REPLACE VIEW {0}.busy AS
-- stations with bikes
SELECT station_id, count(*) AS readings, max_by(bikes, ingested_ts) AS newest, "date", "hour"
FROM {0}.source_velib WHERE is_installed GROUP BY station_id, "date", "hour"
"""


@pytest.fixture
def lake(emulator: Emulator, bucket: str, unique: str) -> str:
    """Create a database and a workgroup of that name; hours 00 and 01 are registered, 02 is not."""
    make_table(emulator, bucket, unique)
    for hour in ("00", "01", "02"):
        location = put_hour(emulator, bucket, hour)
        if hour != "02":
            register(emulator, unique, hour, location)
    put_hour(emulator, bucket, "00", b"not parquet", "_temporary")
    _workgroup(emulator, unique, f"s3://{bucket}/athena-results/")
    return unique


def _workgroup(emulator: Emulator, name: str, location: str, cutoff: int | None = None) -> None:
    limit = {"BytesScannedCutoffPerQuery": cutoff} if cutoff else {}
    settings = {"EnforceWorkGroupConfiguration": True, "ResultConfiguration": {"OutputLocation": location}}
    emulator.client("athena").create_work_group(Name=name, Configuration=settings | limit)


def _state(execution: dict[str, dict[str, str]]) -> tuple[str, str]:
    return execution["Status"]["State"], execution["Status"].get("StateChangeReason", "")


def test_values_and_types_are_those_of_athena(emulator: Emulator, lake: str) -> None:
    done = run_query(emulator, "SELECT * FROM source_velib WHERE hour = '00' ORDER BY station_id", lake, lake)
    assert _state(done) == ("SUCCEEDED", "")
    result = emulator.client("athena").get_query_results(QueryExecutionId=done["QueryExecutionId"])[
        "ResultSet"
    ]
    assert [column["Type"] for column in result["ResultSetMetadata"]["ColumnInfo"]] == [
        *("timestamp", "varchar", "integer", "bigint", "double", "boolean"),
        *("varchar", "varchar"),
    ]
    assert rows_of(emulator, done) == [
        [*COLUMNS, "date", "hour"],
        ["2022-06-04 00:15:00.000", "1", "1", "1", "1.0E-5", "true", "2022-06-04", "00"],
        ["2022-06-04 00:15:00.000", "2", "2", "2", "2.0E-5", "false", "2022-06-04", "00"],
        ["2022-06-04 00:15:00.000", "3", None, None, None, None, "2022-06-04", "00"],
    ]


def test_only_registered_partitions_are_read_and_constants_prune(emulator: Emulator, lake: str) -> None:
    size = len(parquet("00"))
    all_hours = run_query(emulator, "SELECT count(*), 7 / 2 FROM source_velib", lake, lake)
    assert rows_of(emulator, all_hours) == [["_col0", "_col1"], ["6", "3"]]
    assert all_hours["Statistics"]["DataScannedInBytes"] == pytest.approx(2 * size, abs=20)
    one_hour = run_query(emulator, "SELECT count(*) n FROM source_velib WHERE \"hour\" > '00'", lake, lake)
    assert rows_of(emulator, one_hour) == [["n"], ["3"]]
    assert one_hour["Statistics"]["DataScannedInBytes"] == pytest.approx(size, abs=10)


def test_result_is_in_the_location_of_the_workgroup(emulator: Emulator, lake: str, bucket: str) -> None:
    done = run_query(emulator, "SELECT 'a \"b\"' AS x, CAST(NULL AS varchar) AS y", lake)
    query_id = done["QueryExecutionId"]
    key = f"athena-results/{query_id}.csv"
    assert done["ResultConfiguration"]["OutputLocation"] == f"s3://{bucket}/{key}"
    body = emulator.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()
    assert body == b'"x","y"\n"a ""b""",\n'
    emulator.client("s3").head_object(Bucket=bucket, Key=f"{key}.metadata")


def test_view_is_stored_as_athena_stores_it(emulator: Emulator, lake: str) -> None:
    assert _state(run_query(emulator, VIEW.format(lake), lake, lake)) == ("SUCCEEDED", "")
    assert _state(run_query(emulator, VIEW.format(lake), lake, lake)) == ("SUCCEEDED", "")
    table = emulator.client("glue").get_table(DatabaseName=lake, Name="busy")["Table"]
    assert (table["TableType"], table["Parameters"]["presto_view"]) == ("VIRTUAL_VIEW", "true")
    definition = json.loads(base64.b64decode(table["ViewOriginalText"].split()[3]))
    assert definition["originalSql"].startswith("SELECT")
    assert definition["columns"][1] == {"name": "readings", "type": "bigint"}
    assert [column["Type"] for column in table["StorageDescriptor"]["Columns"]][:3] == [
        "string",
        "bigint",
        "int",
    ]
    done = run_query(emulator, "SELECT * FROM busy WHERE hour = '01'", lake, lake)
    assert rows_of(emulator, done)[1:] == [["1", "1", "1", "2022-06-04", "01"]]
    assert done["Statistics"]["DataScannedInBytes"] < 2 * len(parquet("00")) - 100
    assert rows_of(emulator, run_query(emulator, f"SHOW VIEWS IN {lake}", lake)) == [["busy"]]
    assert _state(run_query(emulator, f"DROP VIEW {lake}.busy", lake)) == ("SUCCEEDED", "")


@pytest.mark.parametrize(
    ("sql", "reason"),
    [
        ("SELECT * FROM gone", "TABLE_NOT_FOUND: line 1:15: Table 'awsdatacatalog.{0}.gone' does not exist"),
        ("SELECT 1 FROM gone.x", "SCHEMA_NOT_FOUND: line 1:15: Schema 'gone' does not exist"),
        ("SELECT gone FROM source_velib", "COLUMN_NOT_FOUND: line 1:1: Column 'gone' cannot be resolved"),
    ],
)
def test_failure_has_the_message_of_athena(emulator: Emulator, lake: str, sql: str, reason: str) -> None:
    state, failure = _state(run_query(emulator, sql, lake, lake))
    assert state == "FAILED"
    assert failure.startswith(reason.format(lake))


def test_file_with_other_types_is_refused(emulator: Emulator, lake: str, bucket: str) -> None:
    table = pa.table({"bikes": pa.array(["one"])})
    put_hour(emulator, bucket, "01", written(table), "second")
    state, reason = _state(run_query(emulator, "SELECT bikes FROM source_velib", lake, lake))
    assert (state, reason[:40]) == ("FAILED", "HIVE_BAD_DATA: Field bikes's type STRING")


def test_submission_without_workgroup_or_sql_is_refused(emulator: Emulator, lake: str) -> None:
    with pytest.raises(ClientError, match="WorkGroup gone is not found"):
        run_query(emulator, "SELECT 1", "gone")
    with pytest.raises(ClientError, match=r"InvalidRequestException.*mismatched input"):
        run_query(emulator, "SELECT FROM WHERE", lake)


def test_query_over_the_scan_limit_is_cancelled(emulator: Emulator, lake: str, bucket: str) -> None:
    noise = pa.table({"station_id": pa.array([os.urandom(6_000_000).hex()])})
    put_hour(emulator, bucket, "00", written(noise), "noise")
    _workgroup(emulator, f"{lake}-small", f"s3://{bucket}/r/", cutoff=10_000_000)
    done = run_query(emulator, "SELECT max(station_id) FROM source_velib", f"{lake}-small", lake)
    assert _state(done) == ("CANCELLED", "Query cancelled! : Bytes scanned limit was exceeded")


def test_results_are_paged_and_a_query_can_be_stopped(emulator: Emulator, lake: str) -> None:
    done = run_query(emulator, "SELECT x FROM UNNEST(sequence(1, 2500)) AS t(x)", lake)
    assert len(rows_of(emulator, done)) == 2501
    athena = emulator.client("athena")
    many = "UNNEST(sequence(1, 100000))"
    endless = f"SELECT count(*) FROM {many} AS a(x), {many} AS b(y) WHERE sqrt(x * y) < 2"  # noqa: S608
    query_id = athena.start_query_execution(QueryString=endless, WorkGroup=lake)["QueryExecutionId"]
    athena.stop_query_execution(QueryExecutionId=query_id)
    status = athena.get_query_execution(QueryExecutionId=query_id)["QueryExecution"]["Status"]
    assert (status["State"], status["StateChangeReason"]) == ("CANCELLED", "Query cancelled by user")
