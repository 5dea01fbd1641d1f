"""Connections: the server keeps idle ones for longer than its clients do.

Terraform's provider closes a connection that was idle for 90 seconds, ministack one of 75. If a request
arrives in the moment in which the server closes, it is executed and its response is lost. The provider then
repeats it, and what it creates exists already.
"""

from __future__ import annotations

import importlib
from typing import Any

from velib_assets_tests.aws.emulator.patches import patching

IDLE_SECONDS = 600


def apply() -> None:
    """Set the time after which an idle connection is closed."""
    patching.wrap(importlib.import_module("hypercorn.asyncio"), "serve", _with_patience)


def _with_patience(stock: Any) -> Any:
    def serve(app: Any, config: Any, *args: Any, **kwargs: Any) -> Any:
        config.keep_alive_timeout = IDLE_SECONDS
        return stock(app, config, *args, **kwargs)

    return serve
