"""GBFS files of networks other than Vélib': versions, odd forms, and how their stations are joined."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any

import pytest

from velib_assets.ingest.decode import decode
from velib_assets.ingest.gbfs_discovery import absolute_url, read_discovery, without_secrets
from velib_assets.ingest.gbfs_document import choose_language, text_in
from velib_assets.ingest.json_document import HEAD
from velib_assets.ingest.raw_object import encode_raw, gunzip, head_of
from velib_assets.ingest.response import MAX_BYTES, Decoded, FeedResponse, UnusableError
from velib_assets_tests.ingest.gbfs_city import data, information, listed, status

NOTHING: Mapping[str, Any] = {}
PARTS = ("station_information", "station_status")


def response(**documents: object) -> FeedResponse:
    return FeedResponse("gbfs", {part: json.dumps(document).encode() for part, document in documents.items()})


def document(content: object, version: object = "2.3") -> dict[str, Any]:
    return {"last_updated": 1, "version": version, "data": content}


def joined(described: list[Any], reported: list[Any], **others: object) -> Decoded:
    """Decode a feed with these entries of station_information and station_status."""
    files = {
        "station_information": document({"stations": described}),
        "station_status": document({"stations": reported}),
    }
    return decode(response(**files, **others), "rouen")


def pairs(described: list[Any], reported: list[Any]) -> list[tuple[Any, Any]]:
    """Return the (name, bikes) of each record, None for a part that it lacks."""
    records = joined(described, reported).records
    return [((r["information"] or {}).get("name"), (r["status"] or {}).get("n")) for r in records]


def described(station_id: object, name: str, **fields: Any) -> dict[str, Any]:
    return {"station_id": station_id, "name": name, **fields}


def reported(station_id: object, n: int) -> dict[str, Any]:
    return {"station_id": station_id, "n": n, "num_bikes_available": n}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("7", "7"),
        (7, "7"),
        ("7", 7),
        (7.0, "7"),
        (" 7 ", "7"),
        (2**40 + 1, str(2**40 + 1)),
        ("x:null", "x:null"),
        ("é", "é"),
    ],
)
def test_stations_are_joined_by_their_id_as_text(one: object, other: object) -> None:
    assert pairs(
        [described("other", "B"), described(one, "A")], [reported(other, 3), reported("other", 4)]
    ) == [
        ("B", 4),
        ("A", 3),
    ]


@pytest.mark.parametrize("one", ["07", 7.5, True, None, "", " ", [7], {"id": 7}])
def test_other_values_are_no_id_of_the_station(one: object) -> None:
    assert pairs([described(one, "A")], [reported(7, 3)]) == [("A", None), (None, 3)]


def test_a_second_key_of_velib_is_an_ordinary_field_elsewhere() -> None:
    first = [described(1, "A", stationCode="x"), described(2, "B", stationCode="y")]
    second = [{**reported(1, 3), "stationCode": "y"}, {**reported(2, 4), "stationCode": "x"}]
    assert pairs(first, second) == [("A", 3), ("B", 4)]


def test_every_entry_of_both_files_is_in_a_record() -> None:
    """The clean step counts what becomes no row."""
    found = joined([described(1, "A"), described(2, "B")], [reported(2, 4), reported(3, 5)])
    assert found.records == [
        {"information": described(1, "A"), "status": None},
        {"information": described(2, "B"), "status": reported(2, 4)},
        {"information": None, "status": reported(3, 5)},
    ]
    assert (found.gbfs["without_status"], found.gbfs["without_information"]) == (1, 1)


def test_duplicates_stay_duplicates() -> None:
    """Every station twice, one id for several stations, and both in one file alone."""
    assert pairs([described(1, "A")] * 2, [reported(1, 3)] * 2) == [("A", 3)] * 2
    seven = [described("x:null", f"S{n}") for n in range(7)], [reported("x:null", n) for n in range(7)]
    assert pairs(*seven) == [(f"S{n}", n) for n in range(7)]
    assert pairs([described(1, "A")], [reported(1, 3), reported(1, 4)]) == [("A", 3), ("A", 4)]
    assert pairs([described(1, "A"), described(1, "B")], [reported(1, 3)]) == [("A", 3), ("B", 3)]


@pytest.mark.parametrize(("written", "key"), [("3", 3), (3, "3"), (3.0, "3"), ("r ", "r")])
def test_region_is_that_of_the_description(written: object, key: object) -> None:
    regions = document(
        {"regions": [{"region_id": key, "name": "North"}, {"region_id": "n", "name": "x"}, None]}
    )
    found = joined(
        [described(1, "A", region_id=written), described(2, "B", region_id="no such"), described(3, "C")],
        [reported(1, 3), reported(2, 4), reported(3, 5), reported(4, 6)],
        system_regions=regions,
    )
    assert [record.get("region") for record in found.records] == [
        {"region_id": key, "name": "North"},
        None,
        None,
        None,
    ]
    assert [len(record) for record in found.records] == [3, 2, 2, 2]


STATIONS = {"stations": [status("1")]}
WRAPPED: dict[str, Any] = {
    "the file": {"data": document(STATIONS), "headers": {"x": "y"}, "status": 200},
    "the file twice": {"data": {"data": document(STATIONS), "status": 200}, "status": 200},
    "the list": document({"stations": {"data": [status("1")], "headers": {}, "status": 200}}),
    "each station": document({"stations": [{"data": status("1"), "headers": {}, "status": 200}]}),
    "the data is the list": document([status("1")]),
    "no data": {"version": "2.3", **STATIONS},
}


@pytest.mark.parametrize("wrapped", WRAPPED.values(), ids=WRAPPED)
def test_wrapped_stations_are_read(wrapped: object) -> None:
    files = {"station_information": document({"stations": [information("1")]}), "station_status": wrapped}
    found = decode(response(**files), "rouen")
    assert found.records == [{"information": information("1"), "status": status("1")}]
    assert found.gbfs["version"] == "2.3"


@pytest.mark.parametrize("part", PARTS)
def test_wrapped_files_of_velib_stay_unusable(part: str) -> None:
    files = {name: document({"stations": []}) for name in PARTS}
    with pytest.raises(UnusableError, match="no list 'stations'"):
        decode(response(**{**files, part: {"data": document({"stations": []}), "status": 200}}), "velib")


OLD = {"is_installed": 1, "num_bikes_available": 1, "last_reported": 1}
NEW = {"is_installed": True, "num_bikes_available": 1, "last_reported": 1}
VERSIONS = {
    "as the file says": ("2.2", OLD, NOTHING, "2.2"),
    "a later one": ("3.2", NEW, NOTHING, "3.2"),
    "a draft": ("3.1-RC2", NEW, NOTHING, "3.1-RC2"),
    "a number": (2.3, OLD, NOTHING, "2.3"),
    "flags as numbers": (None, OLD, NOTHING, "1.0"),
    "flags as booleans": (None, NEW, NOTHING, "2.0"),
    "types of vehicles": ("v2.1", {**NEW, "vehicle_types_available": []}, NOTHING, "2.1"),
    "vehicles in place of bikes": ("v3.0", {"num_vehicles_available": 1}, NOTHING, "3.0"),
    "a text as time": ("", {**OLD, "last_reported": "2026-11-23T10:14:00Z"}, NOTHING, "3.0"),
    "bikes and vehicles, as some 2.3 feeds have both": (
        "x",
        {**NEW, "num_vehicles_available": 1},
        NOTHING,
        "2.0",
    ),
    "the form of the other file": ("3", {}, {"name": [{"text": "A", "language": "en"}]}, "3.0"),
    "an empty name": (None, NEW, {"name": []}, "2.0"),
}


@pytest.mark.parametrize(("said", "state", "description", "version"), VERSIONS.values(), ids=VERSIONS)
def test_version_is_what_the_file_says_else_what_its_form_is(
    said: object, state: dict[str, Any], description: dict[str, Any], version: str
) -> None:
    files = {
        "station_information": document({"stations": [{"station_id": 1, **description}]}, said),
        "station_status": document({"stations": [{"station_id": 1, **state}]}, said),
    }
    found = decode(response(**files), "rouen").gbfs
    assert (found["version"], "information_version" in found) == (version, False)


def test_versions_of_a_feed_that_is_half_migrated_are_both_said() -> None:
    old, new = document({"stations": [information("1")]}, "2.3"), document({"stations": [status("1")]}, "3.0")
    found = decode(response(station_information=old, station_status=new), "rouen").gbfs
    assert (found["version"], found["information_version"]) == ("3.0", "2.3")


def test_version_of_the_discovery_document_counts_where_no_file_says_one() -> None:
    empty = document({"stations": [{"station_id": 1}]}, None)
    files = {"gbfs": document(listed(*PARTS), "1.1"), **dict.fromkeys(PARTS, empty)}
    assert decode(response(**files), "rouen").gbfs["version"] == "1.1"


def test_vehicle_types_of_the_status_are_said_with_a_bikes_propulsion_or_the_form() -> None:
    types = [
        {"vehicle_type_id": 1, "form_factor": "bicycle", "propulsion_type": "human"},
        {"vehicle_type_id": "2", "form_factor": "cargo_bicycle"},
        {"vehicle_type_id": "3", "form_factor": "scooter_standing", "propulsion_type": "electric"},
        {"vehicle_type_id": "4", "propulsion_type": "electric_assist"},
        {"vehicle_type_id": "5", "form_factor": "car", "propulsion_type": "combustion"},
        {"vehicle_type_id": "6", "form_factor": "moped", "propulsion_type": "electric"},
        {"vehicle_type_id": "7"},
        "no type",
        {"vehicle_type_id": 1, "form_factor": "car"},
    ]
    states = [
        {**status("1"), "vehicle_types_available": [{"vehicle_type_id": key} for key in ("1", 2, "3", "7")]},
        {**status("2"), "vehicle_types_available": {"4": 1}},
        {**status("3"), "vehicle_docks_available": [{"vehicle_type_ids": ["5"], "count": 1}]},
    ]
    found = joined([], states, vehicle_types=document({"vehicle_types": types}))
    assert found.gbfs["vehicle_types"] == {
        "1": "human",
        "2": "cargo_bicycle",
        "3": "scooter_standing",
        "4": "electric_assist",
        "5": "car",
    }


def test_head_stays_readable_with_many_types_of_vehicles() -> None:
    keys = [f"{n:036d}" for n in range(2000)]
    types = [{"vehicle_type_id": key, "form_factor": "bicycle", "propulsion_type": "human"} for key in keys]
    states = [{**status("1"), "vehicle_types_available": [{"vehicle_type_id": key} for key in keys]}]
    found = joined([], states, vehicle_types=document({"vehicle_types": types}))
    assert 0 < len(json.dumps(found.gbfs)) < HEAD - 4096


def test_localized_texts_are_those_of_the_language() -> None:
    name = [
        {"text": "Cologne", "language": "en"},
        {"text": "Köln", "language": "de"},
        {"text": "", "language": "fr"},
    ]
    assert [text_in(name, language) for language in ("de", "fr", "de-CH", "")] == [
        "Köln",
        "Cologne",
        "Köln",
        "Cologne",
    ]
    assert [text_in(value, "de") for value in (" Köln ", [], None, 7, [None, {"text": "x"}])] == [
        "Köln",
        "",
        "",
        "",
        "x",
    ]


def test_language_is_the_wanted_one_else_english_else_the_first() -> None:
    cases = {
        (("de", "en"), "DE"): "de",
        (("de", "en_GB"), "fr"): "en_GB",
        (("de",), "fr"): "de",
        ((), "fr"): "",
    }
    assert {case: choose_language(list(case[0]), case[1]) for case in cases} == cases


def test_localized_name_of_a_system_is_that_of_its_first_language() -> None:
    system = {
        "name": [{"text": "Bikes", "language": "en"}, {"text": "Räder", "language": "de"}],
        "languages": ["de", "en"],
        "system_id": 12,
        "timezone": "Europe/Berlin",
    }
    found = joined([], [reported(1, 2)], system_information=document(system, "3.0"))
    assert found.system == {"name": "Räder", "language": "de", "system_id": "12", "timezone": "Europe/Berlin"}
    assert found.gbfs["language"] == "de"


FEEDS = [{"name": part, "url": f"https://h/{part}"} for part in PARTS]
DISCOVERIES: dict[str, Any] = {
    "languages": {"data": {"en": {"feeds": FEEDS}}},
    "no languages": {"data": {"feeds": FEEDS}},
    "a list per language": {"data": {"en": FEEDS}},
    "an object of URLs": {"data": {"feeds": {feed["name"]: feed["url"] for feed in FEEDS}}},
    "no data": {"en": {"feeds": FEEDS}},
    "wrapped": {"data": {"version": "2.3", "data": {"en": {"feeds": FEEDS}}}, "status": 200},
    "names of files": {"data": {"feeds": [{**feed, "name": f"{feed['name']}.JSON"} for feed in FEEDS]}},
    "rubbish beside them": {"data": {"feeds": [None, {"name": "x"}, {"url": 1, "name": "y"}, *FEEDS]}},
}


@pytest.mark.parametrize("written", DISCOVERIES.values(), ids=DISCOVERIES)
def test_feeds_of_a_discovery_document_are_found(written: object) -> None:
    assert read_discovery(written).feeds("") == {part: f"https://h/{part}" for part in PARTS}


def test_misspelt_name_of_a_file_is_understood() -> None:
    """In the feeds of a large supplier."""
    written = {"data": {"en": {"feeds": [{"name": "vehicles_types", "url": "https://h/types"}]}}}
    assert read_discovery(written).feeds("en") == {"vehicle_types": "https://h/types"}


@pytest.mark.parametrize("written", [None, [], {}, "x", {"data": None}, {"data": {"feeds": None}}])
def test_other_documents_have_no_feeds(written: object) -> None:
    assert read_discovery(written).feeds("en") == {}


@pytest.mark.parametrize(
    ("listed_url", "base", "found"),
    [
        ("http://h/x.json", "https://h/gbfs.json", "https://h/x.json"),
        ("http://h:80/x.json", "https://h:443/gbfs.json", "https://h/x.json"),
        ("http://h:8080/x.json", "https://h/gbfs.json", "http://h:8080/x.json"),
        ("http://other/x.json", "https://h/gbfs.json", "http://other/x.json"),
        ("https://h/x.json?a=1&b=2", "http://h/gbfs.json", "https://h/x.json?a=1&b=2"),
        ("x", "https://h/a/b/", "https://h/a/b/x"),
        ("https://h/a b/%20/(c)](x)\n", "https://h/gbfs.json", "https://h/a%20b/%20/%28c%29%5D%28x%29"),
        ("http://[::1]:8080/x", "https://h/gbfs.json", "http://[::1]:8080/x"),
    ],
)
def test_address_of_a_file_is_as_safe_as_that_of_the_discovery_document(
    listed_url: str, base: str, found: str
) -> None:
    assert absolute_url(listed_url, base, base) == found


@pytest.mark.parametrize(
    ("configured", "found"),
    [
        ("https://me:pw@h/gbfs.json?key=1", "https://me:pw@h/x?key=1"),
        ("http://me:pw@h/gbfs.json?key=1", "https://me:pw@h/x?key=1"),
        ("https://me:pw@h:8443/gbfs.json?key=1", "https://h/x"),
        ("https://me:pw@other/gbfs.json?key=1", "https://h/x"),
    ],
)
def test_login_and_query_are_for_the_host_of_the_setting_alone(configured: str, found: str) -> None:
    assert absolute_url("https://h/x", "https://h/gbfs.json", configured) == found


@pytest.mark.parametrize(
    "listed_url", ["http://", "http://h](x)/", "http://a b/", "//[", "http://h:x/", "data:,x"]
)
def test_url_without_a_host_is_refused(listed_url: str) -> None:
    with pytest.raises(ValueError, match=r"host|IPv6|[Pp]ort"):
        absolute_url(listed_url, "https://h/gbfs.json", "https://h/gbfs.json")


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        (b'{"url": "https://h/x.json?key=s3cret&a=1", "b": 2}', b'{"url": "https://h/x.json?...", "b": 2}'),
        (rb'{"url": "https:\/\/h\/x.json?key=s3cret"}', rb'{"url": "https:\/\/h\/x.json?..."}'),
        (rb'{"url": "https://h/x\u003Fkey=s3cret"}', rb'{"url": "https://h/x?..."}'),
        (rb'{"url": "https://h/\u00e9/x?key=s3cret"}', rb'{"url": "https://h/\u00e9/x?..."}'),
        (rb'{"url": "https://h/x?key=s3\"cret"}', rb'{"url": "https://h/x?..."}'),
        (b'{"a": "why?", "url": "https://h/x"}', b'{"a": "why?", "url": "https://h/x"}'),
        (b'{"url": "https://me:s3cret@h/x", "b": "a@b"}', b'{"url": "https://h/x", "b": "a@b"}'),
        (rb'{"url": "https:\/\/me:s3cret@h\/x"}', rb'{"url": "https:\/\/h\/x"}'),
        (b"<a href='http://h/?key=s3cret'>in</a>", b"<a href='http://h/?..."),
    ],
)
def test_keys_and_logins_in_urls_are_taken_out_of_a_discovery_document(written: bytes, shown: bytes) -> None:
    assert without_secrets(written) == shown


def test_secrets_are_searched_in_time_that_grows_with_the_document() -> None:
    """A hostile document must not hold up a tick for hours."""
    hostile = b"://" * 200_000
    started = time.perf_counter()
    assert without_secrets(hostile) == hostile
    assert time.perf_counter() - started < 5  # seconds; a search from each slash takes hours


def test_secure_login_is_never_sent_unencrypted() -> None:
    assert absolute_url("http://h/x", "http://h/gbfs.json", "https://me:pw@h/gbfs.json?key=1") == "http://h/x"


def test_feed_of_another_network_is_not_velibs() -> None:
    files = {part: document({"stations": [status("1")]}) for part in PARTS}
    system = {"system_information": document(data("system_information"))}
    with pytest.raises(
        UnusableError, match=r"that of LOVÉLO, not Vélib's.* Set VELIB_NETWORK=rouen_velo, and"
    ):
        decode(response(gbfs=document(listed(*PARTS)), **files, **system), "velib")
    with pytest.raises(UnusableError, match=r"that of another network, .* Set VELIB_NETWORK=my_city, and"):
        decode(response(gbfs=document(listed(*PARTS)), **files), "velib")


def test_discovered_feed_of_velib_is_decoded_as_its_two_files_are() -> None:
    stations = [{"station_id": 1, "stationCode": "16107", "is_installed": 1}]
    files = {part: document({"stations": stations}, None) for part in PARTS}
    discovered = decode(response(gbfs=document(listed(*PARTS)), **files), "velib")
    assert discovered == decode(response(**files), "velib")


def test_restored_raw_object_keeps_what_it_says_of_the_feed() -> None:
    at = datetime(2026, 11, 23, 10, tzinfo=timezone.utc)
    found = joined([information("1")], [status("1")])
    envelope = gunzip(encode_raw("gbfs", at, at, found))
    again = decode(FeedResponse("gbfs", {"body": envelope}), "rouen")
    assert (again.gbfs, again.records) == (found.gbfs, found.records)
    assert decode(FeedResponse("gbfs", {"body": envelope}), "velib").gbfs == {}


@pytest.mark.parametrize("text", ["\ud800", "a\nb", "x" * 100_000])
def test_texts_that_do_not_print_or_are_long_leave_the_head_readable(text: str) -> None:
    """A lone surrogate is valid in JSON, and cannot be encoded."""
    types = [{"vehicle_type_id": text, "form_factor": "bicycle", "propulsion_type": text}]
    system = {"name": text, "system_id": text, "language": text, "timezone": text}
    files = {
        "gbfs": document({text: listed(*PARTS), "en": {}}),
        "system_information": document(system),
        "vehicle_types": document({"vehicle_types": types}),
        "station_information": document({"stations": []}),
        "station_status": document({"stations": [{**status("1"), "vehicle_types_available": {text: 1}}]}),
    }
    found = decode(response(**files), "rouen")
    at = datetime(2026, 11, 23, 10, tzinfo=timezone.utc)
    assert head_of(encode_raw("gbfs", at, at, found))["record_count"] == 1
    assert all(fact.isprintable() and len(fact) <= 300 for fact in found.system.values())


def test_regions_that_are_too_large_cost_no_snapshot() -> None:
    """A region is in the record of each of its stations."""
    stations = [{**status(str(n)), "region_id": "r"} for n in range(20)]
    files = {
        "gbfs": document(listed(*PARTS)),
        **{part: document({"stations": stations}) for part in PARTS},
        "system_regions": document({"regions": [{"region_id": "r", "name": "x" * (MAX_BYTES // 19)}]}),
    }
    found = decode(response(**files), "rouen")
    assert len(found.records) == 20
    assert "region" not in found.records[0]
