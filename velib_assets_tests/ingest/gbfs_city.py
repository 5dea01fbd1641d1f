"""A small GBFS feed on a scripted server. Tests change what they need."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from velib_assets_tests.http_server import LocalServer, Reply

PARTS = ("system_information", "station_information", "station_status", "vehicle_types", "system_regions")
ROOT = "/gbfs/2.3"
REPORTED = 1654336680  # 2022-06-04 09:58 UTC


def data(part: str) -> dict[str, Any]:
    """Return the data of a file of version 2.3: two stations, one region, three types of vehicles."""
    every: dict[str, dict[str, Any]] = {
        "system_information": {
            "system_id": "rouen-velo",
            "language": "fr",
            "name": "LOVÉLO",
            "timezone": "Europe/Paris",
        },
        "station_information": {"stations": [information("5288", region_id="r1"), information("5253")]},
        "station_status": {"stations": [status("5288"), status("5253")]},
        "vehicle_types": {
            "vehicle_types": [
                {"vehicle_type_id": "bike", "form_factor": "bicycle", "propulsion_type": "human"},
                {"vehicle_type_id": "ebike", "form_factor": "bicycle", "propulsion_type": "electric_assist"},
                {"vehicle_type_id": "unused", "form_factor": "moped", "propulsion_type": "electric"},
            ]
        },
        "system_regions": {"regions": [{"region_id": "r1", "name": "Rive droite"}]},
    }
    return every[part]


def information(station_id: object, **changes: Any) -> dict[str, Any]:
    """Return an entry of station_information."""
    station = {"station_id": station_id, "name": f"Station {station_id}", "lat": 49.44, "lon": 1.09}
    return {**station, "capacity": 10, **changes}


def status(station_id: object, **changes: Any) -> dict[str, Any]:
    """Return an entry of station_status."""
    return {
        "station_id": station_id,
        "is_installed": True,
        "is_renting": True,
        "is_returning": True,
        "last_reported": REPORTED,
        "num_bikes_available": 5,
        "num_docks_available": 5,
        "vehicle_types_available": [
            {"vehicle_type_id": "bike", "count": 3},
            {"vehicle_type_id": "ebike", "count": 2},
        ],
        **changes,
    }


def file(content: object, version: str = "2.3", **members: Any) -> Reply:
    """Return a reply with a file of GBFS."""
    said = {"version": version} if version else {}
    return reply({"last_updated": REPORTED, "ttl": 60, **said, "data": content, **members})


def reply(document: object) -> Reply:
    """Return a reply with a JSON document."""
    return Reply(200, json.dumps(document, ensure_ascii=False).encode(), {"Content-Type": "application/json"})


def listed(*parts: str, base: str = "") -> dict[str, Any]:
    """Return the feeds of a discovery document, at `base` or relative to it."""
    return {"feeds": [{"name": part, "url": f"{base}{part}.json"} for part in parts]}


def serve(
    server: LocalServer, replies: Mapping[str, Reply] = {}, *, root: str = ROOT, version: str = "2.3"
) -> str:
    """Serve the feed and return the URL of its discovery document; `replies` replaces files."""
    discovery = file({"fr": listed(*PARTS, base=f"{server.url}{root}/")}, version)
    files = {"gbfs": discovery, **{part: file(data(part), version) for part in PARTS}}
    for part, content in {**files, **replies}.items():
        server.queue(f"{root}/{part}.json", content)
    return f"{server.url}{root}/gbfs.json"
