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


def remember_lake(home: Path, network: str, lake: str) -> None:
    """Write the lake of a network into an existing home, in one step.

    Args:
        home: the home.
        network: the network, such as `velib`.
        lake: the absolute path of the lake, or `s3://bucket`.
    """
    if lakes_of(home).get(network) == lake:
        return
    with (home / LOCK).open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        text = json.dumps({**lakes_of(home), network: lake}, indent=1)
        fresh = home / f"{FILE}.{os.getpid()}"
        fresh.write_text(text + "\n", encoding="utf-8")
        fresh.replace(home / FILE)
