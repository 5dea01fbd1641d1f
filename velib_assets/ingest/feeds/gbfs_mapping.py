"""The mapping of GBFS 1.0 to 3.1, and of Vélib's dialect, to the columns of the table, as plain data.

`MAPPING` is the one place that knows which field of which version fills a column, and in which forms. It is
for networks other than Vélib', whose fields are those of `gbfs`. `gbfs_values` reads a record by it,
`gbfs_rules` (in the clean step) then applies the rules that need a whole snapshot. A record is
`{"information": …, "status": …, "region": …}`. Source: https://github.com/MobilityData/gbfs.
"""

from __future__ import annotations

from typing import Dict, NamedTuple, Tuple

IDENTITY, TEXT, LOCALIZED = "identity", "text", "localized text"
NUMBER, FLAG, TIME = "number", "flag", "time"
COUNT, SPACES = "count", "spaces"
SPACES_BY_TYPE, SPACES_BY_TYPES = "spaces by type", "spaces by types"
TYPES_BY_ID, TYPES_OBJECT, TYPES_LIST_OF_OBJECTS = "types by id", "types as object", "types as list"
EBIKES_OF_BIKES = "electric bikes"

FORMS: Dict[str, str] = {
    IDENTITY: "a text without the spaces around it, or a whole number of any size, as text",
    TEXT: "a text",
    LOCALIZED: 'a list of `{"text", "language"}`: in the feed\'s language, else English, else the first',
    NUMBER: "a finite number, also as text",
    FLAG: "true or false, 1 or 0, or a word such as `yes`",
    TIME: "a POSIX time in seconds, milliseconds or microseconds by its size, or RFC 3339 text",
    COUNT: "a whole number that is not negative, also as text",
    SPACES: "a count; but -1, and 999 or more, mean unknown: no station has so many docks",
    SPACES_BY_TYPE: "an object `{type id: count}`: the sum, without types that are no bikes",
    SPACES_BY_TYPES: 'a list of `{"vehicle_type_ids", "count"}`: the sum, without items for no bike',
    TYPES_BY_ID: 'a list of `{"vehicle_type_id", "count"}`; `vehicle_types` explains the ids',
    TYPES_OBJECT: "an object `{word: count}`, or by type ids",
    TYPES_LIST_OF_OBJECTS: "a list of such objects",
    EBIKES_OF_BIKES: "a count of the electric bikes; the mechanical ones are the rest",
}
"""The forms that a value can have. Null, NaN, blank text, `[]` and `{}` say nothing."""

MOST_SPACES = 999
"""From this number on, SPACES are unknown."""

MECHANICAL, ELECTRIC, OTHER, UNKNOWN = "mechanical", "electric", "no bike", "unknown"
"""What a vehicle type is. UNKNOWN are also bikes whose propulsion is not known; they count as bikes.

Counts are summed by kind. They say nothing if one of them is no count, if some vehicles are UNKNOWN, or if
they have no bikes where the station has some. Vehicles that are no bikes are taken off the station's total if
that is at least the sum of all types: then it includes them.
"""

BIKE_FORMS = ("bicycle", "cargo_bicycle")
"""The form factors of bikes."""

PEDALLED_FORM, PEDALLED = "other", ("human", "electric_assist")
"""The form factor of handbikes and other bikes for which GBFS has none, and the propulsions that show it."""

VEHICLES: Dict[str, str] = {
    "human": MECHANICAL,
    "electric_assist": ELECTRIC,
    "electric": ELECTRIC,
    "combustion": ELECTRIC,
    "combustion_diesel": ELECTRIC,
    "hybrid": ELECTRIC,
    "plug_in_hybrid": ELECTRIC,
    "hydrogen_fuel_cell": ELECTRIC,
    **dict.fromkeys(BIKE_FORMS, UNKNOWN),
    "car": OTHER,
    "moped": OTHER,
    "scooter": OTHER,
    "scooter_standing": OTHER,
    "scooter_seated": OTHER,
    "other": OTHER,
}
"""What a vehicle type is, by `gbfs.vehicle_types` of the raw object: a bike's propulsion, else its form."""

