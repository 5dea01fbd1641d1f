"""Writes `network.json`: what a GBFS feed says of its network."""

from __future__ import annotations

import logging
import re
from typing import Mapping, Optional
from zoneinfo import available_timezones

from velib_assets.lake.keys import NETWORK_KEY
from velib_assets.lake.network import network_file, network_zone, texts_of_file
from velib_assets.lake.network_facts import FACTS, read_network_file
from velib_assets.lake.store import Change, LakeStore
from velib_assets.lake.text import one_line

UNKNOWN_ZONE = "unknown_timezone"  # in `network.json`: what the feed says, if no time zone has this name
_REQUIRED = ("system_id", "name", "timezone")  # in every version of GBFS
_ZONE = re.compile(r"[A-Za-z][A-Za-z0-9_+-]*(?:/[A-Za-z0-9_+-]+){0,2}")
_log = logging.getLogger("velib.network")


def write_network_file(store: LakeStore, system: Mapping[str, str]) -> None:
    """Store `network.json` if the lake has none, or the feed says something that it does not have.

    A name and a time zone that a system said before stay, if it does not say them now: local days must not
    move because a file is damaged for a while. What it says instead of a time zone is stored as well, so that
    it is logged once, and again when it changes.

    Args:
        store: the lake.
        system: what `gbfs_system.system_facts` returns.

    Raises:
        OSError: if the file cannot be read or written.
    """
    stored = read_network_file(store)
    if system.keys().isdisjoint(_REQUIRED):  # not a `system_information`, but perhaps a page about an error
        if stored:
            return
        system = {}
    before = texts_of_file(stored) or {}
    is_same = system.get("system_id", "") in ("", before.get("system_id", ""))
    name, said = system.get("name", ""), system.get("timezone", "")
    zone, unknown_before = known_zone(said), before.get(UNKNOWN_ZONE, "") if is_same else ""
    unknown = "" if zone else said or unknown_before
    if is_same:
        name, zone = name or before.get("name", ""), zone or before.get("timezone", "")
    facts = {key: system[key] for key in FACTS if key in system}
    data = network_file(name, zone, **facts, **{UNKNOWN_ZONE: unknown})
    if stored != data:
        _warn_of_another_system(before.get("system_id"), system.get("system_id"))
        if unknown and unknown != unknown_before:
            _warn_of_unknown_zone(unknown)
        store.publish([Change(NETWORK_KEY, data)], lambda: True)


def _warn_of_another_system(before: Optional[str], now: Optional[str]) -> None:
    """Say that the feed names another system than before: it was renamed, or the URL is another city's."""
    if before and now and before != now:
        _log.warning(
            "The feed is of the system %s, and was of %s before. If that is another network, correct "
            "VELIB_GBFS_URL, and run `velib discard` for the snapshots since",
            one_line(now),
            one_line(before),
        )


def _warn_of_unknown_zone(text: str) -> None:
    """Say that the feed's time zone is none."""
    try:
        network_zone(text)
    except ValueError as error:
        _log.warning("system_information: timezone: %s. Set VELIB_TIMEZONE", error)


def known_zone(text: str) -> str:
    """Return the name of a time zone, empty if there is none of this name, whatever its case.

    Where the machine has no database of time zones, any text of the form of a name counts: the readers of
    the file have one.
    """
    try:
        return network_zone(text) if text else ""
    except ValueError:
        known = {zone.lower(): zone for zone in available_timezones()}
        if (found := known.get(text.replace(" ", "_").lower())) and found != text:
            return known_zone(found)
        if not known and _ZONE.fullmatch(text):
            return text
        return ""
