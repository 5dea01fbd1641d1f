"""The version of a GBFS file: what it says, else the version whose form it has."""

from __future__ import annotations

import re
from typing import Any, Mapping, Sequence

from velib_assets.ingest.gbfs_document import envelope_of

_SAID = re.compile(r"[1-9]\.\d{1,2}(?:-RC\d{0,2})?")
_IN_2_1 = ("vehicle_types_available", "vehicle_docks_available", "is_virtual_station", "station_area")
_FLAGS = ("is_installed", "is_renting", "is_returning")


def said_version(document: object) -> str:
    """Return the version that a document says; empty if it says none, or none that exists, such as `v3.0`."""
    version = envelope_of(document).get("version")
    text = str(version) if isinstance(version, (str, float)) else ""
    return text if _SAID.fullmatch(text) else ""


def version_of_form(stations: Sequence[Any]) -> str:
    """Return the first version that has the form of these stations; empty if all versions have it.

    3.0 brought `num_vehicles_available` in place of bikes, localized names and RFC 3339 times; 2.1 types of
    vehicles and virtual stations; 2.0 booleans in place of 0 and 1, which are of 1.0 and 1.1.
    """
    entries = [entry for entry in stations if isinstance(entry, dict)]
    if any(_is_3_0(entry) for entry in entries):
        return "3.0"
    if any(name in entry for entry in entries for name in _IN_2_1):
        return "2.1"
    flags = [entry[name] for entry in entries for name in _FLAGS if name in entry]
    if any(isinstance(flag, bool) for flag in flags):
        return "2.0"
    return "1.0" if flags else ""


def _is_3_0(entry: Mapping[str, Any]) -> bool:
    counts_vehicles = "num_vehicles_available" in entry and "num_bikes_available" not in entry
    reported = entry.get("last_reported")
    has_time = isinstance(reported, str) and "T" in reported
    has_translations = isinstance(entry.get("name"), list) and bool(entry["name"])
    return counts_vehicles or has_time or has_translations
