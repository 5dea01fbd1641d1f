"""What the official JSON schemas of GBFS 1.0 to 3.1 say about the files that the pipeline reads, as tables.

Written after https://github.com/MobilityData/gbfs-json-schema (folders v1.0 to v3.1), without descriptions.
Further fields are allowed in every version.
"""

from __future__ import annotations

from typing import Any, NamedTuple

VERSIONS = ("1.0", "1.1", "2.0", "2.1", "2.2", "2.3", "3.0", "3.1")
FIRST_TIME = 1450155600  # POSIX: the day on which GBFS 1.0 was adopted
LAST_TIME = 1924988399  # in 1.0 only
Schema = dict[str, Any]


class Field(NamedTuple):
    """A field: its kind, the first and last version that have it, the last that requires it ("-": none)."""

    name: str
    kind: str
    first: str
    last: str
    required_until: str


# name, kind, first version, last version, last version in which it is required
_STATION_INFORMATION = """
station_id              text          1.0 3.1 3.1
name                    localized     1.0 3.1 3.1
short_name              localized     1.0 3.1 -
lat                     latitude      1.0 3.1 3.1
lon                     longitude     1.0 3.1 3.1
address                 text          1.0 3.1 -
cross_street            text          1.0 3.1 -
region_id               text          1.0 3.1 -
post_code               text          1.0 3.1 -
city                    text          3.1 3.1 -
station_opening_hours   text          3.0 3.1 -
rental_methods          methods       1.0 3.1 -
rental_uris             uris          1.1 3.1 -
capacity                whole         1.0 3.1 -
is_virtual_station      boolean       2.1 3.1 -
station_area            area          2.1 3.1 -
vehicle_capacity        numbers       2.1 2.3 -
vehicle_type_capacity   numbers       2.1 2.3 -
is_valet_station        boolean       2.1 3.1 -
is_charging_station     boolean       2.3 3.1 -
parking_type            parking       2.3 3.1 -
parking_hoop            boolean       2.3 3.1 -
contact_phone           text          2.3 3.1 -
vehicle_types_capacity  docks_by_type 3.0 3.1 -
vehicle_docks_capacity  docks_by_type 3.0 3.1 -
"""
_STATION_STATUS = """
station_id              text          1.0 3.1 3.1
num_bikes_available     count         1.0 2.3 2.3
num_bikes_disabled      count         1.0 2.3 -
num_vehicles_available  count         3.0 3.1 3.1
num_vehicles_disabled   count         3.0 3.1 -
num_docks_available     count         1.0 3.1 1.1
num_docks_disabled      count         1.0 3.1 -
is_installed            flag          1.0 3.1 3.1
is_renting              flag          1.0 3.1 3.1
is_returning            flag          1.0 3.1 3.1
last_reported           reported      1.0 3.1 3.1
vehicle_types_available bikes_by_type 2.1 3.1 -
vehicle_docks_available docks_by_type 2.1 3.1 -
"""
_SYSTEM_INFORMATION = """
system_id               text          1.0 3.1 3.1
language                language      1.0 2.3 2.3
languages               languages     3.0 3.1 3.1
name                    localized     1.0 3.1 3.1
opening_hours           text          3.0 3.1 3.1
feed_contact_email      text          1.1 2.3 -
feed_contact_email      text          3.0 3.1 3.1
short_name              localized     1.0 3.1 -
operator                localized     1.0 3.1 -
url                     uri           1.0 3.1 -
timezone                timezone      1.0 3.1 3.1
"""
_VEHICLE_TYPES = """
vehicle_type_id         text          2.1 3.1 3.1
form_factor             form          2.1 3.1 3.1
propulsion_type         propulsion    2.1 3.1 3.1
max_range_meters        positive      2.1 3.1 -
name                    localized     2.1 3.1 -
rider_capacity          whole         2.3 3.1 -
"""
_SYSTEM_REGIONS = """
region_id               text          1.0 3.1 3.1
name                    localized     1.0 3.1 3.1
"""
_FORMS = ("bicycle", "car", "moped", "other")
_PROPULSIONS = ("human", "electric_assist", "electric", "combustion")
_NEW_PROPULSIONS = ("combustion_diesel", "hybrid", "plug_in_hybrid", "hydrogen_fuel_cell")
_METHODS = (
    *("key", "creditcard", "paypass", "applepay"),
    *("androidpay", "transitcard", "accountnumber", "phone"),
)
_PARKING = ("parking_lot", "street_parking", "underground_parking", "sidewalk_parking", "other")
_FEEDS = (
    *("gbfs", "gbfs_versions", "system_information", "vehicle_types", "station_information"),
    *("station_status", "free_bike_status", "vehicle_status", "system_hours", "system_alerts"),
    *(
        "system_calendar",
        "system_regions",
        "system_pricing_plans",
        "geofencing_zones",
        "vehicle_availability",
    ),
)
_TEXT: Schema = {"type": "string"}
_WHOLE: Schema = {"type": "integer", "minimum": 0}
LANGUAGE: Schema = {"type": "string", "pattern": "^[a-z]{2,3}(-[A-Z]{2})?$"}


