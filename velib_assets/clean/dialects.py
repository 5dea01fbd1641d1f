"""What each feed's ordinary records look like to Arrow, and which of their fields fills which column.

Belongs here: the fast path's counterpart of `general`'s readers. Does not: parsing or judging (fast).
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Callable, Dict, List, NamedTuple, Optional, Tuple

import pyarrow as pa
import pyarrow.compute as pc

from velib_assets.clean.typed import FALSE_WORDS, TRUE_WORDS
from velib_assets.ingest.response import GBFS, OPENDATA

Fields = Dict[str, pa.Array]  # by their path, as in core.schema.FIELDS


class FeedMapping(NamedTuple):
    """A feed's records: as they are declared, what is read of them, and the columns made of that.

    `nested`: the fields lie in the members of a record, not in the record itself. `columns` gives
    None where it cannot tell.
    """

    declared: pa.StructType
    read: pa.StructType
    nested: bool
    columns: Callable[[Fields], Optional[Dict[str, pa.Array]]]


def _portal(fields: Fields) -> Dict[str, pa.Array]:
    place = fields["coordonnees_geo"]
    return {
        "station_id": fields["stationcode"],
        "name": fields["name"],
        "commune": fields["nom_arrondissement_communes"],
        "lat": _finite(pc.struct_field(place, "lat")),
        "lon": _finite(pc.struct_field(place, "lon")),
        **_flags(fields),
        "capacity": fields["capacity"],
        "bikes": fields["numbikesavailable"],
        "mechanical": fields["mechanical"],
        "ebikes": fields["ebike"],
        "docks": fields["numdocksavailable"],
        "reported_ts": fields["duedate"],
    }


def _operator(fields: Fields) -> Optional[Dict[str, pa.Array]]:
    known = {path[len("information.") :]: fields[path] for path in fields if path.startswith("information.")}
    status = {path[len("status.") :]: fields[path] for path in fields if path.startswith("status.")}
    types = status["num_bikes_available_types"]
    mechanical, ebikes = _of_kind(types, "mechanical"), _of_kind(types, "ebike")
    if mechanical is None or ebikes is None:
        return None
    return {
        "station_id": pc.coalesce(status["stationCode"], known["stationCode"]),
        "name": known["name"],
        "commune": pa.nulls(len(types), pa.string()),
        "lat": _finite(known["lat"]),
        "lon": _finite(known["lon"]),
        **_flags(status),
        "capacity": known["capacity"],
        "bikes": pc.coalesce(status["num_bikes_available"], status["numBikesAvailable"]),
        "mechanical": mechanical,
        "ebikes": ebikes,
        "docks": pc.coalesce(status["num_docks_available"], status["numDocksAvailable"]),
        "reported_ts": pc.multiply_checked(status["last_reported"], 1000).cast(_MOMENT),
    }


def _of_kind(types: pa.ListArray, kind: str) -> Optional[pa.Array]:
    """A station's number of one kind of bikes, wherever its list has it; None where one has it twice."""
    numbers = pc.struct_field(types.flatten(), kind)
    owners = pc.list_parent_indices(types).filter(numbers.is_valid())
    if pc.any(pc.equal(owners[1:], owners[:-1])).as_py():
        return None
    stations = pa.array(range(len(types)), owners.type)
    return numbers.drop_null().take(pc.index_in(stations, value_set=owners))


def _finite(values: pa.Array) -> pa.Array:
    return pc.if_else(pc.is_finite(values), values, pa.scalar(None, pa.float64()))


def _flags(fields: Fields) -> Dict[str, pa.Array]:
    words, truths = _spellings()
    texts = {name: pc.utf8_lower(fields[name].cast(pa.string())) for name in _FLAGS}
    return {name: truths.take(pc.index_in(texts[name], value_set=words)) for name in _FLAGS}


@lru_cache(maxsize=1)
def _spellings() -> Tuple[pa.Array, pa.Array]:
    """Made when first needed: pyarrow imports pandas when it makes an array of a list."""
    truths = [True] * len(TRUE_WORDS) + [False] * len(FALSE_WORDS)
    return pa.array(TRUE_WORDS + FALSE_WORDS), pa.array(truths)


_FLAGS = ("is_installed", "is_renting", "is_returning")
_MOMENT = pa.timestamp("ms", tz="UTC")
_TEXT, _COUNT, _DEGREES, _WHOLE = pa.string(), pa.int32(), pa.float64(), pa.int64()
_RECORD = [
    ("stationcode", _TEXT),
    ("name", _TEXT),
    ("is_installed", _TEXT),
    ("capacity", _COUNT),
    ("numdocksavailable", _COUNT),
    ("numbikesavailable", _COUNT),
    ("mechanical", _COUNT),
    ("ebike", _COUNT),
    ("is_renting", _TEXT),
    ("is_returning", _TEXT),
    ("duedate", _MOMENT),
    ("coordonnees_geo", pa.struct([("lon", _DEGREES), ("lat", _DEGREES)])),
    ("nom_arrondissement_communes", _TEXT),
]
_INFORMATION = [
    ("stationCode", _TEXT),
    ("name", _TEXT),
    ("lat", _DEGREES),
    ("lon", _DEGREES),
    ("capacity", _COUNT),
]
_STATUS = [
    ("stationCode", _TEXT),
    ("is_installed", _WHOLE),
    ("is_renting", _WHOLE),
    ("is_returning", _WHOLE),
    ("last_reported", _WHOLE),
    ("num_bikes_available_types", pa.list_(pa.struct([("mechanical", _COUNT), ("ebike", _COUNT)]))),
    ("num_bikes_available", _COUNT),
    ("numBikesAvailable", _COUNT),
    ("num_docks_available", _COUNT),
    ("numDocksAvailable", _COUNT),
]
_HOURS = ("station_opening_hours", _TEXT)
_ID = ("station_id", _WHOLE)


def _pair(information: List[Any], status: List[Any]) -> pa.StructType:
    return pa.struct([("information", pa.struct(information)), ("status", pa.struct(status))])


FEED_MAPPINGS = {
    OPENDATA: FeedMapping(
        pa.struct([*_RECORD, ("code_insee_commune", _TEXT), _HOURS]),
        pa.struct(_RECORD),
        nested=False,
        columns=_portal,
    ),
    GBFS: FeedMapping(
        _pair([*_INFORMATION, _ID, ("rental_methods", pa.list_(_TEXT)), _HOURS], [*_STATUS, _ID]),
        _pair(_INFORMATION, _STATUS),
        nested=True,
        columns=_operator,
    ),
}
