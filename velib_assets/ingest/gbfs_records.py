"""Joins the documents of a GBFS feed to records, for every network but Vélib'.

A record is `{"information", "status", "region"}`: a station's entries in the three files as the feed gave
them. `information` or `status` is null where the station has none, and `region` absent. The key is
`station_id` as text; Vélib' has a second one, see `gbfs_join`.
"""

from __future__ import annotations

import json
from typing import Any, Dict, Iterator, List, Mapping, Sequence

from velib_assets.ingest.feeds.gbfs_mapping import (
    BIKE_FORMS,
    MAPPING,
    PEDALLED,
    PEDALLED_FORM,
    SPACES_BY_TYPE,
    TYPES_BY_ID,
)
from velib_assets.ingest.gbfs_discovery import DISCOVERY, OPTIONAL, read_discovery
from velib_assets.ingest.gbfs_document import id_text, list_of, text_in
from velib_assets.ingest.gbfs_join import join_gbfs
from velib_assets.ingest.gbfs_system import Documents, language_of
from velib_assets.ingest.gbfs_version import said_version, version_of_form

GBFS_HEAD = "gbfs"
_TYPED = tuple(
    source.path.partition(".")[2]
    for mapped in MAPPING
    for source in mapped.sources
    if {TYPES_BY_ID, SPACES_BY_TYPE} & set(source.forms)
)
MAX_TYPES = 8192  # bytes of the vehicle types as JSON, so that an envelope's head stays short


def join_stations(
    information: Sequence[Any], status: Sequence[Any], regions: Sequence[Any] = ()
) -> List[Dict[str, Any]]:
    """Join the entries of the three files by their ids, in the order of `information`, then of `status`.

    See `join_gbfs`. Of several regions with one id the first counts.
    """
    named = {_id(entry, "region_id"): entry for entry in reversed(regions) if _id(entry, "region_id")}
    records = join_gbfs(information, status, has_codes=False)
    for record in records:
        region = named.get(_id(record["information"], "region_id"))
        if region is not None:
            record["region"] = region
    return records


def gbfs_head(
    documents: Documents, records: Sequence[Mapping[str, Any]], language: str = ""
) -> Dict[str, Any]:
    """Return what a raw object says of its GBFS feed, for the member `gbfs` of its head.

    Returns:
        `version` (of the status; `information_version` where the other file has another one), `language`
        of texts, `vehicle_types` of those that stations mention, the counts `without_status` and
        `without_information`, and `missing`: the optional files that the feed names and did not provide.
        What is unknown or 0 is absent.
    """
    stations = [record["status"] for record in records if record["status"] is not None]
    descriptions = [record["information"] for record in records if record["information"] is not None]
    discovery = said_version(documents.get(DISCOVERY))
    status = said_version(documents.get("station_status")) or version_of_form(stations)
    information = said_version(documents.get("station_information")) or version_of_form(descriptions)
    version = status or information or discovery
    named = read_discovery(documents.get(DISCOVERY)).feeds("")
    language = language or language_of(documents)
    head = {
        "version": version,
        "information_version": information if information != version else "",
        "language": language if language.isprintable() else "",
        "vehicle_types": vehicle_types(
            list_of(documents.get("vehicle_types"), "vehicle_types"), [*stations, *descriptions]
        ),
        "without_status": len(records) - len(stations),
        "without_information": len(records) - len(descriptions),
        "missing": [name for name in OPTIONAL if name in named and name not in documents],
    }
    return {name: value for name, value in head.items() if value}


def vehicle_types(types: object, stations: Sequence[Any]) -> Dict[str, str]:
    """Return what the vehicle types of the stations are: a bike's propulsion, anything else's form.

    A handbike is a bike: its form is `other`, and its propulsion says that it is pedalled.

    Types that no entry of a station mentions are left out, and those beyond MAX_TYPES bytes.
    """
    kinds: Dict[str, str] = {}
    mentioned = set(_mentioned(stations))
    size = 0
    for entry in types if isinstance(types, list) else []:
        key = _id(entry, "vehicle_type_id")
        kind = _kind(entry) if key and key in mentioned else ""
        size += len(json.dumps([key, kind])) if kind else 0
        if kind and size <= MAX_TYPES and f"{key}{kind}".isprintable():
            kinds.setdefault(key, kind)
    return kinds


def _kind(entry: Mapping[str, Any]) -> str:
    form, propulsion = text_in(entry.get("form_factor")), text_in(entry.get("propulsion_type"))
    is_bike = form in BIKE_FORMS or not form or (form == PEDALLED_FORM and propulsion in PEDALLED)
    return (propulsion or form) if is_bike else form


def _mentioned(stations: Sequence[Any]) -> Iterator[str]:
    """Yield the ids of the vehicle types of stations, and of their docks and capacities."""
    for station in stations:
        for name in _TYPED:
            counts = station.get(name) if isinstance(station, dict) else None
            for entry in counts if isinstance(counts, list) else []:
                yield _id(entry, "vehicle_type_id")
                ids = entry.get("vehicle_type_ids") if isinstance(entry, dict) else None
                yield from (id_text(key) or "" for key in (ids if isinstance(ids, list) else []))
            yield from counts if isinstance(counts, dict) else ()


def _id(entry: object, name: str) -> str:
    """Return an id of an entry as text; empty if it has none."""
    return id_text(entry.get(name)) or "" if isinstance(entry, dict) else ""
