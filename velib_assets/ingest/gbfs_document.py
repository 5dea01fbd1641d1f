"""Reads documents of any GBFS version: their data, their stations, and what they say of themselves.

The rules are those of the versions 1.0 to 3.1 at https://gbfs.org/documentation/reference. Feeds break
them; what is read here in spite of that is named at each function.
"""

from __future__ import annotations

import math
from typing import Any, Dict, List, Mapping, Optional

EMPTY: Mapping[str, Any] = {}
MAX_LANGUAGE = 35  # characters of the tag of a language, by RFC 5646


def envelope_of(document: object) -> Mapping[str, Any]:
    """Return the object with `last_updated`, `version` and `data`; empty if the document is no object.

    Some services wrap it in the response of their own HTTP client: `{"data": {…}, "headers", "status"}`.
    """
    envelope: Mapping[str, Any] = document if isinstance(document, dict) else EMPTY
    while isinstance(inner := envelope.get("data"), dict) and isinstance(inner.get("data"), (dict, list)):
        envelope = inner
    return envelope


def data_of(document: object) -> Mapping[str, Any]:
    """Return the `data` of a document, or the document itself where it has none."""
    envelope = envelope_of(document)
    data = envelope.get("data")
    return data if isinstance(data, dict) else envelope


def list_of(document: object, name: str) -> Optional[List[Any]]:
    """Return the list `name` in the data of a document, such as `stations`; None if it has none.

    It may be the `data` itself, and both the list and each of its objects may be wrapped as a response.
    """
    data = envelope_of(document).get("data")
    found = data if isinstance(data, list) else data_of(document).get(name)
    if isinstance(found, dict):
        found = found.get("data")
    return [_unwrapped(entry) for entry in found] if isinstance(found, list) else None


def text_in(value: object, language: str = "") -> str:
    """Return a text of a document, empty if there is none.

    From 3.0 a text is a list of `{"text", "language"}`: the one in `language` counts, then English, then the
    first.
    """
    if isinstance(value, str):
        return value.strip()
    texts: Dict[str, str] = {}
    for entry in value if isinstance(value, list) else []:
        text = entry.get("text") if isinstance(entry, dict) else None
        if isinstance(text, str) and text.strip():
            texts.setdefault(str(entry.get("language")), text.strip())
    return texts[choose_language(list(texts), language)] if texts else ""


def choose_language(languages: List[str], wanted: str) -> str:
    """Return the language `wanted`, else English, else the first; empty if there are none.

    `fr` and `fr-CA` stand for each other where the exact one is missing.
    """
    return min(languages, key=lambda language: language_rank(language, wanted)) if languages else ""


def language_rank(language: str, wanted: str) -> int:
    """Return a number that is lower for a language that is chosen before others; see `choose_language`."""
    ranked = [(tag, same) for tag in (wanted, "en") for same in (str.lower, _primary)]
    found = (n for n, (tag, same) in enumerate(ranked) if tag and same(language) == same(tag))
    return next(found, len(ranked))


def id_text(value: object) -> Optional[str]:
    """Return an id as text, without spaces around it; None if there is none. Finite numbers count as text."""
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        return None
    if isinstance(value, float) and not math.isfinite(value):
        return None
    whole = int(value) if isinstance(value, float) and value.is_integer() else value
    return str(whole).strip() or None


def _unwrapped(entry: Any) -> Any:  # noqa: ANN401 - JSON is any shape
    inner = entry.get("data") if isinstance(entry, dict) else None
    return inner if isinstance(inner, dict) and not any(name.endswith("_id") for name in entry) else entry


def _primary(tag: str) -> str:
    return tag.lower().replace("_", "-").partition("-")[0]
