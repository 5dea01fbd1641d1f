"""What raw says of the feed of a network other than Vélib', for a run's metadata."""

from __future__ import annotations

from typing import Any, Dict, Mapping, Sequence

from velib_assets.ingest.gbfs_records import GBFS_HEAD
from velib_assets.ingest.json_document import HEAD
from velib_assets.ingest.raw_object import head_of
from velib_assets.lake.network import KEY, VELIB
from velib_assets.lake.store import LakeStore, Stored

_NAMES = {
    "version": "gbfs_version",
    "information_version": "gbfs_information_version",
    "language": "gbfs_language",
    "without_status": "stations_without_status",
    "without_information": "stations_without_information",
}


def feed_facts(store: LakeStore, objects: Sequence[Stored], network: str = KEY) -> Dict[str, Any]:
    """Return the network, and what the newest of raw objects says of its feed; empty for Vélib'.

    Raises:
        OSError: if the object cannot be read.
    """
    if network == VELIB:
        return {}
    head: Mapping[str, Any] = {}
    if objects:
        with store.open(objects[-1].key) as file:
            said = head_of(file.read(HEAD)).get(GBFS_HEAD)
        head = said if isinstance(said, dict) else {}
    facts = {name: head.get(member) for member, name in _NAMES.items()}
    missing = head.get("missing")
    facts["files_missing"] = ", ".join(map(str, missing)) if isinstance(missing, list) else None
    known = {name: value for name, value in facts.items() if isinstance(value, (str, int)) and value}
    return {"network": network, **known}
