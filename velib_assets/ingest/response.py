"""A feed's response, and how its bytes become a list of records."""

from __future__ import annotations

import json
import re
from typing import Any, Dict, List, Mapping, NamedTuple, Optional, Tuple

from velib_assets.ingest.feed_info import GBFS_PARTS, FeedInfo, feed_info
from velib_assets.ingest.gbfs_discovery import DISCOVERY, missing_feed
from velib_assets.ingest.gbfs_document import data_of, envelope_of, list_of
from velib_assets.ingest.gbfs_join import join_gbfs
from velib_assets.ingest.gbfs_records import GBFS_HEAD, gbfs_head, join_stations
from velib_assets.ingest.gbfs_system import language_of, other_network, system_facts
from velib_assets.lake.keys import SOURCE
from velib_assets.lake.network import VELIB
from velib_assets.lake.text import neutralize_links

MAX_BYTES = 64 * 1024 * 1024  # of one snapshot's JSON; a real snapshot has 570 KB
MAX_DEPTH = 100  # of nested lists and objects; a real snapshot has 3

OPENDATA = "opendata"
GBFS = "gbfs"
SIMULATOR = "simulator"

_RESULTS = re.compile(rb'"results"\s*:\s*')
HEAD = 16384  # bytes of a document in which `results` is searched
_DECODER = json.JSONDecoder()
_COMPACT = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


class FeedResponse(NamedTuple):
    """The unmodified bytes of one snapshot.

    `feed` is opendata, gbfs or simulator. `bodies` maps parts to their bytes: one part `body`, or for GBFS
    `station_information` and `station_status` (`body` if they are joined already, as in raw objects), perhaps
    with `gbfs` (the discovery document), `system_information`, `vehicle_types` and `system_regions`.
    `headers` has the HTTP headers of each part, if there were any. `language` is that of the files, if the
    discovery document has several.
    """

    feed: str
    bodies: Dict[str, bytes]
    headers: Mapping[str, Mapping[str, str]] = {}
    language: str = ""


class Decoded(NamedTuple):
    """The records of a response, their JSON array as UTF-8 bytes, as raw stores it, and `feed_info`.

    For a network other than Vélib', `gbfs` is what raw says of the feed, and `system` what the feed says of
    the network: `name`, `timezone`, `language` and `system_id`, as far as it does.
    """

    records: List[Any]
    results: bytes
    info: FeedInfo = {}  # noqa: RUF012 - never modified
    gbfs: Mapping[str, Any] = {}
    system: Mapping[str, str] = {}