def schema_of(name: str, version: str) -> Schema:
    """Return the JSON schema of a file, without `.json`, in a version.

    Raises:
        KeyError: the version has no such file.
    """
    if name == "gbfs":
        return _envelope(version, _discovery(version))
    if name == "vehicle_types" and version < "2.1":
        raise KeyError(name)
    if name == "system_information":
        return _envelope(version, _object(_SYSTEM_INFORMATION, version))
    member, table = {
        "station_information": ("stations", _STATION_INFORMATION),
        "station_status": ("stations", _STATION_STATUS),
        "vehicle_types": ("vehicle_types", _VEHICLE_TYPES),
        "system_regions": ("regions", _SYSTEM_REGIONS),
    }[name]
    items = _object(table, version)
    if name == "vehicle_types":
        items["if"] = {"properties": {"propulsion_type": {"const": "human"}}}
        items["else"] = {"required": ["max_range_meters"]}
    data = {"type": "object", "properties": {member: _list(items)}, "required": [member]}
    return _envelope(version, data)


def files_of(version: str) -> tuple[str, ...]:
    """Return the names of the files of a version that have a schema here."""
    own = ("gbfs", "system_information", "system_regions", "station_information", "station_status")
    return own if version < "2.1" else (*own, "vehicle_types")


def time_schema(version: str) -> Schema:
    """Return the schema of `last_updated`."""
    if version >= "3.0":
        return {"type": "string", "format": "date-time"}
    if version == "1.0":
        return {"type": "integer", "minimum": 0, "maximum": LAST_TIME}
    return {"type": "integer", "minimum": FIRST_TIME}


def _envelope(version: str, data: Schema) -> Schema:
    properties = {"last_updated": time_schema(version), "ttl": _WHOLE, "data": data}
    if version > "1.0":
        properties["version"] = {"type": "string", "const": version}
    return {"type": "object", "properties": properties, "required": sorted(properties)}


def _discovery(version: str) -> Schema:
    name = _TEXT if version == "1.0" else {"type": "string", "enum": list(_FEEDS)}
    url = _TEXT if version == "1.0" else {"type": "string", "format": "uri"}
    feed = {"type": "object", "properties": {"name": name, "url": url}, "required": ["name", "url"]}
    system = {"properties": {"name": {"const": "system_information"}}}
    feeds = {**_list(feed), "minItems": 1, "contains": system}
    data = {"type": "object", "properties": {"feeds": feeds}, "required": ["feeds"]}
    if version >= "3.0":
        return data
    pattern = "^[a-zA-Z]{2}$" if version == "1.0" else LANGUAGE["pattern"]
    languages = {"patternProperties": {pattern: data}, "minProperties": 1}
    return {"type": "object", **languages, "additionalProperties": False}


