"""What Dagster loads: the definitions for the settings in the environment."""

from velib_assets.defs.build import build_defs
from velib_assets.defs.dagster_home import claim_home
from velib_assets.settings import Settings

__all__ = ["build_defs", "defs"]

_settings = Settings.from_env()
claim_home(_settings)
defs = build_defs(_settings)
