"""The definitions that the server loads, with a tick every minute: a test cannot wait for 15."""

from velib_assets.defs.build import build_defs
from velib_assets.settings import Settings

defs = build_defs(Settings.from_env(), cron="* * * * *")
