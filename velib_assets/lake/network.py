"""The bike-share network that this process works for: its key, its name and its time zone.

A process works for one network, the one that VELIB_NETWORK names when this module is imported: the keys of
the lake, the tables and the names in Dagster are constants. VELIB_TIMEZONE and VELIB_NETWORK_NAME are read
here too; `settings.py` reports wrong ones, which count as not set here.
"""

from __future__ import annotations

import json
import logging
import os
import re
from typing import Callable, Dict, Mapping, NamedTuple, Optional, Set
from zoneinfo import ZoneInfo

from velib_assets.lake.text import one_line

VELIB = "velib"
_VARIABLES = {"name": "VELIB_NETWORK_NAME", "time zone": "VELIB_TIMEZONE"}
_UTC = "UTC"
_NO_PLACES = ("localtime", "posix", "posixrules", "right", "Factory")  # of tzdata; query engines lack them
_KEY = re.compile(r"[a-z][a-z0-9_]{0,30}")
_MAX_KEY, _MAX_NAME = 31, 100
_log = logging.getLogger("velib.network")


class Network(NamedTuple):
    """A bike-share network.

    Args:
        key: in keys of the lake, tables and names in Dagster, such as `rouen`.
        name: for people, on one line.
        time_zone: of its local days and hours, by its name in the IANA database.
    """

    key: str
    name: str
    time_zone: str


VELIB_METROPOLE = Network(VELIB, "Vélib' Métropole", "Europe/Paris")

ReadFile = Callable[[], Optional[bytes]]
"""Reads `network.json` of the lake; None if the lake has none."""


def is_network_key(text: str) -> bool:
    """Return whether text has the form of the key of a network."""
    return bool(_KEY.fullmatch(text))


def network_key(text: str) -> str:
    """Return text that is the key of a network.

    Raises:
        ValueError: it is none. The message proposes one.
    """
    if not is_network_key(text):
        proposal = proposed_key(text)
        advice = f", for example {proposal}" if proposal else ""
        raise ValueError(
            f"{one_line(text, 60)!r} is not the key of a network: write a letter, then up to 30 of a-z, 0-9 "
            f"and _{advice}"
        )
    return text


def proposed_key(text: str) -> str:
    """Return a key that resembles text, such as a feed's `system_id`: `bay_wheels` for `Bay-Wheels`.

    It is empty if the text has no letter of a to z.
    """
    words = re.findall(r"[a-z0-9]+", text.lower())
    return "_".join(words).lstrip("0123456789_")[:_MAX_KEY].rstrip("_")


def time_zone_of(text: str) -> str:
    """Return the name of a time zone of the IANA database.

    Raises:
        ValueError: there is no such time zone.
    """
    if text.upper() == _UTC:
        return _UTC
    try:
        ZoneInfo(text)
    except (KeyError, ValueError, OSError):  # an OSError if the text is a folder of the database
        raise ValueError(
            f"{one_line(text, 60)!r} is not a time zone: write UTC or a name such as Europe/Paris"
        ) from None
    return text


def network_zone(text: str) -> str:
    """Return the name of a time zone that can be a network's: that of a place, the same on every machine.

    Raises:
        ValueError: there is no such time zone, or it is the machine's own or counts leap seconds.
    """
    if text.partition("/")[0] in _NO_PLACES:
        raise ValueError(
            f"{one_line(text, 60)!r} is not the same time zone everywhere: write UTC or a name such as "
            "Europe/Paris"
        )
    return time_zone_of(text)


def network_name(text: str) -> str:
    """Return text that can be the name of a network: one line of up to 100 characters.

    Raises:
        ValueError: it cannot.
    """
    if not text.isprintable() or len(text) > _MAX_NAME:
        raise ValueError(f"write one line of up to {_MAX_NAME} characters")
    return text


def network_file(name: str, time_zone: str, **others: str) -> bytes:
    """Return the bytes of `network.json`: what the feed says of its network, empty texts left out."""
    said: Dict[str, str] = {"name": name, "timezone": time_zone, **others}
    text = json.dumps({key: value for key, value in said.items() if value}, ensure_ascii=False, indent=1)
    return text.encode("utf-8") + b"\n"


def texts_of_file(data: Optional[bytes]) -> Optional[Dict[str, str]]:
    """Return the texts of a `network.json` by their names; None if there is no file, or it is damaged."""
    try:
        said = json.loads(data) if data else None
    except (ValueError, RecursionError):
        return None
    return (
        {key: text for key, text in said.items() if isinstance(text, str)} if isinstance(said, dict) else None
    )


