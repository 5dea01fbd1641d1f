"""The code location of Bay Wheels, the network of San Francisco: its settings, then the definitions."""

import os

os.environ.update(
    VELIB_NETWORK="bay_wheels",
    VELIB_SOURCE="gbfs",
    VELIB_GBFS_URL="https://gbfs.lyft.com/gbfs/2.3/bay/gbfs.json",
    VELIB_LAKE="~/bikes/bay_wheels",
    VELIB_SCHEDULE="on",
)

from velib_assets.definitions import defs  # noqa: F401 - the settings count when it is imported
