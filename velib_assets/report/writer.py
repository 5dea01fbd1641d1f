"""Writes the report into the lake: the page, and the numbers behind it as CSV and Parquet."""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from velib_assets.lake.keys import REPORT_KEY, export_key
from velib_assets.lake.store import Change, LakeStore
from velib_assets.report.exports import Export, exports, listed
from velib_assets.report.model import report_object
from velib_assets.report.report_data import ReportData

if TYPE_CHECKING:
    import pyarrow as pa


class WrittenReport(NamedTuple):
    """A written report: the object in the page, the page's address, and its size in bytes."""

    report: Mapping[str, Any]
    address: str
    size: int


def write_report(store: LakeStore, data: ReportData) -> WrittenReport:
    """Write exports and page into the lake, each replaced atomically.

    The page comes last because it links to the exports.

    Raises:
        OSError: The store refused a file. That file keeps its old content, and later ones are not written.
    """
    from velib_assets.report.page.html import page_html  # noqa: PLC0415 - loads the chart library

    tables = exports(data)
    report = report_object(data, listed(tables))
    page = page_html(report).encode()
    for change in (*_export_changes(tables), Change(REPORT_KEY, page)):
        store.publish([change], lambda: True)
    return WrittenReport(report, store.address(REPORT_KEY), len(page))


def _export_changes(tables: Iterable[Export]) -> Iterable[Change]:
    for table in tables:
        arrow = to_arrow(table)
        yield Change(export_key(table.name, "parquet"), _parquet(arrow))
        yield Change(export_key(table.name, "csv"), _csv(arrow))


def to_arrow(table: Export) -> pa.Table:
    """Convert an export to Arrow; times are UTC in milliseconds, as in the table `source_velib`."""
    import pyarrow as pa  # noqa: PLC0415 - slow to import

    from velib_assets.query.frames import ARROW  # noqa: PLC0415 - imports pyarrow

    types = {**ARROW, "timestamp": pa.timestamp("ms", "UTC")}
    return pa.table({name: pa.array(values, types[kind]) for name, kind, values in table.columns})


def _parquet(table: pa.Table) -> bytes:
    import pyarrow.parquet as pq  # noqa: PLC0415 - slow to import

    buffer = io.BytesIO()
    pq.write_table(table, buffer, compression="zstd")
    return buffer.getvalue()


def _csv(table: pa.Table) -> bytes:
    """Return CSV with a header: text is quoted, times are ISO 8601 with Z, null is empty."""
    import pyarrow as pa  # noqa: PLC0415 - slow to import
    import pyarrow.compute as pc  # noqa: PLC0415 - slow to import
    from pyarrow import csv  # noqa: PLC0415 - slow to import

    for index, field in enumerate(table.schema):
        if pa.types.is_timestamp(field.type):
            seconds = table.column(index).cast(pa.timestamp("s", "UTC"))
            table = table.set_column(index, field.name, pc.strftime(seconds, format="%Y-%m-%dT%H:%M:%SZ"))
    buffer = io.BytesIO()
    csv.write_csv(table, buffer)
    return buffer.getvalue()
