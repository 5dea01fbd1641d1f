"""Renders the package's SQL files for the network: its tables and its time zone in place of Vélib's."""

from __future__ import annotations

import re
from importlib.resources import files

from velib_assets.lake.network import VELIB, VELIB_METROPOLE, network
from velib_assets.lake.schema import HISTORY, QUARANTINE, REJECTS, TABLE

_TABLES = {
    f"source_{VELIB}": TABLE,
    f"{VELIB}_history": HISTORY,
    f"rejects_{VELIB}": REJECTS,
    f"quarantine_{VELIB}": QUARANTINE,
}
_ZONE = f"'{VELIB_METROPOLE.time_zone}'"
_WORD = re.compile(rf"\b(?:{'|'.join(_TABLES)})\b|{_ZONE}")


def network_sql(sql: str) -> str:
    """Return SQL that is written for Vélib' with the names of this process's network, word by word."""
    zone = f"'{network().time_zone}'" if _ZONE in sql else ""
    return _WORD.sub(lambda match: _TABLES.get(match[0], zone), sql)


def sql_file(package: str, name: str) -> str:
    """Return a .sql file of the package, rendered for the network."""
    return network_sql((files(package) / f"{name}.sql").read_text(encoding="utf-8"))
