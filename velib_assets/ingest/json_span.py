"""Finds the span of `results` in a JSON document, so that its bytes can be stored unmodified."""

from __future__ import annotations

import json
import re
from typing import Any, List, Optional, Tuple

_RESULTS = re.compile(r'"results"\s*:\s*')
_HEAD = 4096
_DECODER = json.JSONDecoder()


def results_last(text: str) -> Optional[Tuple[List[Any], str]]:
    """Parse an object that ends with the list `results`: the list and its text; None for other documents.

    Raises:
        ValueError: if the text after `"results":` is not JSON.
    """
    match = _RESULTS.search(text, 0, _HEAD)
    if not match:
        return None
    try:
        json.loads(text[: match.end()] + "null}")  # `results` is a member of the object itself
    except ValueError:
        return None
    value, end = _DECODER.raw_decode(text, match.end())
    if not isinstance(value, list) or text[end:].strip() != "}":
        return None
    return value, text[match.end() : end]


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
