"""Cleans GBFS files of an invented network in this process, from their bytes to rows."""

from __future__ import annotations

import json
from datetime import datetime, timezone
from typing import Any

from velib_assets.clean.hour import HourRows, RawObject, clean_hour
from velib_assets.ingest.audit import audit
from velib_assets.ingest.decode import decode
from velib_assets.ingest.raw_object import encode_raw
from velib_assets.ingest.response import FeedResponse
from velib_assets.lake.keys import raw_key
from velib_assets.stations.register import Register

NETWORK = "rouen"
HOUR = datetime(2025, 2, 28, 9, tzinfo=timezone.utc)
REPORTED = 1740733320  # 2025-02-28 09:02 UTC
VEHICLE_TYPES = [
    {"vehicle_type_id": "bike", "form_factor": "bicycle", "propulsion_type": "human"},
    {"vehicle_type_id": "ebike", "form_factor": "bicycle", "propulsion_type": "electric_assist"},
    {"vehicle_type_id": "cargo", "form_factor": "cargo_bicycle", "propulsion_type": "hydrogen_fuel_cell"},
    {"vehicle_type_id": "kick", "form_factor": "scooter_standing", "propulsion_type": "electric"},
    {"vehicle_type_id": "car", "form_factor": "car", "propulsion_type": "combustion"},
    {"vehicle_type_id": "some", "form_factor": "bicycle"},
]

Row = dict[str, Any]


def information(station_id: Any = "5288", **changes: Any) -> dict[str, Any]:
    """Return an entry of station_information; keyword arguments replace fields, None removes one."""
    entry = {"station_id": station_id, "name": "Calende", "lat": 49.44, "lon": 1.09, "capacity": 10}
    return _changed(entry, changes)


def status(station_id: Any = "5288", **changes: Any) -> dict[str, Any]:
    """Return an entry of station_status; keyword arguments replace fields, None removes one."""
    entry = {
        "station_id": station_id,
        "is_installed": True,
        "is_renting": True,
        "is_returning": True,
        "last_reported": REPORTED,
        "num_bikes_available": 6,
        "num_docks_available": 4,
    }
    return _changed(entry, changes)


def stations(count: int) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return the entries of both files for stations `s1`, `s2`, … around a centre."""
    ids = [f"s{n}" for n in range(1, count + 1)]
    described = [information(key, lat=49.44 + n / 1000, lon=1.09 + n / 1000) for n, key in enumerate(ids)]
    return described, [status(key) for key in ids]


def file(data: object, **members: Any) -> bytes:
    """Return the bytes of a GBFS file."""
    return json.dumps({"last_updated": REPORTED, "ttl": 60, "data": data, **members}).encode()


def clean(
    described: Any, reported: Any, minute: int = 15, register: Register | None = None, **parts: Any
) -> HourRows:
    """Return the cleaned hour of one snapshot; lists of entries become files, bytes stay as they are.

    Args:
        described: the entries of station_information.
        reported: the entries of station_status.
        minute: the minute of HOUR at which the snapshot was taken.
        register: the station register.
        parts: the entries of `vehicle_types` and `system_regions`, and the data of other files.
    """
    raw = raw_object(described, reported, minute, **parts)
    return clean_hour(HOUR, [raw], register, network=NETWORK)


def raw_object(described: Any, reported: Any, minute: int = 15, **parts: Any) -> RawObject:
    """Return the raw object of a snapshot.

    Raises:
        UnusableError: if ingest refuses it.
    """
    lists = {
        "station_information": ("stations", described),
        "station_status": ("stations", reported),
        "vehicle_types": ("vehicle_types", parts.pop("vehicle_types", VEHICLE_TYPES)),
        "system_regions": ("regions", parts.pop("system_regions", [])),
    }
    bodies = {
        part: entries if isinstance(entries, bytes) else file({name: entries})
        for part, (name, entries) in lists.items()
    }
    response = FeedResponse("gbfs", {**bodies, **{part: file(data) for part, data in parts.items()}})
    decoded = decode(response, NETWORK)
    audit(decoded.records, "gbfs", NETWORK, decoded.gbfs)
    taken = HOUR.replace(minute=minute)
    return RawObject(raw_key(taken), f"hash-{minute}", encode_raw("gbfs", taken, taken, decoded))


def rows(cleaned: HourRows) -> dict[str, Row]:
    """Return the rows of an hour by their stations."""
    return {row["station_id"]: row for row in cleaned.table.to_pylist()}


def row(described: dict[str, Any] | None, reported: dict[str, Any], **parts: Any) -> Row:
    """Return the only row of a feed with one station."""
    (only,) = clean([described] if described else [], [reported], **parts).table.to_pylist()
    return dict(only)


def _changed(entry: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in {**entry, **changes}.items() if value is not None}
