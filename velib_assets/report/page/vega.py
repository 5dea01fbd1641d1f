"""The chart library as one script: Vega, Vega-Lite and Vega-Embed, out of vl-convert-python, without network.

Belongs here: making the script, and keeping it. Making it takes 3 seconds, so that it is made once for each
version of vl-convert-python and user, and kept in the user's cache folder (platformdirs says where:
~/.cache/velib-insights on Linux). Does not: drawing.
"""

from __future__ import annotations

import logging
import os
import tempfile
from functools import cache
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path

_log = logging.getLogger(__name__)
VEGA_LITE = "6.4"


@cache
def vega_script() -> str:
    """The library's script, which sets `window.vegaEmbed`; its licence stands at its beginning."""
    kept = _folder() / f"vega-{version('vl-convert-python')}-lite-{VEGA_LITE}.js"
    try:
        return kept.read_text(encoding="utf-8")
    except OSError:
        pass  # not made yet, or not readable: it is made
    script = _made()
    try:
        _keep(kept, script)
    except OSError as error:
        _log.warning("The chart library cannot be kept in %s and is made each time: %s", kept, error)
    return script


def _folder() -> Path:
    import platformdirs  # noqa: PLC0415 - only where a page is made

    return Path(platformdirs.user_cache_dir("velib-insights", appauthor=False))


def _made() -> str:
    import vl_convert  # noqa: PLC0415 - 80 MB, and only needed once

    licence = (files("velib_assets.report.page") / "vega_licence.txt").read_text(encoding="utf-8")
    bundle: str = vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;", VEGA_LITE)
    return f"/*\n{licence}*/\n{bundle}".replace("\r", "")  # a parser reads \r as \n: the digest would differ


def _keep(target: Path, script: str) -> None:
    """Write it aside and move it: processes that do so at once all end with a whole file."""
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, aside = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as out:
            out.write(script)
        Path(aside).replace(target)
    except OSError:
        Path(aside).unlink(missing_ok=True)
        raise
