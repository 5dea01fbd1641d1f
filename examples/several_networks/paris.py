"""The code location of Vélib': its settings, then the definitions that they make."""

import os

os.environ.update(
    VELIB_NETWORK="velib",
    VELIB_SOURCE="opendata",
    VELIB_LAKE="~/bikes/velib",
    VELIB_SCHEDULE="on",
)

from velib_assets.definitions import defs  # noqa: F401 - the settings count when it is imported
