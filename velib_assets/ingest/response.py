"""What a feed answered, and how its bytes become a list of records.

Belongs here: the shapes of an answer (export, page, GBFS pair) and decoding. Does not: judging
whether the records are worth keeping (audit), or fetching them (feeds).
"""

from __future__ import annotations

import json
from typing import Any, Dict, List, NamedTuple, Optional, Tuple

from velib_assets.ingest.json_span import results_last
from velib_assets.lake.text import neutralize_links

MAX_BYTES = 64 * 1024 * 1024  # of one snapshot's JSON; a real one has 570 KB
MAX_DEPTH = 100  # of the array of records; real ones nest 3 deep

OPENDATA = "opendata"
GBFS = "gbfs"
SIMULATOR = "simulator"

_COMPACT = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))
_ASCII = json.JSONEncoder(separators=(",", ":"))


class FeedResponse(NamedTuple):
    """The bytes of one snapshot as they came.

    `feed` names who made the records (opendata, gbfs, simulator). `bodies` maps a part's name to
    its bytes: one part `body`, or for GBFS `station_information` and `station_status` (`body` where
    they were joined before, as in raw objects).
    """

    feed: str
    bodies: Dict[str, bytes]


class Decoded(NamedTuple):
    """The records of an answer, and their JSON array as UTF-8 bytes, the way raw keeps it."""

    records: List[Any]
    results: bytes


class UnusableError(ValueError):
    """An answer or raw object that cannot be used: `code` for programs, the message for people."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def shape_of(feed: str) -> str:
    """The record shape a feed speaks: `gbfs`, or `opendata` for every other."""
    return GBFS if feed == GBFS else OPENDATA


def decode(answer: FeedResponse) -> Decoded:
    """Turn an answer's bytes into records.

    The array's bytes are kept as they came. Where something follows them in the answer they are
    written anew, compact, in the feed's order; so is the GBFS pair.

    Raises:
        UnusableError: where the bytes are not UTF-8 JSON holding a list of records, are too many, or
            nest too deep.
    """
    if max(map(len, answer.bodies.values())) > MAX_BYTES:
        raise too_large()
    if answer.feed == GBFS and "body" not in answer.bodies:
        records, results = _join_gbfs(answer.bodies), b""
    else:
        records, results = _array(answer.bodies["body"])
    _refuse_depth(records, MAX_DEPTH, "the answer")
    return Decoded(records, results or dump(records))


def dump(records: List[Any]) -> bytes:
    """Records as compact UTF-8 JSON; a lone surrogate, which UTF-8 cannot hold, stays an escape.

    Raises:
        UnusableError: `too_large`; the two files of a GBFS pair can multiply.
    """
    parts, room = [], MAX_BYTES
    for record in records:
        try:
            part = _COMPACT.encode(record).encode("utf-8")
        except UnicodeEncodeError:
            part = _ASCII.encode(record).encode("ascii")
        room -= len(part) + 1
        if room < 0:
            raise too_large()
        parts.append(part)
    return b"[" + b",".join(parts) + b"]"


def too_large() -> UnusableError:
    """The refusal of what is larger than any snapshot."""
    return UnusableError("too_large", f"it is larger than {MAX_BYTES:,} bytes")


def load_json(body: bytes, what: str = "the answer") -> Any:  # noqa: ANN401 - JSON is any shape
    """Parse UTF-8 JSON.

    Raises:
        UnusableError: `not_utf8` or `not_json`, saying at which byte and what stands there.
    """
    try:
        document = json.loads(body.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise UnusableError("not_utf8", f"{what} is not UTF-8 at byte {error.start}") from None
    except json.JSONDecodeError as error:
        head = neutralize_links(body[:60].decode("utf-8", "replace"))
        raise UnusableError(
            "not_json",
            f"{what} is not JSON: {error.msg} at character {error.pos}; it begins {head!r}",
        ) from None
    except (RecursionError, ValueError) as error:  # nested too deep; an integer of too many digits
        raise UnusableError("not_json", f"{what} is not readable JSON: {error}") from None
    _refuse_depth(document, MAX_DEPTH + 1, what)
    return document


def too_deep(value: object, most: int) -> bool:
    """Whether lists and objects nest deeper than `most`."""
    level = [value] if isinstance(value, (dict, list)) else []
    for _ in range(most):
        children = (node.values() if isinstance(node, dict) else node for node in level)
        level = [child for nodes in children for child in nodes if isinstance(child, (dict, list))]
        if not level:
            return False
    return True


def _refuse_depth(value: object, most: int, what: str) -> None:
    """A bound of our own: how deep Python's parser goes depends on who calls it, and on its version."""
    if too_deep(value, most):
        raise UnusableError("not_json", f"{what} is not readable JSON: it nests over {most} deep")


def _array(body: bytes) -> Tuple[List[Any], bytes]:
    found = _results_last(body)
    if found:
        return found
    document = load_json(body)
    if isinstance(document, list):
        return document, body.decode("utf-8-sig").strip().encode("utf-8")
    return record_list(document), b""


def _results_last(body: bytes) -> Optional[Tuple[List[Any], bytes]]:
    """The page's records and their bytes as they came, where nothing follows them; else None."""
    try:
        text = body.decode("utf-8-sig")
        found = results_last(text) if text.lstrip().startswith("{") else None
    except (ValueError, RecursionError):
        return None  # `load_json` says what is wrong
    if not found or not isinstance(found[1], list):
        return None
    return found[1], text[slice(*found[2])].encode("utf-8")


def record_list(document: object, key: str = "results") -> List[Any]:
    """The list under `key` of a decoded answer.

    Raises:
        UnusableError: `not_a_list` where the answer is something else.
    """
    if not isinstance(document, dict):
        kind = type(document).__name__
        raise UnusableError("not_a_list", f"the answer is a JSON {kind}, not a list of records")
    if not isinstance(document.get(key), list):
        found = neutralize_links(", ".join(sorted(document)[:8])) or "nothing"
        raise UnusableError("not_a_list", f"the answer has no list {key!r}; it holds: {found}")
    records: List[Any] = document[key]
    return records


def _join_gbfs(bodies: Dict[str, bytes]) -> List[Any]:
    """One `{"information", "status"}` a station, joined on `station_id` (as text: both types occur)."""
    information = _stations(bodies, "station_information")
    status = _stations(bodies, "station_status")
    both = list(information) + [key for key in status if key not in information]
    return [
        {"information": first, "status": second}
        for key in both
        for first, second in _pairs(information.get(key, []), status.get(key, []))
    ]


def _pairs(information: List[Any], status: List[Any]) -> List[Tuple[Any, Any]]:
    """Pair what one station has in each file; a station said twice stays twice, for clean to count."""
    width = max(len(information), len(status))
    return [
        (
            information[min(n, len(information) - 1)] if information else None,
            status[min(n, len(status) - 1)] if status else None,
        )
        for n in range(width)
    ]


def _stations(bodies: Dict[str, bytes], part: str) -> Dict[str, List[Any]]:
    document = load_json(bodies[part], part)
    data = document.get("data") if isinstance(document, dict) else None
    stations = record_list(data if isinstance(data, dict) else document, "stations")
    grouped: Dict[str, List[Any]] = {}
    for position, station in enumerate(stations):
        known = station.get("station_id") if isinstance(station, dict) else None
        key = str(known) if known is not None else f"{part}#{position}"
        grouped.setdefault(key, []).append(station)
    return grouped
