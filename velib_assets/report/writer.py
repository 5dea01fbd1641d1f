"""Writes the report into the lake: the page, and the numbers behind it as CSV and Parquet."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

from velib_assets.lake.keys import REPORT_KEY, export_key, hour_of
from velib_assets.lake.listing import DISCARDED, quarantine_reasons
from velib_assets.lake.store import Change, LakeStore
from velib_assets.report.exports import csv_bytes, downloads, exports, parquet_bytes
from velib_assets.report.model import report_object
from velib_assets.report.page.html import page_html
from velib_assets.report.report_data import ReportData

_DATA = re.compile(rb'<script[^>]*\bid="data"[^>]*>(.*?)</script>', re.DOTALL)


class EmptyReportError(Exception):
    """The lake has no data for a report, and the last report has some. That one stays."""


class WrittenReport(NamedTuple):
    """A written report: the object in the page, the page's address, and its size in bytes."""

    report: Mapping[str, Any]
    address: str
    size: int


def write_report(store: LakeStore, data: ReportData) -> WrittenReport:
    """Write exports and page into the lake, each replaced atomically.

    The page comes last because it links to the exports.

    Raises:
        EmptyReportError: The report would be empty, and the last one is not. Nothing is written.
        OSError: The store refused a file. That file keeps its old content, and later ones are not written.
    """
    tables = exports(data)
    report = report_object(data, downloads(tables))
    if report["newest_ts"] is None:
        _ensure_replaceable(store)
    page = page_html(report).encode()
    for name, _, table in tables:
        store.publish([Change(export_key(name, "parquet"), parquet_bytes(table))], lambda: True)
        store.publish([Change(export_key(name, "csv"), csv_bytes(table))], lambda: True)
    store.publish([Change(REPORT_KEY, page)], lambda: True)
    return WrittenReport(report, store.address(REPORT_KEY), len(page))


def _ensure_replaceable(store: LakeStore) -> None:
    """Raise EmptyReportError if the last report has data, unless they were discarded."""
    newest = _newest_of_page(store)
    if newest and not _is_discarded(store, newest):
        raise EmptyReportError(
            f"{store.address(REPORT_KEY)} was not replaced: it shows the snapshot of {newest}, and the lake "
            "has no registered snapshot now. Check that the lake is the right one, then run `velib verify`. "
            "To start over, delete the page"
        )


def _is_discarded(store: LakeStore, newest: str) -> bool:
    """Return whether snapshots of this time's hour were discarded."""
    reasons = quarantine_reasons(store, hour_of(datetime.fromisoformat(newest)))
    return any(reason.get("code") == DISCARDED for reason in reasons)


def _newest_of_page(store: LakeStore) -> str:
    """Return the time of the newest snapshot in the last page; empty if there is none, or no page."""
    try:
        found = _DATA.search(store.read(REPORT_KEY))
        report = json.loads(found[1]) if found else {}
        return str(report["newest_ts"] or "")
    except (FileNotFoundError, IsADirectoryError, ValueError, KeyError, TypeError):
        return ""
