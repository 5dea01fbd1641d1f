"""The setting VELIB_SIMULATOR_GBFS: in which form the simulated network responds."""

from __future__ import annotations

from velib_assets.lake.network import KEY, VELIB
from velib_assets.simulator.gbfs_files import SYSTEM_ID, VERSIONS

OFF = "off"


def parse_gbfs(text: str, network: str = KEY, *, simulated: bool = True) -> str:
    """Return the version of GBFS that the simulator responds in; empty for the portal's form.

    Args:
        text: a version, or off.
        network: the key of the network.
        simulated: whether the simulator is used; if not, any version goes with any network.

    Raises:
        ValueError: there is no such version, or it does not go with the network.
    """
    version = text.lower()
    if version not in (OFF, *VERSIONS):
        raise ValueError(f"{text!r} is not one of {', '.join((OFF, *VERSIONS))}")
    if simulated and version != OFF and network == VELIB:
        raise ValueError(f"{version} is for another network than Vélib': set VELIB_NETWORK={SYSTEM_ID} too")
    if simulated and version == OFF and network != VELIB:
        raise ValueError(f"off is for Vélib' only: set it to 3.0 with VELIB_NETWORK={network}")
    return "" if version == OFF else version
