"""Reads and writes the JSON of responses and raw objects, within limits of size and depth."""

from __future__ import annotations

import json
import re
from typing import Any, Dict, List, Optional, Tuple

from velib_assets.ingest.response import MAX_BYTES, UnusableError, too_large
from velib_assets.lake.text import neutralize_links

MAX_DEPTH = 100  # of nested lists and objects; a real snapshot has 3
HEAD = 16384  # bytes of a document in which `results` is searched

_RESULTS = re.compile(rb'"results"\s*:\s*')
_COMPACT = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


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
    except (RecursionError, ValueError) as error:
        reason = (
            "it is nested too deeply" if isinstance(error, RecursionError) else "a number has too many digits"
        )
        raise UnusableError("not_json", f"{what} cannot be parsed as JSON: {reason}") from None
    check_depth(document, MAX_DEPTH + 1, what)
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


def check_depth(value: object, limit: int, what: str) -> None:
    """Apply a fixed limit, because the limit of Python's parser depends on the call stack and the version."""
    if too_deep(value, limit):
        raise UnusableError("not_json", f"{what} cannot be parsed: it is nested over {limit} levels deep")


def record_list(document: object, key: str = "results", what: str = "the response") -> List[Any]:
    """Return the list under `key` of a decoded response.

    Raises:
        UnusableError: `not_a_list` if there is none.
    """
    if not isinstance(document, dict):
        wanted = f"an object with a list {key!r}" if isinstance(document, list) else "a list of records"
        raise UnusableError("not_a_list", f"{what} is a JSON {_kind(document)}, not {wanted}")
    if key in document and not isinstance(document[key], list):
        raise UnusableError(
            "not_a_list", f"{what} has no list {key!r}: that is a JSON {_kind(document[key])}"
        )
    if key not in document:
        names = neutralize_links(", ".join(sorted(document)[:8])) or "nothing"
        raise UnusableError("not_a_list", f"{what} has no list {key!r}; it contains: {names}")
    records: List[Any] = document[key]
    return records


def _kind(value: object) -> str:
    """Return the name that JSON has for the type of a value."""
    names = {dict: "object", list: "list", str: "string", bool: "boolean", type(None): "null"}
    return names.get(type(value), "number")


def split_head(document: bytes) -> Optional[Tuple[Dict[str, Any], int]]:
    """Return the members before `results` and the offset of its value, without parsing the value.

    None if `results` is not near the start of the document or not a member of the object itself.
    """
    match = _RESULTS.search(document, 0, HEAD)
    try:
        return (json.loads(document[: match.end()] + b"null}"), match.end()) if match else None
    except (ValueError, RecursionError):
        return None


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
