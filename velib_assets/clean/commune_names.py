"""The commune as feeds write it: `PARIS` is Paris, and `Paris 11ème` is Paris with its arrondissement."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import Dict, NamedTuple, Optional

from velib_assets.stations.communes import EXCEPTIONS, HUNDREDS, PARIS, paris_arrondissement

_PARIS = re.compile(
    r"paris ?(?:(\d{1,2}) ?(?:er|ere|eme|ieme|e|nd|nde)?(?: arrondissement| arrdt| arr)?)?", re.ASCII
)
_LAST = 20


class Commune(NamedTuple):
    """A commune: its name, and the label of its arrondissement if the text says it."""

    name: str
    arrondissement: Optional[str] = None


@lru_cache(maxsize=16384)
def commune_of_text(text: str) -> Commune:
    """Return the commune that a text means.

    Case, accents, hyphens and spaces do not matter for communes of the network. Another text is returned
    unmodified.
    """
    if text in _known().values():
        return Commune(text)
    plain = _plain(text)
    match = _PARIS.fullmatch(plain)
    if not match:
        return Commune(_known().get(plain, text))
    if match[1] is None:
        return Commune(PARIS)
    number = int(match[1])
    if not 1 <= number <= _LAST:
        return Commune(text)
    return Commune(PARIS, paris_arrondissement(number))


def _plain(text: str) -> str:
    """Return lower-case words without accents and punctuation."""
    letters = unicodedata.normalize("NFKD", text.replace("œ", "oe")).casefold()
    return " ".join(re.findall(r"[a-z0-9]+", "".join(c for c in letters if not unicodedata.combining(c))))


@lru_cache(maxsize=1)
def _known() -> Dict[str, str]:
    names = {PARIS, *HUNDREDS.values(), *EXCEPTIONS.values()}
    return {_plain(name): name for name in names}
