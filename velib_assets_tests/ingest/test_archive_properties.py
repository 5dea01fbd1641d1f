"""Whatever bytes an archived file has, reading it ends with records or with a reason."""

from __future__ import annotations

import io
import json
from contextlib import suppress

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from velib_assets.ingest.decode import decode
from velib_assets.ingest.feeds.archive_names import named_time, split_name
from velib_assets.ingest.feeds.archive_records import read_export
from velib_assets.ingest.feeds.archive_tables import MAX_CELLS
from velib_assets.ingest.response import UnusableError
from velib_assets_tests.ingest.test_archive_formats import PORTAL, table

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(["results", "records", "fields", "stationcode", "lat", "x"]), inner)
    ),
    max_leaves=12,
)
COLUMNS = {"station_id": "x", "bikes": "lat", "docks": "stationcode"}


def parquet() -> bytes:
    out = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(PORTAL), out)
    return out.getvalue()


def check_ends(body: bytes, extension: str, columns: dict[str, str]) -> None:
    """Read a file: it has records that can be stored, or an error that says why not."""
    with suppress(UnusableError):
        export = read_export(body, extension, columns)
        if export.is_converted:
            assert json.loads(decode(export.response).results) is not None


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200), st.sampled_from(["csv", "json", ""]), st.sampled_from([{}, COLUMNS]))
def test_any_bytes_end(body: bytes, extension: str, columns: dict[str, str]) -> None:
    check_ends(body, extension, columns)


@settings(max_examples=200, deadline=None)
@given(JSON, st.sampled_from([{}, COLUMNS]))
def test_any_json_ends(document: object, columns: dict[str, str]) -> None:
    check_ends(json.dumps(document).encode(), "json", columns)


@settings(max_examples=150, deadline=None)
@given(st.sampled_from([table().encode(), parquet()]), st.integers(0, 5000), st.binary(max_size=3))
def test_damaged_tables_end(body: bytes, position: int, damage: bytes) -> None:
    position %= len(body)
    check_ends(body[:position] + damage + body[position + len(damage) :], "csv", {})
    check_ends(body[:position], "csv", {})


@settings(max_examples=500, deadline=None)
@given(st.text(alphabet="0123456789TZ-_:.+/hapm %=a\u00b2", max_size=40))
def test_any_name_has_a_time_or_none(name: str) -> None:
    split_name(name)
    time = named_time(name)
    assert time is None or 1900 <= time.local.year < 2100


def test_csv_with_too_many_cells_is_not_parsed() -> None:
    with pytest.raises(UnusableError, match="has over 2,000,000 cells"):
        read_export(b"a;b\n" + b";" * MAX_CELLS, "csv", {})
