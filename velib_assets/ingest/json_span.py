"""Where a member's value stands in a JSON document, so that its bytes can be kept as they came.

Belongs here: finding the span. Does not: what the value means.
"""

from __future__ import annotations

import json
import re
from typing import Any, Dict, Optional, Tuple

_RESULTS = re.compile(r'"results"\s*:\s*')
_HEAD = 4096
_DECODER = json.JSONDecoder()


def results_last(text: str) -> Optional[Tuple[Dict[str, Any], Any, Tuple[int, int]]]:
    """The members before `results`, its value and its span, in one pass; None unless it comes last.

    Raises:
        ValueError: where what follows `"results":` is not JSON.
    """
    match = _RESULTS.search(text, 0, _HEAD)
    if not match:
        return None
    try:
        head = json.loads(text[: match.end()] + "null}")
    except ValueError:
        return None
    value, end = _DECODER.raw_decode(text, match.end())
    return (head, value, (match.end(), end)) if text[end:].strip() == "}" else None


def results_span(text: str) -> Tuple[int, int]:
    """The span of `results` in a valid JSON object that has it, wherever it stands."""
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
    """The next place that is neither white space nor punctuation between members."""
    while position < len(text) and text[position] in " \t\r\n,:}":
        position += 1
    return position
