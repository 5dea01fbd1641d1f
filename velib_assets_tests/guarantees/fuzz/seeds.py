"""Fuzzing seeds: good responses and raw objects of every form, and hostile inputs by size.

An input is a byte that selects its kind, then one or more parts separated by a zero byte.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Sequence
from typing import Any

from velib_assets.ingest.decode import decode
from velib_assets.ingest.json_document import dump
from velib_assets.ingest.raw_object import encode_raw
from velib_assets.ingest.response import FeedResponse
from velib_assets_tests.guarantees.fuzz.properties import HOUR, assert_response_holds, assert_stored_holds
from velib_assets_tests.samples import body, pair, record

KINDS = ("export", "page", "pair", "document", "documents", "gzip")


def pack(kind: str, *parts: bytes) -> bytes:
    """Build an input from its parts."""
    return bytes([KINDS.index(kind)]) + b"\0".join(parts)


def unpack(data: bytes) -> tuple[str, list[bytes]]:
    """Split any bytes into the kind and the parts."""
    kind = KINDS[data[0] % len(KINDS)] if data else KINDS[0]
    return kind, [data[1:]] if kind == "gzip" else data[1:].split(b"\0", 3)


def holds(data: bytes) -> None:
    """Check an input's properties; any exception is a finding."""
    kind, parts = unpack(data)
    if kind == "pair":
        second = parts[1] if len(parts) > 1 else b'{"data": {"stations": []}}'
        assert_response_holds("gbfs", {"station_information": parts[0], "station_status": second})
    elif kind in ("export", "page"):
        assert_response_holds("opendata" if kind == "export" else "simulator", {"body": parts[0]})
    elif kind == "gzip":
        assert_stored_holds([parts[0], b"\x1f\x8b" + parts[0]])
    else:
        assert_stored_holds(parts if kind == "documents" else parts[:1])


def corpus() -> list[bytes]:
    """Return the seeds: every form of a good response, and odd values in every field."""
    portal, operator = body([record("1001"), record("1002")]), [pair("1"), pair("2", station_id=8)]
    split = [
        json.dumps({"ttl": 3600, "data": {"stations": [one[part] for one in operator]}}).encode()
        for part in ("information", "status")
    ]
    raw = encode_raw("opendata", HOUR, HOUR, decode(FeedResponse("opendata", {"body": portal})))
    joined = encode_raw("gbfs", HOUR, HOUR, decode(FeedResponse("gbfs", {"body": body(operator)})))
    odd = [
        pack("export", dump([record("1001") | {field: value}]))
        for field in record()
        for value in odd_values()
    ]
    return [
        pack("export", portal),
        pack("page", b'{"total_count": 2, "results": ' + portal + b"}"),
        pack("page", b'{"results": ' + portal + b', "total_count": 2}'),
        pack("pair", *split),
        pack("document", gzip.decompress(raw)),
        pack("documents", gzip.decompress(raw), gzip.decompress(joined), b'{"results": ' + portal + b"}"),
        pack("gzip", raw),
        *odd,
        *(pack(kind, *make(200)) for kind, make in HOSTILE.values()),
    ]


def odd_values() -> list[Any]:
    """Return JSON values that do not fit a field."""
    return [
        None, True, -1, 2**31, 10**400, 1e308, float("nan"), 0.5, "", "OUI", "\ud800", "\x1b[31m\u202e",
        "2022-06-04T10:00:00.123456789+25:00", [], {}, [[[]]], {"lon": "2.3", "lat": [48]}, "=1+1",
    ]  # fmt: skip


def deep(count: int) -> bytes:
    """Return arrays nested `count` deep."""
    return b"[" * count + b"]" * count


def coded(extra: bytes) -> bytes:
    """Return an export of one good record with an additional member."""
    return body([record("1001")])[:-2] + b", " + extra + b"}]"


def _status(count: int) -> Sequence[bytes]:
    one = json.dumps({"stations": [pair("1")["information"] | {"name": "x" * 20 * count}]}).encode()
    return one, json.dumps({"stations": [pair("1")["status"]] * count}).encode()


# Each makes about 20 bytes per `count`, so that superlinear growth shows in time or size.
HOSTILE: dict[str, tuple[str, Callable[[int], Sequence[bytes]]]] = {
    "nested array": ("export", lambda count: (deep(10 * count),)),
    "nested in a new field": ("export", lambda count: (coded(b'"new": ' + deep(10 * count)),)),
    "nested in a raw object": (
        "document",
        lambda count: (b'{"results": ' + coded(b'"new": ' + deep(10 * count)) + b"}",),
    ),
    "nested before the results": (
        "document",
        lambda count: (b'{"a": ' + deep(min(10 * count, 2000)) + b', "results": ' + coded(b'"b": 1') + b"}",),
    ),
    "digits": ("export", lambda count: (coded(b'"capacity": ' + b"9" * 20 * count),)),
    "exponent": ("export", lambda count: (coded(b'"capacity": 1e' + b"9" * 20 * count),)),
    "backslashes": ("export", lambda count: (coded(b'"name": "' + b"\\\\" * 10 * count + b'"'),)),
    "open quote": ("export", lambda count: (coded(b'"name": "' + b"x" * 20 * count),)),
    "white space": ("page", lambda count: (b" " * 20 * count + b'{"results": []}' + b"\n" * 20 * count,)),
    "commas": ("document", lambda count: (b'{"results": []' + b"," * 20 * count + b"}",)),
    "one key repeated": (
        "document",
        lambda count: (b"{" + b'"results": [], ' * count + b'"results": [{}]}',),
    ),
    "many keys": (
        "export",
        lambda count: (coded(b", ".join(b'"key%d": %d' % (n, n) for n in range(count))),),
    ),
    "long keys": ("page", lambda count: (b'{"' + b"k" * 20 * count + b'": []}',)),
    "empty records": ("export", lambda count: (b"[" + b"{}," * 6 * count + b"{}]",)),
    "one station repeated": ("export", lambda count: (body([record("1001")] * max(count // 20, 1)),)),
    "one station, its name times its repetitions": ("pair", _status),
    "bomb": ("gzip", lambda count: (gzip.compress(b"[" + b" " * 20_000 * count + b"]", 9),)),
    "gzip members": ("gzip", lambda count: (gzip.compress(b"") * count,)),
}
