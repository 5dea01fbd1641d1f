"""Remembers which lake a DAGSTER_HOME belongs to. A home of several lakes shows hours that do not exist.

The file `lakes.json` in the home has one lake per network.
"""

import fcntl
import json
import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

FILE = "lakes.json"
LOCK = ".velib.lock"


def lakes_of(home: Path) -> Mapping[str, str]:
    """Return the address of the lake per network that a home remembers; empty if it remembers none."""
    with suppress(OSError, ValueError):
        lakes = json.loads((home / FILE).read_text(encoding="utf-8"))
        if isinstance(lakes, dict):
            return {str(network): str(lake) for network, lake in lakes.items()}
    return {}


def remember_lake(home: Path, network: str, lake: str, known: str | None = None) -> None:
    """Write the lake of a network into an existing home, unless another command has just written another.

    Args:
        home: the home.
        network: the network, such as `velib`.
        lake: the absolute path of the lake, or `s3://bucket`.
        known: the lake that it replaces; None if the home remembers none.
    """
    if lakes_of(home).get(network) == lake:
        return
    with (home / LOCK).open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        lakes = lakes_of(home)
        if lakes.get(network) != known:
            return
        fresh = home / f"{FILE}.{os.getpid()}"
        fresh.write_text(json.dumps({**lakes, network: lake}, indent=1) + "\n", encoding="utf-8")
        fresh.replace(home / FILE)