def _object(table: str, version: str) -> Schema:
    fields = [Field(*line.split()) for line in table.strip().splitlines()]
    present = [field for field in fields if field.first <= version <= field.last]
    required = [f.name for f in present if f.required_until != "-" and version <= f.required_until]
    properties = {field.name: kind_schema(field.kind, version) for field in present}
    return {"type": "object", "properties": properties, "required": required}


def _list(items: Schema) -> Schema:
    return {"type": "array", "items": items}


def _one_of(*values: str) -> Schema:
    return {"type": "string", "enum": list(values)}


def _counted(key: str, ids: Schema, count: Schema) -> Schema:
    return _list({"type": "object", "properties": {key: ids, "count": count}, "required": [key, "count"]})


def kind_schema(kind: str, version: str) -> Schema:
    """Return the schema of a kind of field in a version."""
    count = {"type": "number", "minimum": 0} if version == "2.1" else _WHOLE
    translation = {"type": "object", "properties": {"text": _TEXT, "language": LANGUAGE}}
    translations = _list({**translation, "required": ["text", "language"]})
    uri = _TEXT if version == "1.0" else {"type": "string", "format": "uri"}
    ring = {**_list({**_list({"type": "number"}), "minItems": 2}), "minItems": 4}
    area = {"type": _one_of("MultiPolygon"), "coordinates": _list(_list(ring))}
    bicycles = ("cargo_bicycle", "scooter_standing", "scooter_seated") if version >= "2.3" else ()
    scooters = ("scooter",) if version <= "2.3" else ()
    kinds: dict[str, Schema] = {
        "text": _TEXT,
        "localized": translations if version >= "3.0" else _TEXT,
        "uri": uri,
        "whole": _WHOLE,
        "count": count,
        "positive": {"type": "number", "minimum": 0},
        "boolean": {"type": "boolean"},
        "flag": _flag(version),
        "reported": _reported(version),
        "latitude": {"type": "number", "minimum": -90, "maximum": 90},
        "longitude": {"type": "number", "minimum": -180, "maximum": 180},
        "language": {"type": "string", "pattern": "^[a-z]{2}$"} if version == "1.0" else LANGUAGE,
        "languages": _list(LANGUAGE),
        "timezone": _one_of("Europe/Paris", "America/Los_Angeles", "Asia/Kolkata", "UTC"),
        "methods": {**_list(_one_of(*_methods(version))), "minItems": 0 if version == "1.0" else 1},
        "uris": {"type": "object", "properties": {"android": uri, "ios": uri, "web": uri}},
        "area": {"type": "object", "properties": area, "required": ["type", "coordinates"]},
        "numbers": {"type": "object", "additionalProperties": {"type": "number"}},
        "parking": _one_of(*_PARKING),
        "bikes_by_type": _counted("vehicle_type_id", _TEXT, count),
        "docks_by_type": _counted("vehicle_type_ids", _list(_TEXT), count),
        "form": _one_of(*_FORMS, *bicycles, *scooters),
        "propulsion": _one_of(*_PROPULSIONS, *(_NEW_PROPULSIONS if version >= "2.3" else ())),
    }
    return kinds[kind]


def _methods(version: str) -> tuple[str, ...]:
    return _METHODS if version >= "2.1" else tuple(method.upper() for method in _METHODS)


def _flag(version: str) -> Schema:
    if version == "1.0":
        return {"oneOf": [{"type": "boolean"}, {"type": "number"}]}
    return {"type": "number", "minimum": 0, "maximum": 1} if version == "1.1" else {"type": "boolean"}


def _reported(version: str) -> Schema:
    if version >= "3.0":
        return time_schema(version)
    if version == "1.0":
        return {"type": "number"}
    return {"type": "integer" if version == "2.3" else "number", "minimum": FIRST_TIME}
