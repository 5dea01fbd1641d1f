"""Small inputs: portal records, GBFS pairs and raw objects. Tests change what they need."""

from __future__ import annotations

import json
from datetime import datetime, timezone
from typing import Any

from velib_assets.clean.hour import RawObject
from velib_assets.ingest.decode import decode
from velib_assets.ingest.raw_object import encode_raw
from velib_assets.ingest.response import FeedResponse
from velib_assets.lake.keys import raw_key

HOUR = datetime(2022, 6, 4, 10, tzinfo=timezone.utc)


def record(code: str | None = "1001", **changes: Any) -> dict[str, Any]:
    """Return a portal record of one station; keyword arguments replace fields."""
    return {
        "stationcode": code,
        "name": "Quai de l'Horloge",
        "is_installed": "OUI",
        "capacity": 20,
        "numdocksavailable": 12,
        "numbikesavailable": 8,
        "mechanical": 5,
        "ebike": 3,
        "is_renting": "OUI",
        "is_returning": "OUI",
        "duedate": "2022-06-04T09:58:00+00:00",
        "coordonnees_geo": {"lon": 2.34, "lat": 48.85},
        "nom_arrondissement_communes": "Paris",
        "code_insee_commune": None,
    } | changes


def records(count: int = 40, **changes: Any) -> list[dict[str, Any]]:
    """Return records of the stations 1001, 1002, … in this order."""
    return [record(str(1001 + n), **changes) for n in range(count)]


def pair(code: str | None = "16107", **changes: Any) -> dict[str, Any]:
    """Return a joined GBFS record; keyword arguments replace fields of its status."""
    return {
        "information": {
            "station_id": 7,
            "stationCode": code,
            "name": "Benjamin Godard",
            "lat": 48.86,
            "lon": 2.27,
            "capacity": 35,
        },
        "status": {
            "station_id": 7,
            "stationCode": code,
            "num_bikes_available": 9,
            "num_bikes_available_types": [{"ebike": 2}, {"mechanical": 7}],
            "num_docks_available": 20,
            "is_installed": 1,
            "is_renting": 1,
            "is_returning": 0,
            "last_reported": 1654336680,
        }
        | changes,
    }


def body(rows: list[Any]) -> bytes:
    """Return the bytes of an export."""
    return json.dumps(rows, ensure_ascii=False).encode()


def at(minute: int, second: int = 0) -> datetime:
    """Return a time in HOUR."""
    return HOUR.replace(minute=minute, second=second)


def raw(rows: list[Any], minute: int = 0, feed: str = "opendata") -> RawObject:
    """Return a raw object of HOUR with these records."""
    response = FeedResponse(feed, {"body": body(rows)})
    data = encode_raw(feed, at(minute), at(minute), decode(response))
    return RawObject(raw_key(at(minute)), f"hash-{minute}", data)


def first_version(rows: list[Any], minute: int = 0) -> RawObject:
    """Return a raw object of the first version: not compressed, without feed and hash."""
    envelope = {
        "source": "velib",
        "ingested_at": at(minute).isoformat(),
        "record_count": len(rows),
        "results": rows,
    }
    key = raw_key(at(minute)).removesuffix(".gz")
    return RawObject(key, f"hash-{minute}", json.dumps(envelope).encode())
