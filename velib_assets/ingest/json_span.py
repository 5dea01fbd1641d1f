"""Finds the span of `results` in a JSON document, so that its bytes can be stored unmodified."""

from __future__ import annotations

import json
import re
from typing import Any, Dict, Optional, Tuple

_RESULTS = re.compile(rb'"results"\s*:\s*')
_HEAD = 4096  # bytes in which `results` is searched
_DECODER = json.JSONDecoder()


def split_head(document: bytes) -> Optional[Tuple[Dict[str, Any], int]]:
    """Return the members before `results` and the offset of its value, without parsing the value.

    None if `results` is not near the start of the document or not a member of the object itself.
    """
    match = _RESULTS.search(document, 0, _HEAD)
    try:
        return (json.loads(document[: match.end()] + b"null}"), match.end()) if match else None
    except (ValueError, RecursionError):
        return None


def results_span(text: str) -> Tuple[int, int]:
    """Return the span of `results` in a valid JSON object that has it, at any position."""
    position, span = text.index("{") + 1, (0, 0)
    while True:
        position = _skip(text, position)
        key, position = _DECODER.raw_decode(text, position)
        position = _skip(text, position)
        _, end = _DECODER.raw_decode(text, position)
        if key == "results":
            span = (position, end)
        position = _skip(text, end)
        if position >= len(text):
            return span


def _skip(text: str, position: int) -> int:
    """Return the next position after white space and punctuation between members."""
    while position < len(text) and text[position] in " \t\r\n,:}":
        position += 1
    return position
