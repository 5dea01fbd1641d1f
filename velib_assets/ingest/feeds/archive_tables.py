"""Reads the tables that people export: CSV, JSON records, Parquet. Each becomes a list of records."""

from __future__ import annotations

import csv
import io
from typing import Any, Dict, List, Optional, Tuple

from velib_assets.ingest.feeds.archive_labels import field_of
from velib_assets.ingest.json_document import load_json, record_list
from velib_assets.ingest.response import UnusableError

PARQUET_MAGIC = b"PAR1"
MAX_CELLS = 2_000_000  # of a CSV file; a real snapshot has 22,000
_BLANK = b"\xef\xbb\xbf \t\r\n"
_SNIFFED = 4096
_DELIMITERS = ";,\t|"
_CELL = 1024 * 1024  # characters of a cell


def csv_records(body: bytes) -> List[Dict[str, Any]]:
    """Return the rows of a CSV file by its header; every value is text.

    The delimiter is the one that gives the header the most known names. A row with another number of cells
    keeps its text under `line`, so that it is counted and rejected. Columns without a name are left out.

    Raises:
        UnusableError: `not_utf8`, `not_csv` or `empty`.
    """
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UnusableError("not_utf8", f"the CSV file is not UTF-8 at byte {error.start}") from None
    if sum(text.count(mark) for mark in _DELIMITERS + "\r\n") > MAX_CELLS:
        raise UnusableError("too_large", f"the CSV file has over {MAX_CELLS:,} cells")
    csv.field_size_limit(max(csv.field_size_limit(), _CELL))
    try:
        delimiter = max(_DELIMITERS, key=lambda mark: _known(_rows(text.partition("\n")[0], mark)))
        rows = [row for row in _rows(text, delimiter) if any(row)]
    except csv.Error as error:
        raise UnusableError("not_csv", f"the CSV file cannot be read: {error}") from None
    if not rows:
        raise UnusableError("empty", "the CSV file is empty")
    header = rows[0]
    if len(header) == 1:
        raise UnusableError("not_csv", "the CSV file has no header with two or more columns")
    if len(rows) == 1:
        raise UnusableError("empty", "the CSV file has a header and no rows")
    width = len(header)
    return [
        {name: cell for name, cell in zip(header, row) if name}
        if len(row) >= width and not any(row[width:])
        else {"line": delimiter.join(row)}
        for row in rows[1:]
    ]


def _rows(text: str, delimiter: str) -> List[List[str]]:
    return list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))


def _known(header: List[List[str]]) -> Tuple[int, int]:
    names = header[0] if header else []
    return sum(1 for name in names if field_of(name)), len(names)


def json_records(body: bytes) -> Tuple[List[Any], Optional[int]]:
    """Return the records of a JSON document, and how many the service says it has in all, if it does.

    Besides an array and `{"total_count", "results"}`: `{"nhits", "records": [{"fields"}]}` of the portal's
    earlier API, and GeoJSON.

    Raises:
        UnusableError: if it is not JSON, or has no list of records.
    """
    document, total = load_json(body), None
    records = document
    if not isinstance(document, list):
        found = document if isinstance(document, dict) else {}
        keys = (key for key in ("results", "records", "features") if isinstance(found.get(key), list))
        records = record_list(document, next(keys, "results"))
        total = document.get("total_count", document.get("nhits"))
    is_count = isinstance(total, int) and not isinstance(total, bool)
    return [_unwrapped(record) for record in records], total if is_count else None


def _unwrapped(record: object) -> object:
    """Return the fields of a record that has them in `fields` or `properties`."""
    if isinstance(record, dict) and isinstance(record.get("record"), dict):
        record = record["record"]
    if not isinstance(record, dict):
        return record
    if isinstance(record.get("properties"), dict) and record.get("type") == "Feature":
        geometry = record.get("geometry")
        point = geometry.get("coordinates") if isinstance(geometry, dict) else None
        lon, lat, *_ = point if isinstance(point, list) and len(point) > 1 else (None, None)
        place = {} if lat is None else {"lon": lon, "lat": lat}
        return {**place, **record["properties"]}
    return record["fields"] if isinstance(record.get("fields"), dict) else record


def form_of(body: bytes, extension: str) -> str:
    """Return whether a body is `parquet`, `csv` or `json`, by its first bytes and then by its extension."""
    if body.startswith(PARQUET_MAGIC):
        return "parquet"
    start = body[:_SNIFFED].lstrip(_BLANK)
    if start.startswith((b"[", b"{")):
        return "json"
    line = start.partition(b"\n")[0].decode("utf-8", "replace")
    is_table = max(_known([line.split(mark)]) for mark in _DELIMITERS) >= (2, 2)
    return "csv" if extension == "csv" or is_table else "json"


def table_records(body: bytes, form: str) -> Tuple[List[Any], Optional[int]]:
    """Return the records of a file of any form, and the number that it announces, if it does.

    Raises:
        UnusableError: if it cannot be read.
    """
    if form == "parquet":
        # Only the Dagster host has pyarrow; an archive is read nowhere else.
        from velib_assets.ingest.feeds.parquet_client import parquet_records  # noqa: PLC0415

        return parquet_records(body), None
    if form == "csv":
        return list(csv_records(body)), None
    return json_records(body)
