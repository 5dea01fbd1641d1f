"""The simulated network as the files of a GBFS feed, in the form of each version of the specification.

Source: `gbfs.md` of each version and its JSON schemas, https://github.com/MobilityData/gbfs.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

from velib_assets.simulator.city import AREAS

VERSIONS = ("1.0", "1.1", "2.0", "2.1", "2.2", "2.3", "3.0", "3.1")
SYSTEM_ID = "simville"
SYSTEM_NAME = "Simville"
TIME_ZONE = "Europe/Paris"
LANGUAGE = "fr"
TTL = 60  # seconds
PARIS = "Paris"
MECHANICAL, ELECTRIC = "mechanical", "electric"

Record = Mapping[str, Any]


class Form(NamedTuple):
    """How a version of GBFS writes values. `version` is major and minor."""

    version: tuple[int, int]

    @property
    def text(self) -> str:
        """The version as GBFS writes it."""
        return "{}.{}".format(*self.version)

    def localized(self, value: object) -> object:
        """Write a text: from 3.0 on a list with its translations. Anything else stays."""
        if self.version < (3, 0) or not isinstance(value, str):
            return value
        return [{"text": value, "language": LANGUAGE}]

    def time(self, value: object) -> object:
        """Write an ISO 8601 time: POSIX seconds, from 3.0 on RFC 3339. Any other text stays."""
        try:
            moment = datetime.fromisoformat(str(value))
        except ValueError:
            return value
        return int(moment.timestamp()) if self.version < (3, 0) else moment.isoformat()

    def flag(self, value: object) -> object:
        """Write OUI or NON: 1 or 0, from 2.0 on a boolean."""
        return int(value == "OUI") if self.version < (2, 0) else value == "OUI"

    @property
    def bikes(self) -> str:
        """The name of the number of available bikes."""
        return "num_bikes_available" if self.version < (3, 0) else "num_vehicles_available"

    @property
    def has_types(self) -> bool:
        """Whether the version knows types of vehicles."""
        return self.version >= (2, 1)


def form_of(version: str) -> Form:
    """Return the form of a version, one of VERSIONS."""
    major, minor = version.split(".")
    return Form((int(major), int(minor)))


def gbfs_files(version: str, records: Sequence[Record], at: datetime, base_url: str) -> dict[str, bytes]:
    """Write the files of a GBFS feed.

    Args:
        version: one of VERSIONS.
        records: the snapshot in the portal's form, perhaps with odd values, which are written as they are.
        at: when the files were made (UTC).
        base_url: the URL above the files, without a trailing slash.

    Returns:
        The files as JSON, by their names in `gbfs.json`; that file is `gbfs`.
    """
    form = form_of(version)
    data: dict[str, dict[str, Any]] = {
        "system_information": _system(form),
        "station_information": {"stations": [_information(form, record) for record in records]},
        "station_status": {"stations": [_status(form, record) for record in records]},
        "system_regions": {
            "regions": [{"region_id": key, "name": form.localized(name)} for name, key in REGIONS.items()]
        },
    }
    if form.has_types:
        data["vehicle_types"] = {"vehicle_types": _vehicle_types(form)}
    feeds = {"feeds": [{"name": name, "url": f"{base_url}/{name}.json"} for name in data]}
    discovery = feeds if form.version >= (3, 0) else {LANGUAGE: feeds}
    return {name: _envelope(form, at, content) for name, content in {"gbfs": discovery, **data}.items()}


def region_of(record: Record) -> str:
    """Return the name of a station's region: its commune, in Paris one of twenty quarters."""
    commune, code = record.get("nom_arrondissement_communes"), str(record.get("stationcode"))
    return f"Quartier {int(code) // 1000}" if commune == PARIS and code.isdigit() else str(commune)


def _regions() -> dict[str, str]:
    names = {
        f"Quartier {area.first_code // 1000}" if area.commune == PARIS else area.commune for area in AREAS
    }
    return {name: f"region-{n}" for n, name in enumerate(sorted(names), 1)}


REGIONS = _regions()
"""The ids of all regions, by name."""


def _envelope(form: Form, at: datetime, data: Mapping[str, Any]) -> bytes:
    version = {} if form.version < (1, 1) else {"version": form.text}
    document = {
        "last_updated": form.time(at.astimezone(UTC).isoformat()),
        "ttl": TTL,
        **version,
        "data": data,
    }
    return json.dumps(document, ensure_ascii=False).encode("utf-8")


def _system(form: Form) -> dict[str, Any]:
    system = {"system_id": SYSTEM_ID, "name": form.localized(SYSTEM_NAME), "timezone": TIME_ZONE}
    if form.version < (3, 0):
        return {**system, "language": LANGUAGE}
    required = {"opening_hours": "24/7", "feed_contact_email": "simulator@example.org"}
    return {**system, "languages": [LANGUAGE], **required}


def _vehicle_types(form: Form) -> list[dict[str, Any]]:
    mechanical = {"propulsion_type": "human", "name": form.localized("Vélo mécanique")}
    electric = {
        "propulsion_type": "electric_assist",
        "max_range_meters": 50000,
        "name": form.localized("Vélo électrique"),
    }
    return [
        {"vehicle_type_id": key, "form_factor": "bicycle", **fields}
        for key, fields in ((MECHANICAL, mechanical), (ELECTRIC, electric))
    ]


def _information(form: Form, record: Record) -> dict[str, Any]:
    lat, lon = _position(record.get("coordonnees_geo"))
    region = REGIONS.get(region_of(record))
    return {
        "station_id": record.get("stationcode"),
        "name": form.localized(record.get("name")),
        "lat": lat,
        "lon": lon,
        **({"region_id": region} if region else {}),
        "capacity": record.get("capacity"),
    }


def _status(form: Form, record: Record) -> dict[str, Any]:
    counts = {MECHANICAL: record.get("mechanical"), ELECTRIC: record.get("ebike")}
    types = [{"vehicle_type_id": key, "count": count} for key, count in counts.items()]
    reported = {"last_reported": form.time(record["duedate"])} if "duedate" in record else {}
    return {
        "station_id": record.get("stationcode"),
        form.bikes: record.get("numbikesavailable"),
        **({"vehicle_types_available": types} if form.has_types else {}),
        "num_docks_available": record.get("numdocksavailable"),
        **{name: form.flag(record.get(name)) for name in ("is_installed", "is_renting", "is_returning")},
        **reported,
    }


def _position(value: object) -> tuple[object, object]:
    """Return latitude and longitude; as texts where the portal's form is one text."""
    if isinstance(value, Mapping):
        return value.get("lat"), value.get("lon")
    lat, _, lon = value.partition(", ") if isinstance(value, str) else ("", "", "")
    return lat or None, lon or None
