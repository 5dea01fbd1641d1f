"""Measures of a clean table that its checks are made of.

Belongs here: counting over Arrow data. Does not: saying what is too much (core.findings).
"""

from __future__ import annotations

from typing import IO, List

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from velib_assets.clean.clean_file import TABLE_SCHEMA


def stale_rows(table: pa.Table) -> int:
    """How many rows are stale."""
    return int(pc.sum(table["is_stale"]).as_py() or 0)


def repeated_rows(table: pa.Table) -> int:
    """How many rows of a sorted table have the station and the snapshot of the row before."""
    stations = table["station_id"].combine_chunks()
    moments = table["ingested_ts"].combine_chunks()
    same = pc.and_(pc.equal(stations[1:], stations[:-1]), pc.equal(moments[1:], moments[:-1]))
    return int(pc.sum(same).as_py() or 0)


def schema_differences(source: IO[bytes]) -> List[str]:
    """How a Parquet file's columns differ from the declared ones, in words; empty where they agree.

    Raises:
        pyarrow.ArrowInvalid: where it is no Parquet file.
    """
    found = pq.read_schema(source)
    expected = {field.name: field.type for field in TABLE_SCHEMA}
    actual = {field.name: field.type for field in found}
    return (
        [f"{name} is missing" for name in expected if name not in actual]
        + [f"{name} is not declared" for name in actual if name not in expected]
        + [
            f"{name} is {actual[name]}, declared {type_}"
            for name, type_ in expected.items()
            if name in actual and actual[name] != type_
        ]
    )