class UnusableError(ValueError):
    """A response or raw object that cannot be used. `code` is for programs, the message for people."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def decode(response: FeedResponse, network: str = SOURCE) -> Decoded:
    """Decode a response into records.

    The bytes of the array are kept unmodified. They are encoded again, compactly and in the feed's order,
    only if other members follow them, and for GBFS files.

    Raises:
        UnusableError: if the bytes are not UTF-8 JSON with a list of records, are too many or nested too
            deeply; if required files are missing; or if the feed is of another network.
    """
    if max(map(len, response.bodies.values())) > MAX_BYTES:
        raise too_large()
    if "body" not in response.bodies:
        return _decode_gbfs(response, network)
    records, results, document = _array(response.bodies["body"])
    _check_depth(records, MAX_DEPTH, "the response")
    head = document.get(GBFS_HEAD) if network != VELIB and isinstance(document, dict) else None
    info = feed_info({"body": document}, response.headers)
    return Decoded(records, results or dump(records), info, head if isinstance(head, dict) else {})


def _decode_gbfs(response: FeedResponse, network: str) -> Decoded:
    """Join the files of a GBFS feed. An optional file that cannot be read counts as missing."""
    documents = _documents(response.bodies)
    if reason := missing_feed(documents.get(DISCOVERY), documents):
        raise UnusableError("no_feed", reason)
    language = response.language or language_of(documents)
    if network == VELIB:
        records = join_gbfs(*(_stations(documents[part]) for part in GBFS_PARTS))
        if DISCOVERY in documents and (reason := other_network(records, documents)):
            raise UnusableError("other_network", reason)
        return Decoded(records, dump(records), feed_info(documents, response.headers))
    information, status = (_stations_of(documents[part], part) for part in GBFS_PARTS)
    if not status:
        raise UnusableError("empty", "station_status lists no stations")
    regions = list_of(documents.get("system_regions"), "regions") or []
    records, results = _joined(information, status, regions)
    return Decoded(
        records,
        results,
        feed_info({part: envelope_of(documents[part]) for part in GBFS_PARTS}, response.headers),
        gbfs_head(documents, records, language),
        system_facts(documents.get("system_information"), language),
    )


def _joined(
    information: List[Any], status: List[Any], regions: List[Any]
) -> Tuple[List[Dict[str, Any]], bytes]:
    """Join and encode the stations; without their regions if these make them too large, once per station."""
    records = join_stations(information, status, regions)
    try:
        return records, dump(records)
    except UnusableError:
        if not regions:
            raise
    return _joined(information, status, [])


def _documents(bodies: Mapping[str, bytes]) -> Dict[str, Any]:
    """Parse the parts of a GBFS response; optional ones that are not JSON are left out."""
    documents = {}
    for part, body in bodies.items():
        try:
            documents[part] = load_json(body, "the discovery document" if part == DISCOVERY else part)
        except UnusableError:
            if part in (*GBFS_PARTS, DISCOVERY):
                raise
    return documents


def _stations_of(document: object, part: str) -> List[Any]:
    stations = list_of(document, "stations")
    return record_list(data_of(document), "stations", part) if stations is None else stations


def dump(records: List[Any]) -> bytes:
    """Encode records as compact UTF-8 JSON. A lone surrogate, which UTF-8 cannot encode, stays an escape.

    Raises:
        UnusableError: `too_large`: the product of a GBFS pair can exceed the limit.
    """
    parts, remaining = [], MAX_BYTES
    for record in records:
        part = _COMPACT.encode(record).encode("utf-8", "backslashreplace")
        remaining -= len(part) + 1
        if remaining < 0:
            raise too_large()
        parts.append(part)
    return b"[" + b",".join(parts) + b"]"


def too_large() -> UnusableError:
    """Return the error for data that is larger than any snapshot."""
    return UnusableError("too_large", f"it is larger than {MAX_BYTES:,} bytes")


def load_json(body: bytes, what: str = "the response") -> Any:  # noqa: ANN401 - JSON is any shape
    """Parse UTF-8 JSON.

    Raises:
        UnusableError: `not_utf8` or `not_json`, with the position.
    """
    try:
        document = json.loads(body.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise UnusableError("not_utf8", f"{what} is not UTF-8 at byte {error.start}") from None
    except json.JSONDecodeError as error:
        head = neutralize_links(body[:60].decode("utf-8", "replace"))
        raise UnusableError(
            "not_json",
            f"{what} is not JSON: {error.msg} at character {error.pos}; it starts with {head!r}",
        ) from None
    except (RecursionError, ValueError) as error:  # nested too deeply, or a number with too many digits
        raise UnusableError("not_json", f"{what} cannot be parsed as JSON: {error}") from None
    _check_depth(document, MAX_DEPTH + 1, what)
    return document


def too_deep(value: object, limit: int) -> bool:
    """Return whether lists and objects are nested deeper than `limit`."""
    level = [value] if isinstance(value, (dict, list)) else []
    for _ in range(limit):
        children = (node.values() if isinstance(node, dict) else node for node in level)
        level = [child for nodes in children for child in nodes if isinstance(child, (dict, list))]
        if not level:
            return False
    return True


def _check_depth(value: object, limit: int, what: str) -> None:
    """Apply a fixed limit, because the limit of Python's parser depends on the call stack and the version."""
    if too_deep(value, limit):
        raise UnusableError("not_json", f"{what} cannot be parsed: it is nested over {limit} levels deep")


def _array(body: bytes) -> Tuple[List[Any], bytes, Any]:
    """Return the records, their bytes if they can be kept, and the document, perhaps without its records."""
    if page := _results_last(body):
        return page
    document = load_json(body)
    if isinstance(document, list):
        return document, body.decode("utf-8-sig").strip().encode("utf-8"), None
    return record_list(document), b"", document


def split_head(document: bytes) -> Optional[Tuple[Dict[str, Any], int]]:
    """Return the members before `results` and the offset of its value, without parsing the value.

    None if `results` is not near the start of the document or not a member of the object itself.
    """
    match = _RESULTS.search(document, 0, HEAD)
    try:
        return (json.loads(document[: match.end()] + b"null}"), match.end()) if match else None
    except (ValueError, RecursionError):
        return None


def _results_last(body: bytes) -> Optional[Tuple[List[Any], bytes, Any]]:
    """Return the records of a page that ends with `results`, their bytes and the page's other members.

    None for other documents.
    """
    if not (split := split_head(body)):
        return None
    try:
        body[: split[1]].decode("utf-8")  # stricter than json.loads, which accepts encoded surrogates
        text = body[split[1] :].decode("utf-8")
        value, end = _DECODER.raw_decode(text)
    except (ValueError, RecursionError):
        return None  # `load_json` reports the problem
    is_page = isinstance(value, list) and text[end:].strip() == "}"
    return (value, text[:end].encode("utf-8"), split[0]) if is_page else None


def record_list(document: object, key: str = "results", what: str = "the response") -> List[Any]:
    """Return the list under `key` of a decoded response.

    Raises:
        UnusableError: `not_a_list` if there is none.
    """
    if not isinstance(document, dict):
        kind = type(document).__name__
        raise UnusableError("not_a_list", f"{what} is a JSON {kind}, not a list of records")
    if not isinstance(document.get(key), list):
        names = neutralize_links(", ".join(sorted(document)[:8])) or "nothing"
        raise UnusableError("not_a_list", f"{what} has no list {key!r}; it contains: {names}")
    records: List[Any] = document[key]
    return records


def _stations(document: object) -> List[Any]:
    """Return the entries of a GBFS file."""
    data = document.get("data") if isinstance(document, dict) else None
    return record_list(data if isinstance(data, dict) else document, "stations")