BIKE_WORDS: Dict[str, str] = {
    **dict.fromkeys(("mechanical", "classic", "smart", "human", "regular", "standard", "normal"), MECHANICAL),
    **dict.fromkeys(("ebike", "ebikes", "electric", "electrical", "electricassist", "pedelec"), ELECTRIC),
    **dict.fromkeys(("scooter", "scooters", "escooter", "moped", "car"), OTHER),
}
"""What the words of TYPES_OBJECT and TYPES_LIST_OF_OBJECTS mean, without case, `_`, `-` and spaces.

`smart` is BCycle's bike with its own lock, without a motor. Every other word is UNKNOWN.
"""

ALL, FROM_2, FROM_3, ONLY_2 = "1.0 to 3.1", "2.1 to 3.1", "3.0 and 3.1", "2.1 to 2.3"
VELIB, LYFT, BCYCLE, MISPLACED = "Vélib'", "Lyft", "BCycle", "misplaced"


class Source(NamedTuple):
    """A field that can fill a column.

    Args:
        path: `part.name` in a record.
        forms: the forms of its value; the JSON type decides which one a value has.
        versions: the versions of GBFS that have it, or whose dialect it is, for the documentation. MISPLACED
            is a field that some feeds have in the other file.
    """

    path: str
    forms: Tuple[str, ...]
    versions: str


class Mapped(NamedTuple):
    """A column and the fields that can fill it.

    Args:
        column: the column.
        sources: the fields in order of preference: the first that says something counts.
        required: whether every version has it; a required column that no record fills is drift.
    """

    column: str
    sources: Tuple[Source, ...]
    required: bool = False


_BIKE_TYPES = (
    Source("status.vehicle_types_available", (TYPES_BY_ID, TYPES_OBJECT), FROM_2),
    Source("status.num_bikes_available_types", (TYPES_OBJECT, TYPES_LIST_OF_OBJECTS), f"{BCYCLE}, {VELIB}"),
    Source("status.num_ebikes_available", (EBIKES_OF_BIKES,), LYFT),
)
_BY_TYPE = (SPACES_BY_TYPE, SPACES_BY_TYPES, SPACES)

MAPPING: Tuple[Mapped, ...] = (
    Mapped(
        "station_id",
        (
            Source("status.station_id", (IDENTITY,), ALL),
            Source("information.station_id", (IDENTITY,), ALL),
        ),
        required=True,
    ),
    Mapped("name", (Source("information.name", (TEXT, LOCALIZED), ALL),), required=True),
    Mapped(
        "commune",
        (
            Source("region.name", (TEXT, LOCALIZED), ALL),
            Source("information.region_id", (IDENTITY,), ALL),
        ),
    ),
    Mapped(
        "lat",
        (Source("information.lat", (NUMBER,), ALL), Source("status.lat", (NUMBER,), MISPLACED)),
        required=True,
    ),
    Mapped(
        "lon",
        (Source("information.lon", (NUMBER,), ALL), Source("status.lon", (NUMBER,), MISPLACED)),
        required=True,
    ),
    Mapped("is_installed", (Source("status.is_installed", (FLAG,), ALL),), required=True),
    Mapped("is_renting", (Source("status.is_renting", (FLAG,), ALL),), required=True),
    Mapped("is_returning", (Source("status.is_returning", (FLAG,), ALL),), required=True),
    Mapped(
        "capacity",
        (
            Source("information.capacity", (SPACES,), ALL),
            Source("information.vehicle_docks_capacity", _BY_TYPE, FROM_3),
            Source("information.vehicle_type_capacity", _BY_TYPE, ONLY_2),
            Source("information.vehicle_types_capacity", _BY_TYPE, FROM_3),
            Source("information.vehicle_capacity", _BY_TYPE, ONLY_2),
        ),
    ),
    Mapped(
        "bikes",
        (
            Source("status.num_bikes_available", (COUNT,), "1.0 to 2.3"),
            Source("status.num_vehicles_available", (COUNT,), FROM_3),
            Source("status.numBikesAvailable", (COUNT,), VELIB),
        ),
        required=True,
    ),
    Mapped("mechanical", _BIKE_TYPES),
    Mapped("ebikes", _BIKE_TYPES),
    Mapped(
        "docks",
        (
            Source("status.num_docks_available", (SPACES,), ALL),
            Source("status.numDocksAvailable", (SPACES,), VELIB),
            Source("status.vehicle_docks_available", _BY_TYPE, FROM_2),
        ),
    ),
    Mapped("reported_ts", (Source("status.last_reported", (TIME,), ALL),), required=True),
    Mapped("is_virtual", (Source("information.is_virtual_station", (FLAG,), FROM_2),)),
)
"""The columns that are read from records, with the fields that fill them."""
