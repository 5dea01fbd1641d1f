"""The chart library (Vega, Vega-Lite, Vega-Embed) as one script, built offline from vl-convert-python.

Building takes 3 seconds, so the script is cached per user and version of vl-convert-python, in the folder
that platformdirs names (~/.cache/velib-insights on Linux). `make setup` and the container's image run this
module, so that no report waits for it.
"""

from __future__ import annotations

import logging
from functools import cache
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path

import platformdirs

from velib_assets.lake.folder_store import FolderStore
from velib_assets.lake.store import Change

_log = logging.getLogger(__name__)
VEGA_LITE = "6.4"


@cache
def vega_script() -> str:
    """Return the library's script, which sets `window.vegaEmbed` and starts with its licence."""
    cache_folder = FolderStore(Path(platformdirs.user_cache_dir("velib-insights", appauthor=False)))
    name = f"vega-{version('vl-convert-python')}-lite-{VEGA_LITE}.js"
    try:
        return cache_folder.read(name).decode()
    except OSError:
        pass  # not built yet, or not readable
    script = _build()
    try:
        cache_folder.publish([Change(name, script.encode())], lambda: True)
    except OSError as error:
        _log.warning(
            "The chart library cannot be cached in %s and is built each time: %s", cache_folder.root, error
        )
    return script


def _build() -> str:
    import vl_convert  # noqa: PLC0415 - 80 MB, and needed only once

    licence = (files("velib_assets.report.page") / "vega_licence.txt").read_text(encoding="utf-8")
    bundle: str = vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;", VEGA_LITE)
    # An HTML parser reads \r as \n, which would change the digest in the page's policy.
    return f"/*\n{licence}*/\n{bundle}".replace("\r", "")


if __name__ == "__main__":
    vega_script()
