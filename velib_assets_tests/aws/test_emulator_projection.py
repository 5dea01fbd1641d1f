"""The emulator's Athena computes the partitions of a table with partition projection, as declared."""

import pyarrow as pa

from velib_assets.catalog.declared_tables import OTHER_TABLES, table_input
from velib_assets_tests.aws.calls import rows_of, run_query
from velib_assets_tests.aws.emulator.server import Emulator
from velib_assets_tests.aws.lake_files import written

REJECTS = OTHER_TABLES[1]
FOLDERS = {
    "date=2022-06-04/hour=05": "in the range",
    "date=2022-06-04/hour=5": "without the digits of the format",
    "date=2022-06-04/hour=24": "no hour",
    "date=2017-12-31/hour=05": "before the range",
    "date=2099-01-01/hour=05": "after the range",
    "date=never/hour=05": "no date",
}


def test_partitions_in_the_ranges_need_no_registration(emulator: Emulator, bucket: str, unique: str) -> None:
    glue = emulator.client("glue")
    glue.create_database(DatabaseInput={"Name": unique})
    glue.create_table(DatabaseName=unique, TableInput=table_input(REJECTS, bucket))
    for folder, reason in FOLDERS.items():
        body = written(pa.table({"reason": [reason], "position": pa.array([0], pa.int32())}))
        key = f"{REJECTS.prefix}{folder}/rejects.parquet"
        emulator.client("s3").put_object(Bucket=bucket, Key=key, Body=body)
    location = {"OutputLocation": f"s3://{bucket}/athena-results/"}
    emulator.client("athena").create_work_group(Name=unique, Configuration={"ResultConfiguration": location})
    done = run_query(emulator, "SELECT date, hour, reason FROM rejects_velib", unique, unique)
    assert rows_of(emulator, done)[1:] == [["2022-06-04", "05", "in the range"]]
    other = run_query(emulator, "SELECT * FROM rejects_velib WHERE hour = '06'", unique, unique)
    assert rows_of(emulator, other)[1:] == []
