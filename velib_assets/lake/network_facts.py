"""What `network.json` of a lake says of its network beyond name and time zone: operator, address, licence.

All is as the feed's `system_information` gives it, and nothing else is known of another network than Vélib'.
"""

from __future__ import annotations

from typing import Dict, Mapping, Optional
from urllib.parse import urlsplit

from velib_assets.lake.keys import NETWORK_KEY
from velib_assets.lake.network import IS_VELIB, texts_of_file
from velib_assets.lake.store import LakeStore
from velib_assets.lake.text import one_line

_TEXTS = ("operator", "attribution_organization_name", "license_id")
_URLS = ("url", "license_url", "attribution_url")
ATTRIBUTION = (*_TEXTS, *_URLS)
"""What a system says of its operator and its licence, by the names in `system_information`."""
FACTS = ("language", "system_id", *ATTRIBUTION)
"""The members of `network.json` beside `name` and `timezone`."""
_LONGEST_URL = 2000


def network_facts(lake: LakeStore) -> Dict[str, str]:
    """Return the facts that the lake has; no member is empty. Vélib' has none, and its file is not read.

    Texts are one line. URLs are absolute, of http or https, and have no user and no password.

    Raises:
        OSError: the lake cannot be read.
    """
    return {} if IS_VELIB else known_facts(texts_of_file(read_network_file(lake)) or {})


def read_network_file(lake: LakeStore) -> Optional[bytes]:
    """Return the bytes of `network.json`; None if the lake has none.

    Raises:
        OSError: the lake cannot be read.
    """
    try:
        return lake.read(NETWORK_KEY)
    except FileNotFoundError:
        return None


def known_facts(said: Mapping[str, object]) -> Dict[str, str]:
    """Return those of `FACTS` that are valid."""
    facts = {}
    for name in FACTS:
        value = said.get(name)
        text = value.strip() if isinstance(value, str) else ""
        shown = text if name in _URLS else one_line(text)
        if shown and (name not in _URLS or _is_address(text)):
            facts[name] = shown
    return facts


def _is_address(text: str) -> bool:
    """Return whether text is a URL to link to."""
    try:
        parts = urlsplit(text)
        is_web = parts.scheme in ("http", "https") and bool(parts.hostname) and "@" not in parts.netloc
    except ValueError:
        return False
    return (
        is_web and len(text) <= _LONGEST_URL and text.isprintable() and not set(text) & set(" \"'<>\\`{}|^")
    )
