"""Generates GBFS files after the official schemas: every type, optional field, enum and range.

The schemas know nothing of other files. What connects files is added: the stations of both files mostly share
their ids, and types and regions exist.
"""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from typing import Any, NamedTuple

from hypothesis import strategies as st

from velib_assets_tests.gbfs.official_schemas import FIRST_TIME, Schema, files_of, schema_of

MOST = 200  # of a count; the table's whole numbers have 32 bits
BASE = "https://feeds.example/gbfs"
_PATTERNS = {"^[a-z]{2}$": ["fr", "en", "pt"], "": ["fr", "en", "de-CH", "gsw", "pt-BR"]}
_TEXTS = st.one_of(
    st.text(st.characters(codec="utf-8"), max_size=12),
    st.sampled_from(["Gare", "Æbleskiver & Søn", "新宿", "<b>a</b>", '"', "a\nb", "0", "null", "2.3"]),
)
_WHOLE = st.integers(0, MOST)


class Feed(NamedTuple):
    """A generated feed: its version, and its files by name."""

    version: str
    files: dict[str, Any]

    def bodies(self) -> dict[str, bytes]:
        """Return the files as JSON."""
        return {name: json.dumps(file, ensure_ascii=False).encode() for name, file in self.files.items()}


def values(schema: Schema) -> st.SearchStrategy[Any]:
    """Return a strategy for the values of a schema."""
    if "const" in schema:
        return st.just(schema["const"])
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    if "oneOf" in schema:  # the flags of 1.0
        return st.sampled_from([0, 1, True, False, 1.0])
    kinds = {"string": _text, "integer": _number, "number": _number, "array": _array, "object": _object}
    return kinds[schema["type"]](schema) if schema["type"] in kinds else st.booleans()


def _text(schema: Schema) -> st.SearchStrategy[str]:
    if schema.get("format") == "date-time":
        first, last = datetime(2016, 1, 1), datetime(2026, 1, 1)  # noqa: DTZ001 - with each offset below
        offset = st.integers(-14 * 4, 14 * 4).map(lambda quarters: timezone(timedelta(minutes=15 * quarters)))
        moments = st.one_of(st.datetimes(first, last, timezones=offset), st.datetimes(timezones=offset))
        written = st.one_of(moments.map(lambda m: m.replace(microsecond=0)), moments)
        return written.map(lambda m: m.isoformat()).map(_rfc3339)
    if schema.get("format") == "uri":
        return st.sampled_from(["https://a.example/é?x=1#y", "app://station/1"])
    if "pattern" in schema:
        return st.sampled_from(_PATTERNS.get(schema["pattern"], _PATTERNS[""]))
    return _TEXTS


def _rfc3339(text: str) -> str:
    """Write UTC as Z, and four digits of the year."""
    return (text[:-6] + "Z" if text.endswith("+00:00") else text).rjust(20, "0")


def _number(schema: Schema) -> st.SearchStrategy[float]:
    low, high = schema.get("minimum"), schema.get("maximum")
    if (low, high) == (0, 1):  # the flags of 1.1
        return st.sampled_from([0, 1, 0.0, 1.0])
    if (low, high) == (0, None):  # a count; a JSON number without fraction is whole, however it is written
        return st.one_of(_WHOLE, _WHOLE.map(float))
    whole = st.integers(-(2**63) if low is None else low, 2**63 if high is None else high)
    if low in (None, FIRST_TIME):  # mostly plausible times
        whole = st.one_of(st.integers(FIRST_TIME, FIRST_TIME + 10**8), whole)
    if schema["type"] == "integer":
        return whole
    return st.one_of(whole, st.floats(low, high, allow_nan=False, allow_infinity=False))


def _array(schema: Schema) -> st.SearchStrategy[list[Any]]:
    least = schema.get("minItems", 0)
    return st.lists(values(schema["items"]), min_size=least, max_size=least + 2)


def _object(schema: Schema) -> st.SearchStrategy[dict[str, Any]]:
    if "additionalProperties" in schema:
        return st.dictionaries(_TEXTS, values(schema["additionalProperties"]), max_size=2)
    required = schema.get("required", [])
    fields = {name: values(each) for name, each in schema["properties"].items()}
    return st.fixed_dictionaries(
        {name: field for name, field in fields.items() if name in required},
        optional={name: field for name, field in fields.items() if name not in required},
    )


@st.composite
def feeds(draw: st.DrawFn, version: str) -> Feed:
    """Draw a feed of a version."""
    files = {name: draw(values(_without_lists(schema_of(name, version)))) for name in files_of(version)}
    ids = draw(st.lists(_TEXTS.filter(str.strip), min_size=1, max_size=6, unique_by=str.strip))
    regions = draw(_entries("system_regions", version, "region_id", draw(_subset(["north", "3", ""]))))
    files["system_regions"]["data"] = {"regions": regions}
    types = draw(_entries("vehicle_types", version, "vehicle_type_id", draw(_subset(["bike", "e", "7"]))))
    if "vehicle_types" in files:
        files["vehicle_types"]["data"] = {"vehicle_types": [_with_range(each) for each in types]}
    described = draw(_entries("station_information", version, "station_id", draw(_subset(ids))))
    for station in described:
        if "region_id" in station:
            station["region_id"] = draw(st.sampled_from(["north", "3", "nowhere"]))
    reported = draw(_entries("station_status", version, "station_id", ids))
    for station in reported:
        for counted in station.get("vehicle_types_available", []):
            counted["vehicle_type_id"] = draw(st.sampled_from(["bike", "e", "7", "unknown"]))
    files["station_information"]["data"] = {"stations": described}
    files["station_status"]["data"] = {"stations": reported}
    return Feed(version, files | {"gbfs": {**files["gbfs"], "data": _discovery(draw, version, files)}})


def _discovery(draw: st.DrawFn, version: str, files: dict[str, Any]) -> dict[str, Any]:
    urls = [{"name": name, "url": f"{BASE}/{name}.json"} for name in files]
    feeds = {"feeds": draw(st.permutations(urls))}
    if version >= "3.0":
        return feeds
    language = files["system_information"]["data"]["language"]
    others = draw(st.lists(st.sampled_from(["fr", "en", "pt"]), max_size=2, unique=True))
    return dict.fromkeys(draw(st.permutations(list(dict.fromkeys([language, *others])))), feeds)


def _without_lists(schema: Schema) -> Schema:
    """Leave out the data of a file whose data are drawn by themselves."""
    data = schema["properties"]["data"]
    if "system_id" in data.get("properties", {}):
        return schema
    return {**schema, "properties": {**schema["properties"], "data": {"const": {}}}}


def _entries(name: str, version: str, key: str, ids: list[str]) -> st.SearchStrategy[list[dict[str, Any]]]:
    """Return a strategy for the entries of a file, one per id."""
    if name not in files_of(version):
        return st.just([])
    (entries,) = schema_of(name, version)["properties"]["data"]["properties"].values()
    drawn = st.lists(values(entries["items"]), min_size=len(ids), max_size=len(ids))
    return drawn.map(lambda entries: [{**entry, key: each} for entry, each in zip(entries, ids, strict=True)])


def _subset(ids: list[str]) -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from(ids), unique=True)


def _with_range(vehicle_type: dict[str, Any]) -> dict[str, Any]:
    """Add the range, which every vehicle with a motor has."""
    return {**vehicle_type, "max_range_meters": vehicle_type.get("max_range_meters", 100.5)}
