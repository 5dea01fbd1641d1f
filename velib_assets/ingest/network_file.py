"""Writes `network.json`: what a GBFS feed says of its network."""

from __future__ import annotations

import logging
import re
from typing import Mapping

from velib_assets.lake.keys import NETWORK_KEY
from velib_assets.lake.network import network_file, time_zone_of
from velib_assets.lake.network_facts import FACTS
from velib_assets.lake.store import Change, LakeStore

_ZONE = re.compile(r"[A-Za-z][A-Za-z0-9_+-]*(?:/[A-Za-z0-9_+-]+){0,2}")
_log = logging.getLogger("velib.network")


def write_network_file(store: LakeStore, system: Mapping[str, str]) -> None:
    """Store `network.json` if the feed says something of its network that the lake does not have.

    Args:
        store: the lake.
        system: what `gbfs_system.system_facts` returns.

    Raises:
        OSError: if the file cannot be read or written.
    """
    if not system:
        return
    others = {key: system[key] for key in FACTS if key in system}
    data = network_file(system.get("name", ""), known_zone(system.get("timezone", "")), **others)
    try:
        if store.read(NETWORK_KEY) == data:
            return
    except FileNotFoundError:
        pass
    store.publish([Change(NETWORK_KEY, data)], lambda: True)


def known_zone(text: str) -> str:
    """Return the name of a time zone, empty if there is none of this name.

    Where the machine has no database of time zones, any text of the form of a name counts: the readers of
    the file have one.
    """
    try:
        return time_zone_of(text) if text else ""
    except ValueError as error:
        if _has_no_database() and _ZONE.fullmatch(text):
            return text
        _log.warning("system_information: timezone: %s. Set VELIB_TIMEZONE", error)
        return ""


def _has_no_database() -> bool:
    try:
        time_zone_of("Europe/Paris")
    except ValueError:
        return True
    return False
