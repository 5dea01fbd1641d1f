"""Sparklines: a row of values as characters, in which a gap is blank and zero is the lowest line."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from statistics import fmean

_BLOCKS = "▁▂▃▄▅▆▇█"
_ASCII = "_.:-=+*#"


def sparkline(values: Iterable[float | None], top: float, encoding: str = "utf-8") -> str:
    """Return one character per value.

    Args:
        values: from 0 to `top`; None is a gap.
        top: the value of the highest character. Only zero has the lowest one.
        encoding: what the text is printed in. If it lacks the blocks of Unicode, the characters are ASCII.
    """
    levels = _BLOCKS if _can_print(_BLOCKS, encoding) else _ASCII
    highest = len(levels) - 1
    return "".join(
        " "
        if value is None
        else levels[min(highest, max(int(value > 0), math.ceil(value / top * highest)) if top > 0 else 0)]
        for value in values
    )


def binned(values: Sequence[tuple[float, float | None]], bins: int) -> list[float | None]:
    """Return the means of values by position (0 to 1, without 1); None for a bin without known values."""
    groups: list[list[float]] = [[] for _ in range(bins)]
    for position, value in values:
        if value is not None:
            groups[min(bins - 1, max(0, int(position * bins)))].append(value)
    return [fmean(group) if group else None for group in groups]


def _can_print(text: str, encoding: str) -> bool:
    try:
        text.encode(encoding)
    except (UnicodeEncodeError, LookupError):
        return False
    return True
