"""Writes `network.json`: what a GBFS feed says of its network."""

from __future__ import annotations

import json
import logging
import re
from typing import Mapping
from zoneinfo import available_timezones

from velib_assets.lake.keys import NETWORK_KEY
from velib_assets.lake.network import network_file, time_zone_of
from velib_assets.lake.network_facts import FACTS
from velib_assets.lake.store import Change, LakeStore
from velib_assets.lake.text import one_line

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
        stored = store.read(NETWORK_KEY)
    except FileNotFoundError:
        stored = b""
    if stored != data:
        _warn_of_another_system(stored, system)
        store.publish([Change(NETWORK_KEY, data)], lambda: True)


def _warn_of_another_system(stored: bytes, system: Mapping[str, str]) -> None:
    """Say that the feed names another system than before: it was renamed, or the URL is another city's."""
    try:
        before = json.loads(stored or b"{}").get("system_id")
    except (ValueError, AttributeError):  # someone else's file
        return
    now = system.get("system_id")
    if before and now and before != now:
        _log.warning(
            "The feed is of the system %s, and was of %s before. If that is another network, correct "
            "VELIB_GBFS_URL, and run `velib discard` for the snapshots since",
            one_line(now),
            one_line(str(before)),
        )


def known_zone(text: str) -> str:
    """Return the name of a time zone, empty if there is none of this name, whatever its case.

    Where the machine has no database of time zones, any text of the form of a name counts: the readers of
    the file have one.
    """
    try:
        return time_zone_of(text) if text else ""
    except ValueError as error:
        known = {zone.lower(): zone for zone in available_timezones()}
        if found := known.get(text.replace(" ", "_").lower()):
            return found
        if not known and _ZONE.fullmatch(text):
            return text
        _log.warning("system_information: timezone: %s. Set VELIB_TIMEZONE", error)
        return ""
