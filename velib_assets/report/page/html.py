"""The report's page: one HTML file without a link to anything it needs.

Belongs here: joining template, style, scripts, chart library and data, safely. Does not: asking for the data.
"""

from __future__ import annotations

import hashlib
import json
from base64 import b64encode
from collections.abc import Mapping
from importlib.resources import files
from string import Template
from typing import Any

from velib_assets.report.page.vega import vega_script

SCRIPTS = (
    "data", "words", "format", "dom", "theme", "colours", "tooltip", "chart", "axes", "figure", "tables",
    "header", "totals", "map_shapes", "map", "map_moves", "filters", "stations", "card",
    "fill_rate", "over_the_day", "tiles", "arrondissements", "top10",
    "week", "today", "episodes", "ledger", "freshness", "app",
)  # fmt: skip
"""The scripts in the order in which they are joined; each says what belongs in it."""


def page_html(report: Mapping[str, Any]) -> str:
    """The whole page, with `report` (the object of core.report, JSON's types only) inside.

    Names in the data may hold anything: `<` is escaped, so that no markup can end or begin in it, and the
    scripts put texts on the page as text. The page's policy lets only these very scripts run, and nothing
    be fetched.

    Raises:
        ValueError: for NaN or infinity, which JSON has no word for.
    """
    style, app, vega = _part("style.css"), _app(), vega_script()
    policy = (
        f"default-src 'none'; script-src {_source(app)} {_source(vega)}; style-src {_source(style)}; "
        "img-src data:; base-uri 'none'; form-action 'none'"
    )
    data = json.dumps(report, separators=(",", ":"), allow_nan=False).replace("<", "\\u003c")
    return Template(_part("template.html")).substitute(
        policy=policy, style=style, data=data, app=app, vega=vega
    )


def _app() -> str:
    """The page's own scripts as one, sharing a scope that nothing else sees."""
    parts = "\n".join(_part(f"js/{name}.js") for name in SCRIPTS)
    return f'(() => {{\n"use strict";\n{parts}\n}})();'


def _part(name: str) -> str:
    return (files("velib_assets.report.page") / name).read_text(encoding="utf-8")


def _source(text: str) -> str:
    """What the policy calls an inline script or style of exactly this text."""
    return f"'sha256-{b64encode(hashlib.sha256(text.encode('utf-8')).digest()).decode('ascii')}'"
