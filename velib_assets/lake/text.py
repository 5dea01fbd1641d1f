"""Words that came from outside, made fit for a message.

Belongs here: what a feed, a server or a file name says, before it stands in an error, a log line, an alert
or on a terminal. Does not: Markup (assets.kpi_views, resources.alerts), which each place escapes its way.
"""

from __future__ import annotations

import re
from typing import Optional

_CUT = "…"
_LINKS = re.compile(r"(?<=\])(?=\()|(?=://)|(?<=www)(?=\.)|(?<=@)", re.IGNORECASE)


def neutralize_links(text: str, most: int = 200) -> str:
    """An outsider's words in a message: one line, of which Markdown makes no link and no picture.

    The UI shows what a check found as Markdown, alerts and the terminal as text: so it stays readable there.
    """
    return _LINKS.sub("·", one_line(text, most))


def one_line(text: str, most: Optional[int] = 200) -> str:
    """At most that many characters, all printable: no line ends, no terminal escapes, no turned writing."""
    shown = visible(text[:most])
    return shown if most is None or len(text) <= most else shown[: most - 1] + _CUT


def visible(text: str) -> str:
    """Text with each character that does not print, or that UTF-8 cannot hold, shown as one that does."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text)
