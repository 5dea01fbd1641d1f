"""The SQL of the views: the .sql files with their placeholders replaced."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime
from functools import cache
from importlib.resources import files
from string import Template

from velib_assets.query.kpis import Kpi
from velib_assets.query.windows import TWO_HOURS, partition_filter

_FOLDER = files("velib_assets.query.sql")


@cache
def conditions() -> dict[str, str]:
    """Return the shared conditions in SQL, by name. Each can be joined to others with AND."""
    texts: dict[str, str] = json.loads((_FOLDER / "conditions.json").read_text(encoding="utf-8"))
    return {name: Template(text).substitute(texts) for name, text in texts.items()}


@cache
def sql_template(kpi: Kpi) -> str:
    """Return the view's .sql file, with placeholders for the shared conditions and the window."""
    return (_FOLDER / f"{kpi.name}.sql").read_text(encoding="utf-8").strip()


def render(kpi: Kpi, newest: datetime | None) -> str:
    """Return the view's statement over the hours up to `newest`, or over none for an empty table."""
    return _replaced(kpi, partition_filter(kpi.window.hours(newest) if kpi.window and newest else []))


def standalone_sql(kpi: Kpi) -> str:
    """Return the view's statement with a window that is relative to the current date."""
    return _replaced(kpi, kpi.window.relative if kpi.window else "")


def hours_read(kpi: Kpi, newest: datetime | None) -> list[datetime]:
    """Return the hours that the view's newest state is read from, oldest first."""
    return (kpi.window or TWO_HOURS).hours(newest) if newest else []


def code_version(kpi: Kpi) -> str:
    """Return a digest that changes with the view's SQL, and not with the hour."""
    return hashlib.sha256(standalone_sql(kpi).encode("utf-8")).hexdigest()[:12]


def _replaced(kpi: Kpi, window: str) -> str:
    windows = {kpi.window.placeholder: window} if kpi.window else {}
    return Template(sql_template(kpi)).substitute(conditions(), **windows)
