"""Text of messages: makes text from outside safe to show in messages, logs and alerts; counts things."""

from __future__ import annotations

import re
from typing import Optional

_ELLIPSIS = "…"
_MARKS = re.compile(r"[\\`*_\[\]<>|#&$]")
_LINKS = re.compile(r"(?<=\])(?=\()|(?=://)|(?<=www)(?=\.)|(?<=@)", re.IGNORECASE)


def counted(number: int, noun: str, plural: str = "") -> str:
    """Return a number with its noun: `1 row`, `1,450 rows`."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def neutralize_links(text: str, most: int = 200) -> str:
    """Return text on one line in which Markdown finds no link and no image.

    Dagster's UI renders check descriptions as Markdown; alerts and terminals show them as plain text. The
    result stays readable in both.
    """
    return _LINKS.sub("·", one_line(text, most))


def markdown(text: str) -> str:
    """Return text on one line that Markdown shows as it is."""
    return _MARKS.sub(r"\\\g<0>", one_line(text, None))


def one_line(text: str, most: Optional[int] = 200) -> str:
    """Return at most `most` characters, all printable: no line breaks or terminal escapes."""
    shown = visible(text[:most])
    return shown if most is None or len(text) <= most else shown[: most - 1] + _ELLIPSIS


def visible(text: str) -> str:
    """Replace characters that do not print, or that UTF-8 cannot encode, with U+FFFD."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text)
