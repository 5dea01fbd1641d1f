"""Turns an archived file into a response in the form of a feed."""

from __future__ import annotations

from typing import Any, Dict, List, Mapping, NamedTuple, Optional, Sequence, Set, Tuple

from velib_assets.ingest.feeds.archive_labels import (
    COLUMNS_OF,
    LAT,
    LON,
    POSITION,
    field_for,
    field_of,
    table_columns,
    words_of,
)
from velib_assets.ingest.feeds.archive_tables import form_of, table_records
from velib_assets.ingest.feeds.archive_values import is_null, portal_value
from velib_assets.ingest.feeds.opendata import FEED
from velib_assets.ingest.json_document import dump, split_head
from velib_assets.ingest.response import GBFS, OPENDATA, FeedResponse, UnusableError

_HEAD = 4096
_REPEATED = 2  # records per station from which a table holds several snapshots
_CODE = b'"stationcode"'


class Export(NamedTuple):
    """An archived export in the form of its feed.

    Args:
        response: the response.
        total: how many records the file announces, if it has fewer.
        missing: columns of the table that no column of a converted file fills.
        is_converted: whether the response differs from the file's bytes.
    """

    response: FeedResponse
    total: Optional[int] = None
    missing: Tuple[str, ...] = ()
    is_converted: bool = False


def read_export(body: bytes, extension: str, columns: Mapping[str, str]) -> Export:
    """Read an export; one that is in the portal's form already stays unmodified.

    Args:
        body: the bytes of the file, decompressed.
        extension: of the file's name, which counts if the content leaves it open.
        columns: VELIB_ARCHIVE_COLUMNS, {column of the table: column of the file}.

    Raises:
        UnusableError: if it cannot be read, or lacks a column of `columns` that the audit needs.
    """
    unmodified = FeedResponse(OPENDATA, {"body": body})
    form = form_of(body, extension)
    is_table = form != "json"
    if not is_table and not columns and _is_complete(body):
        return Export(unmodified)
    records, total = table_records(body, form)
    missing_records = total if total is not None and len(records) < total else None
    objects = [record for record in records if isinstance(record, dict)]
    if objects and all(isinstance(record.get("status"), dict) for record in objects) and not is_table:
        return Export(FeedResponse(GBFS, {"body": body}), missing_records)
    plan = _plan(objects, columns)
    is_portal = LAT not in plan and _is_direct(body) and all(name == field for field, name in plan.items())
    if not is_table and (is_portal or not plan):
        return Export(unmodified, missing_records)
    _check_columns(plan, objects, columns)
    used = set(plan.values())
    converted = [
        _portal_record(record, plan, used) if isinstance(record, dict) else record for record in records
    ]
    _check_one_snapshot(converted)
    filled = {column for field in plan for column in COLUMNS_OF[field]}
    missing = tuple(column for column in table_columns() if column not in filled)
    return Export(
        FeedResponse(OPENDATA, {"body": encode_page(converted, total)}), missing_records, missing, True
    )


def encode_page(records: Sequence[Any], total: Optional[int]) -> bytes:
    """Encode records as the portal answers, with `total_count` if it is known."""
    array = dump(list(records))
    return array if total is None else b'{"total_count": %d, "results": %s}' % (total, array)


def _is_direct(body: bytes) -> bool:
    """Whether a JSON body seems to have the portal's fields in its records themselves."""
    head = body[:_HEAD]
    return _CODE in head and b'"fields"' not in head and b'"features"' not in head


def _is_complete(body: bytes) -> bool:
    """Whether a JSON body has the portal's records, and all that it announces, without parsing them."""
    if not _is_direct(body):
        return False
    split = split_head(body)
    total = split[0].get("total_count") if split else None
    if total is None and b'"total_count"' in body:
        return False  # it follows the records
    return not isinstance(total, int) or body.count(_CODE) >= total


def _plan(records: Sequence[Mapping[str, Any]], columns: Mapping[str, str]) -> Dict[str, str]:
    """Return {portal's field: column of the file} for the columns that records have.

    The setting comes first, then the technical name, then a label.
    """
    names = list(dict.fromkeys(name for record in records for name in record))
    plan: Dict[str, str] = {}
    for column, source in columns.items():
        nested = [source] if any(_cell(record, source) is not None for record in records) else []
        if same := nested or [name for name in names if words_of(name) == words_of(source)]:
            plan[field_for(column)] = same[0]
    for name in sorted(names, key=lambda name: name != field_of(name)):
        field = field_of(name)
        if field and field not in plan and name not in plan.values():
            plan[field] = name
    if POSITION in plan and not {LAT, LON} & {field_for(column) for column in columns}:
        plan.pop(LAT, None)
        plan.pop(LON, None)
    elif LAT in plan and LON in plan:
        plan.pop(POSITION, None)
    return plan


def _portal_record(record: Mapping[str, Any], plan: Mapping[str, str], used: Set[str]) -> Dict[str, Any]:
    """Return a record with the portal's fields; columns that fill none keep their names."""
    values = {field: portal_value(field, _cell(record, name)) for field, name in plan.items()}
    lat, lon = values.pop(LAT, None), values.pop(LON, None)
    if POSITION not in values:
        values[POSITION] = {"lon": lon, "lat": lat} if lat is not None and lon is not None else None
    declared = {
        field.path: values.get(field.path) for field in FEED.fields if field.required or field.path in values
    }
    others = {
        name: None if is_null(value) else portal_value("", value)
        for name, value in record.items()
        if name not in used and name not in declared
    }
    return {**declared, **others}


def _cell(record: Mapping[str, Any], name: str) -> Any:  # noqa: ANN401 - JSON is any shape
    """Return a value by its name, or by a path such as `station.code`."""
    if name in record or "." not in name:
        return record.get(name)
    value: Any = record
    for part in name.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    return value


def _check_columns(
    plan: Mapping[str, str], records: Sequence[Mapping[str, Any]], columns: Mapping[str, str]
) -> None:
    """Report a table without the columns that make a snapshot usable.

    Raises:
        UnusableError: `missing_field`, with the columns that the file has.
    """
    for column in ("station_id", "bikes", "docks"):
        if field_for(column) in plan:
            continue
        names = ", ".join(list(dict.fromkeys(name for record in records for name in record))[:20])
        wanted, advice = (
            f"column for {column}",
            f"Add {column}=<column of the file> to VELIB_ARCHIVE_COLUMNS"
            if columns
            else f"Set VELIB_ARCHIVE_COLUMNS, for example {column}=<column of the file>",
        )
        if column in columns:
            wanted = f"column {columns[column]!r}"
            advice = f"Correct {column}={columns[column]} in VELIB_ARCHIVE_COLUMNS"
        raise UnusableError(
            "missing_field", f"the file has no {wanted}; it has: {names or 'nothing'}. {advice}"
        )


def _check_one_snapshot(records: List[Any]) -> None:
    """Report a table of many times, of which all but the first would be dropped as duplicates.

    Raises:
        UnusableError: `many_snapshots`.
    """
    codes = [code for code in map(FEED.station_code, records) if code is not None]
    stations = len(set(codes))
    if stations > 1 and len(codes) >= _REPEATED * stations:
        raise UnusableError(
            "many_snapshots",
            f"the file has {len(codes):,} records of {stations:,} stations: it holds several snapshots. "
            "Split it into one file per time",
        )
