"""Reads GBFS files in plain Python, apart from the pipeline: what the rows of a feed must contain.

It follows the specification alone. Where a rule of the pipeline goes beyond it (a type of vehicle that is no
bike, a position that cannot be), it says nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

Entry = Mapping[str, Any]
_BIKES = ("num_bikes_available", "num_vehicles_available")
_FLAGS = ("is_installed", "is_renting", "is_returning")


def stations_of(document: Mapping[str, Any]) -> list[Entry]:
    """Return the entries of a file of stations."""
    found: list[Entry] = document["data"]["stations"]
    return found


def bikes_of(status: Entry) -> int:
    """Return the number of vehicles at a station."""
    return int(next(status[name] for name in _BIKES if name in status))


def docks_of(status: Entry) -> int | None:
    """Return the number of free docks; None if the feed does not say it."""
    docks = status.get("num_docks_available")
    return None if docks is None else int(docks)


def totals(documents: Mapping[str, Any]) -> tuple[int, int, int]:
    """Return the number of stations with a status, of their bikes and of their free docks."""
    statuses = stations_of(documents["station_status"])
    return (
        len({str(status["station_id"]) for status in statuses}),
        sum(bikes_of(status) for status in statuses),
        sum(docks_of(status) or 0 for status in statuses),
    )


def expected(documents: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield each station's id and the values that its row must have, by column.

    Columns on which the specification alone does not decide are absent.
    """
    described = {str(entry["station_id"]): entry for entry in stations_of(documents["station_information"])}
    for status in stations_of(documents["station_status"]):
        key = str(status["station_id"])
        information = described.get(key, {})
        values: dict[str, Any] = {name: bool(status[name]) for name in _FLAGS}
        if (docks := docks_of(status)) is not None:
            values["docks"] = docks
        if not _counts_other_vehicles(status, documents):
            values["bikes"] = bikes_of(status)
        if (reported := reported_at(status["last_reported"])) is not None:
            values["reported_ts"] = reported
        if "capacity" in information:
            values["capacity"] = int(information["capacity"])
        if "is_virtual_station" in information:
            values["is_virtual"] = information["is_virtual_station"]
        yield key.strip(), values


def reported_at(value: Any) -> datetime | None:
    """Return a time as UTC without a zone, in milliseconds; None outside the years 2016 to 2025."""
    try:
        is_text = isinstance(value, str)
        moment = datetime.fromisoformat(value) if is_text else datetime.fromtimestamp(value, UTC)
    except (ValueError, OverflowError, OSError):
        return None
    moment = moment.astimezone(UTC) if 2 < moment.year < 9999 else moment
    if not 2016 <= moment.year <= 2025:
        return None
    return moment.replace(tzinfo=None, microsecond=moment.microsecond // 1000 * 1000)


def names_of(value: object) -> list[str]:
    """Return the texts of a name in any version, without the spaces around them."""
    texts = [value] if isinstance(value, str) else [each["text"] for each in _entries(value)]
    return [text.strip() for text in texts]


def _entries(value: object) -> Sequence[Entry]:
    return value if isinstance(value, list) else []


def _counts_other_vehicles(status: Entry, documents: Mapping[str, Any]) -> bool:
    """Return whether the counts of types include a vehicle that is no bike."""
    types = documents.get("vehicle_types", {"data": {"vehicle_types": []}})["data"]["vehicle_types"]
    others = {each["vehicle_type_id"] for each in types if "bicycle" not in each["form_factor"]}
    return any(each["vehicle_type_id"] in others for each in status.get("vehicle_types_available", []))
