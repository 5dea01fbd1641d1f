"""What a GBFS feed says of its system: its name, time zone, language and id."""

from __future__ import annotations

from typing import Any, Dict, Mapping, Sequence

from velib_assets.ingest.gbfs_discovery import DISCOVERY, read_discovery
from velib_assets.ingest.gbfs_document import MAX_LANGUAGE, data_of, id_text, text_in
from velib_assets.lake.network import proposed_key
from velib_assets.lake.network_facts import ATTRIBUTION, known_facts
from velib_assets.lake.text import neutralize_links, one_line

_MOST = 100  # characters of a text about a system
Documents = Mapping[str, Any]
"""The parsed parts of a response by their names."""


def language_of(documents: Documents) -> str:
    """Return the language of a response: the system's own, as far as the discovery document has it."""
    system = data_of(documents.get("system_information"))
    discovery = read_discovery(documents.get(DISCOVERY))
    own = system_language(system)
    return discovery.language(own) or own


def system_language(system: Mapping[str, Any]) -> str:
    """Return the language that `system_information` names, from 3.0 the first one; empty if it names none."""
    languages = system.get("languages")
    first = languages[0] if isinstance(languages, list) and languages else system.get("language")
    return first.strip() if isinstance(first, str) and len(first) <= MAX_LANGUAGE else ""


def system_facts(document: object, language: str = "") -> Dict[str, str]:
    """Return the `name`, `timezone`, `language` and `system_id` of a system, as far as it says them.

    Its operator, address, attribution and licence have their names in the document (`ATTRIBUTION`).
    `document` is its `system_information`; None if there is none. `language` is that of the other files.
    """
    system = data_of(document)
    name = text_in(system.get("name"), language) or text_in(system.get("short_name"), language)
    facts = {
        "name": name,
        "timezone": text_in(system.get("timezone")),
        "language": language or system_language(system),
        "system_id": id_text(system.get("system_id")) or "",
    }
    shown = {key: one_line(text, _MOST) for key, text in facts.items() if text} if system else {}
    return {**shown, **known_facts({key: text_in(system.get(key), language) for key in ATTRIBUTION})}


def other_network(records: Sequence[Any], documents: Documents) -> str:
    """Return why a feed is not Vélib's, with the setting for it; empty if a station has a code."""
    entries = [entry for record in records for entry in record.values() if isinstance(entry, dict)]
    if not entries or any("stationCode" in entry for entry in entries):
        return ""
    facts = system_facts(documents.get("system_information"))
    keys = [proposed_key(facts.get(name, "")) for name in ("system_id", "name")]
    key = next(filter(None, keys), "my_city")
    whose = neutralize_links(facts.get("name", "another network"), 60)
    return (
        f"the feed is that of {whose}, not Vélib's: its stations have no stationCode. "
        f"Set VELIB_NETWORK={key}, and VELIB_LAKE to a lake of its own"
    )
