"""Joins the documents of a GBFS feed to records, for every network but Vélib'.

A record is `{"information", "status", "region"}`: a station's entries in the three files as the feed gave
them. `information` is null where the station has no description, and `region` absent where it has none. The
key is `station_id` as text; Vélib' has a second one, see `gbfs_join`.
"""

from __future__ import annotations

import json
from typing import Any, Dict, Iterator, List, Mapping, NamedTuple, Sequence

from velib_assets.ingest.feeds.gbfs_mapping import BIKE_FORMS
from velib_assets.ingest.gbfs_discovery import DISCOVERY, OPTIONAL, read_discovery
from velib_assets.ingest.gbfs_document import id_text, list_of, text_in
from velib_assets.ingest.gbfs_system import Documents, language_of
from velib_assets.ingest.gbfs_version import said_version, version_of_form

GBFS_HEAD = "gbfs"
MAX_TYPES = 8192  # bytes of the vehicle types as JSON, so that an envelope's head stays short


class Joined(NamedTuple):
    """The records of a response, and how many stations have a description but no status, hence no record."""

    records: List[Dict[str, Any]]
    without_status: int


def join_stations(information: Sequence[Any], status: Sequence[Any], regions: Sequence[Any] = ()) -> Joined:
    """Join each entry of `status` to its description and its region, in the order of `status`.

    Entries that share an id are paired in order, and the last description stands for the rest, so that the
    clean step sees, and counts, every duplicate.
    """
    described: Dict[str, List[Any]] = {}
    for entry in information:
        described.setdefault(_id(entry, "station_id"), []).append(entry)
    named = {_id(entry, "region_id"): entry for entry in reversed(regions)}
    seen: Dict[str, int] = {}
    records = []
    for entry in status:
        key = _id(entry, "station_id")
        position = seen[key] = seen.get(key, -1) + 1
        descriptions = described.get(key, []) if key else []
        description = descriptions[min(position, len(descriptions) - 1)] if descriptions else None
        record = {"information": description, "status": entry}
        region = _id(description, "region_id")
        records.append({**record, "region": named[region]} if region and region in named else record)
    return Joined(
        records, sum(len(entries) for key, entries in described.items() if not key or key not in seen)
    )


def gbfs_head(documents: Documents, joined: Joined, language: str = "") -> Dict[str, Any]:
    """Return what a raw object says of its GBFS feed, for the member `gbfs` of its head.

    Returns:
        `version` (of the status; `information_version` where the other file has another one), `language`
        of texts, `vehicle_types` of those in the status, the counts `without_status` and
        `without_information`, and `missing`: the optional files that the feed names and did not provide.
        What is unknown or 0 is absent.
    """
    stations = [record["status"] for record in joined.records]
    descriptions = [record["information"] for record in joined.records if record["information"] is not None]
    discovery = said_version(documents.get(DISCOVERY))
    status = said_version(documents.get("station_status")) or version_of_form(stations)
    information = said_version(documents.get("station_information")) or version_of_form(descriptions)
    version = status or information or discovery
    named = read_discovery(documents.get(DISCOVERY)).feeds("")
    head = {
        "version": version,
        "information_version": information if information != version else "",
        "language": language or language_of(documents),
        "vehicle_types": vehicle_types(list_of(documents.get("vehicle_types"), "vehicle_types"), stations),
        "without_status": joined.without_status,
        "without_information": len(stations) - len(descriptions),
        "missing": [name for name in OPTIONAL if name in named and name not in documents],
    }
    return {name: value for name, value in head.items() if value}


def vehicle_types(types: object, stations: Sequence[Any]) -> Dict[str, str]:
    """Return what the vehicle types of the stations are: a bike's propulsion, anything else's form.

    Types that no station mentions are left out, and those beyond MAX_TYPES bytes.
    """
    kinds: Dict[str, str] = {}
    mentioned = set(_mentioned(stations))
    size = 0
    for entry in types if isinstance(types, list) else []:
        key = _id(entry, "vehicle_type_id")
        kind = _kind(entry) if key in mentioned else ""
        size += len(json.dumps([key, kind]))
        if kind and size <= MAX_TYPES:
            kinds.setdefault(key, kind)
    return kinds


def _kind(entry: Mapping[str, Any]) -> str:
    form, propulsion = text_in(entry.get("form_factor")), text_in(entry.get("propulsion_type"))
    return (propulsion or form) if form in BIKE_FORMS or not form else form


def _mentioned(stations: Sequence[Any]) -> Iterator[str]:
    """Yield the ids of the vehicle types of stations, and of their docks."""
    for station in stations:
        for name in ("vehicle_types_available", "vehicle_docks_available"):
            counts = station.get(name) if isinstance(station, dict) else None
            for entry in counts if isinstance(counts, list) else []:
                yield _id(entry, "vehicle_type_id")
                ids = entry.get("vehicle_type_ids") if isinstance(entry, dict) else None
                yield from (id_text(key) or "" for key in (ids if isinstance(ids, list) else []))
            yield from counts if isinstance(counts, dict) else ()


def _id(entry: object, name: str) -> str:
    """Return an id of an entry as text; empty if it has none."""
    return id_text(entry.get(name)) or "" if isinstance(entry, dict) else ""
