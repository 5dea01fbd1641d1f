"""The simulator's faults in the files of a GBFS feed.

A fault of the content changes the records before they are written as GBFS. One that breaks the bytes, or
that GBFS has in another form, changes the two files of stations.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from velib_assets.ingest.feed_info import GBFS_PARTS
from velib_assets.simulator.faults import FAULTS
from velib_assets.simulator.gbfs_files import gbfs_files

_EVERY = 10  # swapped coordinates affect every tenth station


def _stations(change: Callable[[list[dict[str, Any]]], Mapping[str, Any]]) -> Callable[[bytes], bytes]:
    """Return a fault that replaces the `data` of a file, from its list of stations."""

    def fault(body: bytes) -> bytes:
        document = json.loads(body)
        data = change(document["data"]["stations"])
        return json.dumps({**document, "data": data}, ensure_ascii=False).encode("utf-8")

    return fault


def _swapped(stations: list[dict[str, Any]]) -> dict[str, Any]:
    for station in stations[::_EVERY]:
        if "lat" in station:
            station["lat"], station["lon"] = station["lon"], station["lat"]
    return {"stations": stations}


def _renamed(body: bytes) -> bytes:
    for name in (b'"num_bikes_available"', b'"num_vehicles_available"'):
        body = body.replace(name, b'"bikes_available"')
    return body


ON_FILES: dict[str, Callable[[bytes], bytes]] = {
    "html": FAULTS["html"],
    "truncated": FAULTS["truncated"],
    "not_a_list": FAULTS["not_a_list"],
    "invalid_utf8": lambda body: body.replace(b'"station_id": "', b'"station_id": "\xe9', 1),
    "no_results": _stations(lambda stations: {"total_count": len(stations)}),
    "renamed_field": _renamed,
    "coordinates_list": _stations(_swapped),
}
"""Faults that change the files of stations; all others change the records."""


def faulty_gbfs_files(
    version: str, snapshot: bytes, at: datetime, base_url: str, fault: str = ""
) -> dict[str, bytes]:
    """Write a snapshot in the portal's form as the files of a GBFS feed, perhaps with a fault.

    Args:
        version: see `gbfs_files`.
        snapshot: the bytes of a good snapshot.
        at: see `gbfs_files`.
        base_url: see `gbfs_files`.
        fault: the name of a fault of `faults.FAULTS`; empty for none.
    """
    change = ON_FILES.get(fault)
    document = json.loads(FAULTS[fault](snapshot) if fault and not change else snapshot)
    records = document["results"] if isinstance(document, dict) else document
    files = gbfs_files(version, records, at, base_url)
    return files if change is None else {**files, **{part: change(files[part]) for part in GBFS_PARTS}}
