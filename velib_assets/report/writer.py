"""The report's files: the page, and the numbers behind it as CSV and Parquet, put into the lake.

Belongs here: bytes and keys. Does not: what is in them (core.report), or how the page looks (report.page).
"""

import io
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from velib_assets.lake.keys import REPORT_KEY, export_key
from velib_assets.lake.store import Change, LakeStore
from velib_assets.report.exports import Export, exports, listed
from velib_assets.report.model import ReportData, report_object

if TYPE_CHECKING:
    import pyarrow as pa


class WrittenReport(NamedTuple):
    """What was written: the object in the page, where the page is, and its size in bytes."""

    report: Mapping[str, Any]
    address: str
    size: int


def write_report(store: LakeStore, found: ReportData) -> WrittenReport:
    """Put page and exports into the lake, each replaced in one step; the page last, for it links to the rest.

    Raises:
        OSError: where the store refuses one. What was there before stays, what follows is not written.
    """
    from velib_assets.report.page.html import page_html  # noqa: PLC0415 - reads the page's parts

    tables = exports(found)
    report = report_object(found, listed(tables))
    page = page_html(report).encode()
    for change in (*_export_changes(tables), Change(REPORT_KEY, page)):
        store.publish([change], lambda: True)
    return WrittenReport(report, store.address(REPORT_KEY), len(page))


def _export_changes(tables: Iterable[Export]) -> Iterable[Change]:
    for table in tables:
        made = arrow_of(table)
        yield Change(export_key(table.name, "parquet"), _parquet(made))
        yield Change(export_key(table.name, "csv"), _csv(made))


def arrow_of(table: Export) -> "pa.Table":
    """An export as Arrow; times are UTC, in milliseconds, as in the table `source_velib`."""
    import pyarrow as pa  # noqa: PLC0415 - slow to import

    from velib_assets.query.frames import ARROW  # noqa: PLC0415 - imports pyarrow

    types = {**ARROW, "timestamp": pa.timestamp("ms", "UTC")}
    return pa.table({name: pa.array(values, types[kind]) for name, kind, values in table.columns})


def _parquet(table: "pa.Table") -> bytes:
    import pyarrow.parquet as pq  # noqa: PLC0415 - slow to import

    buffer = io.BytesIO()
    pq.write_table(table, buffer, compression="zstd")
    return buffer.getvalue()


def _csv(table: "pa.Table") -> bytes:
    """CSV with a header, texts in quotes, times as ISO 8601 with Z, and nothing where a value is unknown."""
    import pyarrow as pa  # noqa: PLC0415 - slow to import
    import pyarrow.compute as pc  # noqa: PLC0415 - likewise
    from pyarrow import csv  # noqa: PLC0415 - likewise

    for place, field in enumerate(table.schema):
        if pa.types.is_timestamp(field.type):
            texts = table.column(place).cast(pa.timestamp("s")).cast(pa.string())  # pc.strftime takes seconds
            texts = pc.binary_join_element_wise(pc.replace_substring(texts, " ", "T"), "Z", "")
            table = table.set_column(place, field.name, texts)
    buffer = io.BytesIO()
    csv.write_csv(table, buffer)
    return buffer.getvalue()
