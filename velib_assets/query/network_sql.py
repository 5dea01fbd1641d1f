"""Renders the package's SQL files for the network: its tables and its time zone in place of Vélib's."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from velib_assets.lake.network import VELIB_METROPOLE, own_names, time_zone

_ZONE = f"'{VELIB_METROPOLE.time_zone}'"

UNDECLARED_ZONE = "<time zone of the network>"


@cache
def sql_file(package: str, name: str) -> str:
    """Return an .sql file of the package with the network's tables. Its time zone is still that of Vélib'."""
    return own_names((files(package) / f"{name}.sql").read_text(encoding="utf-8").strip())


def in_time_zone(sql: str, zone: str = "") -> str:
    """Return SQL with a time zone, by default the network's, in place of that of Vélib'."""
    return sql.replace(_ZONE, f"'{zone or time_zone()}'") if _ZONE in sql else sql
