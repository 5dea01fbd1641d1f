"""The general path: types decoded records one by one and rejects odd ones with a reason."""

from __future__ import annotations

from typing import Any, Dict, List, Mapping, Optional, Sequence

import pyarrow as pa

from velib_assets.clean.commune_names import commune_of_text
from velib_assets.clean.json_values import READERS, is_given, text
from velib_assets.clean.record_fields import json_types_in
from velib_assets.clean.typed_snapshot import (
    Reject,
    TypedSnapshot,
    UnreadableTimes,
    drift_between,
    read_types,
    typed_schema,
)
from velib_assets.ingest.counts import RowError, as_json, row_values
from velib_assets.ingest.feeds.definition import FeedDefinition
from velib_assets.lake.network import VELIB


def type_general(records: Sequence[Any], feed: FeedDefinition) -> TypedSnapshot:
    """Type the records of a usable snapshot."""
    rows: List[Dict[str, Any]] = []
    rejects: List[Reject] = []
    arrondissements: Dict[str, str] = {}
    unreadable: List[object] = []
    for position, record in enumerate(records):
        code = text(feed.station_code(record))
        try:
            values = feed.values(record)
            rows.append(_row(code, values, feed.network))
            if feed.network == VELIB:
                _name_commune(rows[-1], arrondissements)
        except RowError as error:
            rejects.append(Reject(position, code, str(error), as_json(record)))
            continue
        if rows[-1]["reported_ts"] is None and is_given(values.get("reported_ts")):
            unreadable.append(values["reported_ts"])
    return TypedSnapshot(
        pa.Table.from_pylist(rows, schema=typed_schema(feed.network)),
        rejects,
        len(records),
        drift_between(feed, json_types_in(records, feed)),
        arrondissements,
        UnreadableTimes(len(unreadable), as_json(unreadable[0])[:60] if unreadable else ""),
    )


def _row(code: Optional[str], values: Mapping[str, object], network: str) -> Dict[str, Any]:
    row = row_values(code, values)
    others = {name: type_ for name, type_ in read_types(network).items() if name not in row}
    row.update({name: READERS[type_](values.get(name)) for name, type_ in others.items()})
    return row


def _name_commune(row: Dict[str, Any], arrondissements: Dict[str, str]) -> None:
    """Give a row's commune its usual name; the arrondissement that it says is added to `arrondissements`."""
    if row["commune"] is not None:
        row["commune"], arrondissement = commune_of_text(row["commune"])
        if arrondissement:
            arrondissements[row["station_id"]] = arrondissement
