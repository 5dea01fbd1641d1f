"""Lines of text for a terminal: wrapped, with sparklines, and with nothing in them that acts on it."""

import textwrap
from collections.abc import Sequence

from velib_assets.insights.sparkline import sparkline
from velib_assets.lake.text import one_line

INDENT = "  "
_WIDE, _NARROW = 48, 24  # characters of a sparkline
_LABEL = 9
_MINUTES_PER_HOUR = 60


class Page:
    """Lines of text for a terminal of some width and encoding."""

    def __init__(self, width: int, encoding: str) -> None:
        self.width, self.encoding, self.lines = width, encoding, list[str]()
        self.cells = _WIDE if width >= 78 else _NARROW  # noqa: PLR2004 - label, sparkline and range

    def text(self, text: str, indent: str = "") -> None:
        """Add text, wrapped."""
        shown = one_line(text, None)
        self.lines += textwrap.wrap(
            shown, self.width, initial_indent=indent, subsequent_indent=indent + INDENT
        ) or [""]

    def section(self, title: str) -> None:
        """Begin a section."""
        self.lines.append("")
        self.text(title)

    def graph(self, label: str, values: Sequence[float | None], top: float, scale: str = "") -> None:
        """Add a sparkline with a label, on one line if there is room."""
        bars = f"|{sparkline(values, top, self.encoding)}|"
        line = f"{INDENT}{label:<{_LABEL}} {bars} {scale}".rstrip()
        if len(line) <= self.width:
            self.lines.append(line)
        else:
            self.text(f"{label} {scale}", INDENT)
            self.lines.append(INDENT + bars)

    def axis(self, marks: Sequence[str]) -> None:
        """Add labels below the last sparkline, at equal distances; nothing if the last line is none."""
        start = self.lines[-1].find("|") + 1
        if not start:
            return
        step = self.cells // len(marks)
        self.lines.append((" " * start + "".join(f"{mark:<{step}}" for mark in marks)).rstrip())


def cut(text: str, most: int) -> str:
    """Return the beginning of a text, with three dots if something is cut."""
    return text if len(text) <= most else f"{text[: most - 3]}..."


def duration(minutes: float) -> str:
    """Format minutes: `45 min`, or `3 h 05`."""
    whole = round(minutes)
    hours, rest = divmod(whole, _MINUTES_PER_HOUR)
    return f"{hours:,} h {rest:02}" if hours else f"{rest} min"