def _set(variable: str, check: Callable[[str], str]) -> str:
    """Return a variable of the environment; empty if it is not set or wrong."""
    try:
        text = os.environ.get(variable, "").strip()
        return check(text) if text else ""
    except ValueError:
        return ""


KEY = _set("VELIB_NETWORK", network_key) or VELIB
"""The key of this process's network."""
IS_VELIB = KEY == VELIB
_OWN_NAME = _set("VELIB_NETWORK_NAME", network_name) or (VELIB_METROPOLE.name if IS_VELIB else "")
DECLARED_ZONE = _set("VELIB_TIMEZONE", network_zone) or (VELIB_METROPOLE.time_zone if IS_VELIB else "")
"""The time zone if it is known without reading the lake; else empty."""


def ensure_network(wanted: object, environ: Mapping[str, str]) -> None:
    """Keep the work of one network out of the keys of another, in a function or a job.

    Args:
        wanted: the network of the caller; None if it does not say.
        environ: the settings. A wrong VELIB_NETWORK counts as Vélib's in the keys.

    Raises:
        ValueError: if VELIB_NETWORK is wrong, or this process works for another network.
    """
    try:
        network_key(environ.get("VELIB_NETWORK", "").strip() or VELIB)
    except ValueError as error:
        raise ValueError(f"VELIB_NETWORK: {error}") from None
    if wanted not in (None, KEY):
        raise ValueError(
            f"this process works for the network {KEY}, and the caller for {wanted}. "
            "Set VELIB_NETWORK to the same value for both"
        )


_OWN_NAMES = re.compile(
    r"\b(?:(source|rejects|quarantine)_velib|velib_(history|pipeline(?:_schedule)?|kpi_views|daily(?:_schedule)?"
    r"|daily_healing|monthly|healing|alerts|staleness|maintenance(?:_schedule)?|report))\b"
)


def own_names(text: str) -> str:
    """Return text that is written for Vélib' with this network's tables, jobs, schedules and sensors."""
    return _OWN_NAMES.sub(lambda found: f"{found[1]}_{KEY}" if found[1] else f"{KEY}_{found[2]}", text)


class _Source:
    """Where `network.json` is read, and what it said."""

    read: Optional[ReadFile] = None
    found: Optional[Network] = None
    warned: Set[str] = set()  # noqa: RUF012 - emptied with each new source


def network() -> Network:
    """Return this process's network.

    Its name and time zone are those of VELIB_NETWORK_NAME and VELIB_TIMEZONE, else those that the lake has
    from the feed, else the key and UTC. If the feed has been fetched and does not say them, a warning is
    logged once.
    """
    return Network(KEY, _OWN_NAME or _found().name or _warned("name", KEY), time_zone())


def time_zone() -> str:
    """Return the time zone of this process's network, as `network` does, by its name in the IANA database."""
    return DECLARED_ZONE or _found().time_zone or _warned("time zone", _UTC)


def use_network_file(read: ReadFile) -> None:
    """Declare how `network.json` of the lake is read. It is read when it is first needed."""
    _Source.read, _Source.found, _Source.warned = read, None, set()


def known_language() -> str:
    """Return the language in which the feed was read before; empty if the lake does not know it."""
    said = texts_of_file(_Source.read()) if _Source.read else None
    return (said or {}).get("language", "")


def _found() -> Network:
    """Return what `network.json` says; what it does not say is empty."""
    known = _Source.found
    if known is None or not (known.name and known.time_zone):  # the feed may say more by now
        _Source.found = _read() or known
    return _Source.found or Network(KEY, "", "")


def _read() -> Optional[Network]:
    texts = texts_of_file(_Source.read()) if _Source.read else None
    if texts is None:
        return None
    zone = texts.get("timezone", "")
    try:
        known_zone = network_zone(zone) if zone else ""
    except ValueError:
        known_zone = ""
    return Network(KEY, one_line(texts.get("name", "").strip(), _MAX_NAME), known_zone)


def _warned(what: str, instead: str) -> str:
    """Return what is used instead of what the feed does not say, after a warning in the log."""
    if _Source.found and what not in _Source.warned:
        _Source.warned.add(what)
        _log.warning(
            "The %s of the network %s is not known: %s is used. Set %s", what, KEY, instead, _VARIABLES[what]
        )
    return instead
