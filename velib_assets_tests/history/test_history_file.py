"""The encoding of history files: what readers need, and row groups of whole stations."""

from __future__ import annotations

import io
from datetime import timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from velib_assets.history.day import rebuild_day
from velib_assets.history.day_rows import read_day
from velib_assets.history.history_file import HISTORY_SCHEMA, encode_history, read_history_footer
from velib_assets.history.sorted_rows import row_groups, sort_rows
from velib_assets.lake.folder_store import FolderStore
from velib_assets.lake.keys import history_day_key, hours_of_day
from velib_assets_tests.history.days import DAY, STATIONS, fill_day

ATHENA = {  # what the Parquet reader of Trino decodes, besides dictionaries
    "BOOLEAN": {"PLAIN", "RLE"},
    "INT32": {"PLAIN", "DELTA_BINARY_PACKED"},
    "INT64": {"PLAIN", "DELTA_BINARY_PACKED"},
    "DOUBLE": {"PLAIN", "BYTE_STREAM_SPLIT"},
    "BYTE_ARRAY": {"PLAIN", "DELTA_LENGTH_BYTE_ARRAY", "DELTA_BYTE_ARRAY"},
}


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    store = FolderStore(tmp_path_factory.mktemp("lake"))
    fill_day(store, hours=4)
    assert not rebuild_day(store, DAY).error
    return store.read(history_day_key(DAY))


def test_every_encoding_is_one_that_athena_reads(day: bytes) -> None:
    footer = pq.read_metadata(io.BytesIO(day))
    for number in range(footer.num_columns):
        chunk = footer.row_group(0).column(number)
        assert set(chunk.encodings) <= ATHENA[chunk.physical_type] | {"RLE", "RLE_DICTIONARY"}
        assert chunk.compression == "ZSTD"
    encodings = [footer.row_group(0).column(n).encodings for n in range(footer.num_columns)]
    assert sum("DELTA_BINARY_PACKED" in found for found in encodings) == 3


def test_timestamps_are_int64_milliseconds_in_utc(day: bytes) -> None:
    schema = pq.ParquetFile(io.BytesIO(day)).schema
    for name in ("ingested_ts", "reported_ts"):
        column = schema.column(HISTORY_SCHEMA.names.index(name))
        assert column.physical_type == "INT64"
        assert "timeUnit=milliseconds" in str(column.logical_type)
        assert "isAdjustedToUTC=true" in str(column.logical_type)


def test_row_groups_say_which_stations_and_which_day_they_have(day: bytes) -> None:
    group = pq.read_metadata(io.BytesIO(day)).row_group(0)
    ranges = {}
    for number in range(group.num_columns):
        chunk = group.column(number)
        if chunk.is_stats_set:
            ranges[chunk.path_in_schema] = (chunk.statistics.min, chunk.statistics.max)
    assert sorted(ranges) == ["date", "ingested_ts", "station_id"]
    assert ranges["station_id"] == (min(STATIONS), max(STATIONS))
    assert ranges["date"] == ("2022-06-04", "2022-06-04")


@pytest.mark.parametrize("limit", [1, 8, 9, 16, 100])
def test_row_groups_are_of_whole_stations(tmp_path: Path, limit: int) -> None:
    """However the rows are divided into tables; three stations have eight rows each."""
    store = FolderStore(tmp_path)
    fill_day(store, hours=4)
    table = read_day(store, hours_of_day(DAY)).table
    whole = list(row_groups([table], len(table), limit))
    assert pa.concat_tables(whole).equals(table)
    assert [len(group) for group in whole] == {1: [8] * 3, 8: [8] * 3, 9: [8] * 3, 16: [16, 8]}.get(
        limit, [24]
    )
    parts = [table.slice(0, 8), table.slice(8, 0), table.slice(8)]
    divided = list(row_groups(parts, len(table), limit))
    assert encode_history(divided, "d", {}) == encode_history(whole, "d", {})


def test_no_rows_make_a_file_without_row_groups() -> None:
    empty = HISTORY_SCHEMA.empty_table()
    data = encode_history(row_groups([empty], 0, 10), "digest", {"2022-06-04T00": ""})
    footer = read_history_footer(io.BytesIO(data))
    assert footer
    assert (footer.digest, footer.rows, footer.parts) == ("digest", 0, {"2022-06-04T00": ""})
    assert pq.read_table(io.BytesIO(data)).schema.equals(HISTORY_SCHEMA)


def test_stations_are_ordered_by_their_bytes() -> None:
    """As SQL compares text: `31024_relais` follows `31024`, and `9` follows `16107`."""
    moment = pa.scalar(0, pa.timestamp("ms", "UTC"))
    codes = ["9", "31024_relais", "é", "16107", "31024", "Z"]
    table = pa.table({"station_id": codes, "ingested_ts": pa.repeat(moment, len(codes))})
    ordered = ["16107", "31024", "31024_relais", "9", "Z", "é"]
    assert sort_rows(table)["station_id"].to_pylist() == ordered


def test_rows_of_a_station_are_ordered_by_time() -> None:
    times = pa.array([3, 1, 2, -5], pa.int64()).cast(pa.timestamp("ms", "UTC"))
    table = pa.table({"station_id": ["b", "b", "a", "b"], "ingested_ts": times})
    rows = sort_rows(table)["ingested_ts"].cast(pa.int64()).to_pylist()
    assert rows == [2, -5, 1, 3]


@pytest.mark.parametrize("left", [0, 4, 100, -1, -9])
def test_damaged_file_has_no_footer(day: bytes, left: int) -> None:
    assert read_history_footer(io.BytesIO(day[:left])) is None


def test_other_parquet_file_has_no_footer() -> None:
    sink = io.BytesIO()
    pq.write_table(pa.table({"a": [1]}), sink)
    assert read_history_footer(io.BytesIO(sink.getvalue())) is None


def test_days_of_history_are_those_of_the_calendar() -> None:
    assert len(hours_of_day(DAY)) == 24
    assert hours_of_day(DAY)[-1] + timedelta(hours=1) == hours_of_day(DAY + timedelta(days=1))[0]
