"""Builds the report's page: one HTML file that loads nothing from elsewhere."""

from __future__ import annotations

import hashlib
import json
from base64 import b64encode
from collections.abc import Mapping
from html import escape
from importlib.resources import files
from string import Template
from typing import Any, NamedTuple

from velib_assets.lake.network import VELIB, VELIB_METROPOLE
from velib_assets.report.page.vega import vega_script

SCRIPTS = (
    "texts_velib", "texts_network", "data", "network", "texts", "format", "dom", "theme", "colours",
    "tooltip", "chart", "axes", "figure", "tables", "header", "totals", "projection", "areas", "area_labels",
    "map_shapes", "map", "map_moves", "filters", "stations", "card", "fill_rate", "over_the_day", "area_map",
    "arrondissements", "top10", "view", "days", "yesterday", "calendar", "day_details", "station_days",
    "week", "today", "episodes", "ledger", "freshness", "details", "app",
)  # fmt: skip
"""The files of js/, in the order in which they are joined. A page has one of the first two."""


class _Own(NamedTuple):
    """What the page of one network has: its texts, and the brand and title before they are there."""

    without: str
    brand: str
    title: str


_VELIB = _Own("texts_network", "Vélib' Insights", "Vélib', station by station")
_OTHER = _Own("texts_velib", "Bike insights", "{network}, station by station")


def page_html(report: Mapping[str, Any]) -> str:
    """Return the page with `report` (from `model.report_object`) embedded as JSON.

    Names in the data may contain anything: `<` is escaped, so no markup can end or start inside it, and the
    scripts insert text as text. The page's Content-Security-Policy allows exactly these scripts and no
    requests.

    Raises:
        ValueError: The report contains NaN or infinity, which JSON does not have.
    """
    network = report.get("system") or VELIB_METROPOLE._asdict()
    own = _VELIB if network["key"] == VELIB else _OTHER
    style, app, vega = _part("style.css"), _app(own.without), vega_script()
    policy = (
        f"default-src 'none'; script-src {_csp_hash(app)} {_csp_hash(vega)}; style-src {_csp_hash(style)}; "
        "img-src data:; base-uri 'none'; form-action 'none'"
    )
    return Template(_part("template.html")).substitute(
        policy=policy,
        style=style,
        data=json.dumps(report, separators=(",", ":"), allow_nan=False).replace("<", "\\u003c"),
        app=app,
        vega=vega,
        brand=own.brand,
        title=escape(own.title.format(network=network["name"]), quote=False),
    )


def _app(without: str) -> str:
    """Join the page's scripts but one into one, with a scope of its own."""
    parts = "\n".join(_part(f"js/{name}.js") for name in SCRIPTS if name != without)
    return f'(() => {{\n"use strict";\n{parts}\n}})();'


def _part(name: str) -> str:
    return (files("velib_assets.report.page") / name).read_text(encoding="utf-8")


def _csp_hash(text: str) -> str:
    """Return the Content-Security-Policy source of an inline script or style with this text."""
    return f"'sha256-{b64encode(hashlib.sha256(text.encode('utf-8')).digest()).decode('ascii')}'"
