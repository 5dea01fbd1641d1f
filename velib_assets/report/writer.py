"""Writes the report into the lake: the page, and the numbers behind it as CSV and Parquet."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from velib_assets.lake.keys import REPORT_KEY, export_key
from velib_assets.lake.store import Change, LakeStore
from velib_assets.report.exports import csv_bytes, downloads, exports, parquet_bytes
from velib_assets.report.model import report_object
from velib_assets.report.page.html import page_html
from velib_assets.report.report_data import ReportData


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
    tables = exports(data)
    report = report_object(data, downloads(tables))
    page = page_html(report).encode()
    for name, _, table in tables:
        store.publish([Change(export_key(name, "parquet"), parquet_bytes(table))], lambda: True)
        store.publish([Change(export_key(name, "csv"), csv_bytes(table))], lambda: True)
    store.publish([Change(REPORT_KEY, page)], lambda: True)
    return WrittenReport(report, store.address(REPORT_KEY), len(page))
