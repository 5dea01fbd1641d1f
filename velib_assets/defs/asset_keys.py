"""The keys of this network's assets: `raw_snapshot` for Vélib', `rouen/raw_snapshot` for a network rouen.

Within the package an asset is known by its name, without the network: only what Dagster stores and shows has
keys. So several networks can share one Dagster.
"""

import dagster as dg

from velib_assets.lake.network import IS_VELIB, KEY

PREFIX: list[str] = [] if IS_VELIB else [KEY]


def asset_key(name: str) -> dg.AssetKey:
    """Return the key of the network's asset with this name."""
    return dg.AssetKey([*PREFIX, name])


def asset_keys(*names: str) -> list[dg.AssetKey]:
    """Return the keys of the network's assets with these names."""
    return [asset_key(name) for name in names]


def asset_name(key: dg.AssetKey) -> str:
    """Return the name of an asset of this network; empty if it is another network's."""
    return key.path[-1] if is_own(key) else ""


def is_own(key: dg.AssetKey) -> bool:
    """Return whether a key is that of an asset of this network."""
    return key.path[:-1] == PREFIX
