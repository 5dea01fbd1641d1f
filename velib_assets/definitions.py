"""What Dagster loads: the definitions for the settings in the environment."""

from velib_assets.defs.build import build_defs
from velib_assets.settings import Settings

__all__ = ["build_defs", "defs"]

defs = build_defs(Settings.from_env())
