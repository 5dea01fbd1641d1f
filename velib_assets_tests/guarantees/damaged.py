"""The corpus of damaged responses: what is done to a good one, and what must happen to it."""

import gzip
import json
from typing import Any

from velib_assets.ingest.json_document import dump
from velib_assets.simulator.faults import FAULTS
from velib_assets_tests.guarantees.damage import (
    ARCHIVE,
    CLEAN,
    GBFS,
    OPENDATA,
    PORTAL,
    QUARANTINE,
    REJECTS,
    STORED,
    WAYS,
    Damaged,
    as_it_is,
    bad_bytes,
    bad_records,
    cleaned_as,
    doubled,
    first,
    instead,
    more_bikes,
    no_record,
    nulled,
    rejected,
    simulated,
    swap,
)
from velib_assets_tests.guarantees.responses import COUNT, STATIONS, each, left_out, put, renamed, rows_of

_DEEP = b"[" * 100_000
_MARKER = 987_654_321
_DIGITS = swap(b"%d" % _MARKER, b"9" * 5000)

STRUCTURAL = (
    bad_bytes("no bytes", "not_json", instead(b"")),
    bad_bytes("one space", "not_json", instead(b" ")),
    bad_bytes("HTML", "not_json", instead(b"<!DOCTYPE html><html><h1>Maintenance</h1></html>")),
    bad_bytes("XML", "not_json", instead(b'<?xml version="1.0"?><stations/>')),
    bad_bytes("CSV", "not_json", instead(b"stationcode;name\n1001;Quai\n")),
    bad_bytes("plain text", "not_json", instead(b"Service temporarily unavailable")),
    bad_bytes("truncated in the middle", "not_json", lambda body: body[: len(body) // 2]),
    bad_bytes("last byte missing", "not_json", lambda body: body[:-1]),
    bad_bytes("only the first byte", "not_json", lambda body: body[:1]),
    bad_bytes("first byte missing", "not_json", lambda body: body[1:]),
    bad_bytes("a hole in the middle", "not_json", swap(b'":', b"")),
    bad_bytes("repeated twice", "not_json", lambda body: body + body),
    bad_bytes("text after the end", "not_json", lambda body: body + b" -- end"),
    bad_bytes("JSON lines", "not_json", lambda body: body[1:-1].replace(b"},{", b"}\n{"), PORTAL),
    bad_bytes("JSONP", "not_json", lambda body: b"callback(" + body + b")"),
    bad_bytes("a comment", "not_json", lambda body: b"/* v2 */" + body),
    bad_bytes("trailing comma", "not_json", lambda body: body.replace(b"}]", b"},]", 1)),
    bad_bytes("single quotes", "not_json", lambda body: body.replace(b'"', b"'")),
    bad_bytes("Python literals", "not_json", lambda body: body.replace(b":8,", b":None,")),
    bad_bytes("nested too deeply", "not_json", instead(_DEEP)),
    bad_bytes("an error object", "not_a_list", instead(b'{"error_code": "ODSQLError", "message": "quota"}')),
    bad_bytes("null", "not_a_list", instead(b"null")),
    bad_bytes("a number", "not_a_list", instead(b"404")),
    bad_bytes("a text", "not_a_list", instead(b'"maintenance"')),
    bad_bytes("true", "not_a_list", instead(b"true")),
    bad_bytes("an empty object", "not_a_list", instead(b"{}")),
    bad_bytes("stations under their codes", "not_a_list", lambda body: b'{"1001":' + body + b"}", PORTAL),
    bad_bytes("another key for the list", "not_a_list", swap(b'"stations"', b'"vehicles"'), [GBFS]),
    Damaged("no station", QUARANTINE, "empty", lambda parts: {part: [] for part in parts}),
    bad_records("a nested list", "no_identity", rows_of(lambda rows: [rows]), PORTAL),
    bad_records("records as lists of values", "no_identity", each(lambda row: list(row.values()))),
    bad_records("records as texts", "no_identity", each(str)),
    bad_records("null records", "no_identity", no_record(None)),
    bad_records("empty records", "no_identity", no_record({})),
    bad_records("no identity", "no_identity", put("code", None, every=1)),
    bad_records("a tenth without a code", "no_identity", put("code", None, every=10)),
    bad_records("words instead of bikes", "mostly_rejected", put("bikes", "douze", every=1)),
    bad_records("negative docks in all records", "mostly_rejected", put("docks", -1, every=1)),
    bad_records("renamed codes", "no_identity", renamed("code", "code")),
    bad_records(
        "fields in upper case",
        "no_identity",
        each(lambda row: {key.upper(): row[key] for key in row}),
        ways=[OPENDATA, GBFS, STORED],  # an archive's fields are recognised in any case
    ),
    bad_records("renamed bikes", "missing_field", renamed("bikes", "bikes_available")),
    bad_records("renamed docks", "missing_field", renamed("docks", "docks_available")),
    bad_records("bikes missing", "missing_field", renamed("bikes", None)),
    rejected("a few without a code", "no station code", put("code", None)),
    rejected("a few codes gone", "no station code", renamed("code", None, every=20)),
    rejected("a few null records", "no station code", each(lambda _: None, every=20), PORTAL),
    rejected("a few records that are texts", "no station code", each(str, every=20), PORTAL),
    cleaned_as("a few without bikes", renamed("bikes", None, every=20), put("bikes", None)),
    cleaned_as("new fields", each(lambda row: row | {"colour": "green", "deep": {"a": [1, {"b": None}]}})),
    cleaned_as("fields in another order", each(lambda row: dict(reversed(row.items())))),
    cleaned_as("records in another order", rows_of(lambda rows: rows[::-1])),
)
TEXTUAL = (
    rejected("blank codes", "no station code", put("code", " \t")),
    rejected("fractional codes", "no station code", put("code", 1001.5)),
    rejected("codes that are true", "no station code", put("code", True)),
    rejected("codes that are lists", "no station code", put("code", ["1001"])),
    rejected("bikes as a word", "bikes is not a whole number", put("bikes", "douze")),
    cleaned_as("bikes as text", put("bikes", "12"), put("bikes", 12)),
    rejected("docks as empty text", "docks is not a whole number", put("docks", "")),
    cleaned_as("capacity as text", put("capacity", " 20 "), put("capacity", 20)),
    rejected("bikes as a fraction in text", "bikes is not a whole number", put("bikes", "8.5")),
    nulled("dates as words", "reported", "hier à midi"),
    nulled("impossible dates", "reported", "2022-02-30T10:00:00+00:00"),
    nulled("unknown flags", "renting", "peut-être"),
    nulled("flags as objects", "installed", {"fr": "OUI"}),
    nulled("names as numbers", "name", 7),
    nulled("positions as text", "lat", "48.85, 2.34", [GBFS]),
    cleaned_as("positions as one text", put("lat", "48.85, 2.34"), put("lat", None), PORTAL),
    cleaned_as("positions as lists", put("lat", [2.34, 48.85]), put("lat", None), PORTAL),
    as_it_is("names with markup", "name", "<script>x</script>'; DROP TABLE source_velib; --|`x`"),
    as_it_is("names with control characters", "name", "a\x00b\x1b[2J\r\n\u202e"),
)
NUMERIC = (
    rejected("negative bikes", "bikes is negative: -1", put("bikes", -1)),
    rejected("negative docks", "docks is negative: -7", put("docks", -7)),
    rejected("negative capacity", "capacity is negative: -20", put("capacity", -20)),
    rejected("negative electric bikes", "ebikes is negative: -2", put("ebikes", -2), PORTAL),
    rejected(
        "negative bikes of a type", "mechanical is negative: -3", put("types", [{"mechanical": -3}]), [GBFS]
    ),
    rejected("half a bike", "bikes is not a whole number: 1.5", put("bikes", 1.5)),
    rejected("bikes too large for the column", "bikes is too large: 2147483648", put("bikes", 2**31)),
    rejected("bikes of thirty digits", "bikes is too large", put("bikes", 10**29)),
    nulled("infinite docks", "docks", float("inf")),
    nulled("bikes that are NaN", "bikes", float("nan")),
    rejected("bikes that are true", "bikes is not a whole number: true", put("bikes", True)),
    rejected("bikes in a list", "bikes is not a whole number: [8]", put("bikes", [8])),
    rejected("docks in an object", "docks is not a whole number", put("docks", {"n": 8})),
    Damaged("bikes of 5,000 digits", QUARANTINE, "not_json", put("bikes", _MARKER), _DIGITS),
    nulled("null bikes", "bikes", None),
    nulled("null docks", "docks", None),
    cleaned_as("whole numbers as fractions", put("bikes", 8.0), put("bikes", 8)),
    cleaned_as("negative zero", put("bikes", -0.0), put("bikes", 0)),
    nulled("dates out of range", "reported", 10**17, [GBFS]),
    cleaned_as(
        "dates in microseconds",
        put("reported", 1_654_336_680_000_000),
        put("reported", 1_654_336_680),
        [GBFS],
    ),
    nulled("latitudes larger than a double", "lat", 10**400, [GBFS]),
)
ENCODING = (
    bad_bytes("Latin-1", "not_utf8", swap(b'"1001"', '"é1001"'.encode("latin-1"))),
    bad_bytes("UTF-16", "not_utf8", lambda body: body.decode().encode("utf-16")),
    bad_bytes("UTF-16 without a mark", "not_json", lambda body: body.decode().encode("utf-16-le")),
    bad_bytes("a byte that is no UTF-8", "not_utf8", swap(b'"1001"', b'"10\xff01"')),
    bad_bytes("a truncated character", "not_utf8", swap(b'"1001"', b'"10\xe2\x8201"')),
    bad_bytes("surrogates as bytes", "not_utf8", swap(b'"1001"', b'"\xed\xa0\x80"')),
    bad_bytes(
        "compressed twice",
        "not_utf8",
        lambda body: gzip.compress(body, mtime=0),
        [OPENDATA, GBFS, STORED],
    ),
    bad_bytes("zeros", "not_json", lambda body: bytes(len(body))),
    bad_bytes("a zero byte within a text", "not_json", swap(b'"1001"', b'"10\x0001"')),
    bad_bytes("an escape that JSON does not have", "not_json", swap(b'"1001"', b'"10\\x3101"')),
    Damaged(
        "a byte order mark",
        CLEAN,
        text=lambda body: b"\xef\xbb\xbf" + body,
        ways=[OPENDATA, GBFS, ARCHIVE],
    ),
    cleaned_as("half a surrogate", put("name", "Horl\ud800oge"), put("name", "Horl?oge")),
    as_it_is("encoded twice", "name", "HÃ´tel de Ville"),
)
SIZE = (
    as_it_is("a name of 2 MB", "name", "long " * 400_000, every=COUNT),
    Damaged("5 MB of spaces", CLEAN, text=lambda body: body + b" " * 5_000_000),
    cleaned_as("a thousand new fields", each(lambda row: row | {f"f{n}": n for n in range(1000)}, every=20)),
    doubled("each station twice", COUNT, lambda rows: [*rows, *rows]),
    doubled("some stations twice", 8, lambda rows: [*rows, *rows[:8]]),
    doubled("duplicates with other numbers", 5, lambda rows: rows + more_bikes(rows[:5]), PORTAL),
    Damaged("only one station", CLEAN, change=first(1), as_if=first(1), counts=(1, 1, 0, 0)),
)
_TENTH = STATIONS // 10
_FEWER = (STATIONS, STATIONS - _TENTH, _TENTH, 0)
_HUGE = "Très " + "long " * 400_000
_ALL_COUNTS = ("bikes", "docks", "ebikes")


def _without_counts(parts: Any) -> Any:
    for column in _ALL_COUNTS:
        parts = put(column, None, every=10)(parts)
    return each(lambda row: row | {"mechanical": None}, every=10)(parts)


def _undescribed(parts: Any) -> Any:
    """What only the position is missing from is completed alike: the register has the whole description."""
    return put("lat", None, every=1)(parts)


def _hours_ago(rows: list[Any]) -> list[Any]:
    return list(json.loads(FAULTS["stale"](dump(rows))))


def _an_hour_later(rows: list[Any]) -> list[Any]:
    """The same reports an hour later, as the simulator itself makes them."""
    return list(json.loads(FAULTS["future"](dump(rows))))


def _half_full(rows: list[Any]) -> list[Any]:
    """The state of a frozen feed, as the simulator itself makes it."""
    return list(json.loads(FAULTS["frozen"](dump(rows))))


SIMULATED = (
    simulated("empty", QUARANTINE, "empty"),
    simulated("html", QUARANTINE, "not_json"),
    simulated("truncated", QUARANTINE, "not_json"),
    simulated("invalid_utf8", QUARANTINE, "not_utf8"),
    simulated("not_a_list", QUARANTINE, "not_a_list"),
    simulated("no_results", QUARANTINE, "not_a_list"),
    simulated("no_identity", QUARANTINE, "no_identity"),
    simulated("renamed_field", QUARANTINE, "missing_field"),
    simulated("mostly_rejected", QUARANTINE, "mostly_rejected"),
    simulated("partial", CLEAN, as_if=rows_of(lambda rows: rows[: STATIONS // 5]), counts=(12, 12, 0, 0)),
    simulated("first_page", CLEAN, as_if=rows_of(lambda rows: rows[: STATIONS // 5]), counts=(12, 12, 0, 0)),
    simulated("future", CLEAN, as_if=rows_of(_an_hour_later)),
    simulated("frozen", CLEAN, as_if=rows_of(_half_full)),
    simulated("duplicates", CLEAN, counts=(STATIONS + _TENTH, STATIONS, 0, _TENTH)),
    simulated("differing_duplicates", CLEAN, counts=(STATIONS + _TENTH, STATIONS, 0, _TENTH)),
    simulated("null_counts", CLEAN, as_if=_without_counts),
    simulated("negative_counts", REJECTS, "bikes is negative", left_out(10), _FEWER),
    simulated("textual_counts", REJECTS, "bikes is not a whole number", left_out(10), _FEWER),
    simulated("textual_dates", CLEAN, as_if=put("reported", None, every=10)),
    simulated("missing_dates", CLEAN, as_if=put("reported", None, every=10)),
    simulated("counts_as_text", CLEAN, as_if=rows_of(lambda rows: rows)),
    simulated("no_descriptions", CLEAN, as_if=_undescribed),
    simulated("coordinates_text", CLEAN, as_if=put("lat", None, every=1)),
    simulated("coordinates_list", CLEAN, as_if=put("lat", None, every=1)),
    simulated("huge_name", CLEAN, as_if=put("name", _HUGE, every=STATIONS)),
    simulated("stale", CLEAN, as_if=rows_of(_hours_ago)),
)
CORPUS = (*STRUCTURAL, *TEXTUAL, *NUMERIC, *ENCODING, *SIZE, *SIMULATED)


def chosen(full: bool) -> list[tuple[str, str]]:
    """(way, name) of each damage: in the full form by all its ways, in the short form by one in turn."""
    return [
        (way, case.name)
        for way in WAYS
        for number, case in enumerate(CORPUS)
        if way in case.ways and (full or case.ways[number % len(case.ways)] == way)
    ]
