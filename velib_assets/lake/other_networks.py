"""A lake holds one network. Tells which others are in it."""

from __future__ import annotations

from typing import List, Sequence

from velib_assets.lake.keys import SOURCE
from velib_assets.lake.network import is_network_key
from velib_assets.lake.store import LakeStore

LAYERS = ("raw", "clean", "history")
"""The layers that tell. A response of another network may be in quarantine: nothing was made of it."""
_SOURCE = "source="


def other_networks(store: LakeStore, layers: Sequence[str] = LAYERS) -> List[str]:
    """Return the keys of the networks in a lake beside this process's; one listing per layer.

    A folder such as `source=velib.old` is no network's.
    """
    names = {name for layer in layers for name in store.folders(f"{layer}/") if name.startswith(_SOURCE)}
    return sorted(key for name in names if (key := name[len(_SOURCE) :]) != SOURCE and is_network_key(key))


def other_network_text(address: str, others: Sequence[str], setting: str) -> str:
    """Return that a lake holds other networks, and what to do.

    Args:
        address: of the lake.
        others: the keys of the networks, at least one.
        setting: the setting that chooses another lake.
    """
    return (
        f"the lake {address} holds the network {' and '.join(others)}, so it cannot hold {SOURCE} too. "
        f"Set VELIB_NETWORK={others[0]} to work with it, or set {setting} to another lake"
    )
