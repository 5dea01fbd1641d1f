"""The emulator's process: patches ministack, then serves. It runs by file path with its own Python.

Settings come by environment: ministack's own (GATEWAY_PORT, AUTH, PERSIST_STATE, ...) and VELIB_EMULATOR_*,
which server.py sets. Nothing of the project is imported beside the patches.
"""

from __future__ import annotations

import importlib
import os
import signal
import sys
import threading
from pathlib import Path

if __package__ in (None, ""):
    sys.path.insert(0, str(Path(__file__).resolve().parents[3]))

PATCHES = (
    "lambdas",
    "glue_jobs",
    "catalog",
    "crawler",
    "athena",
    "step_functions",
    "scheduler",
    "s3",
    "alarms",
    "authorization",
    "drift",
    "connections",
)


def main() -> None:
    """Apply every patch, then serve until SIGTERM."""
    _reset_signals()
    threading.Thread(target=_end_with_the_starter, daemon=True).start()
    patching = importlib.import_module("velib_assets_tests.aws.emulator.patches.patching")
    patching.check_version()
    for name in PATCHES:
        importlib.import_module(f"velib_assets_tests.aws.emulator.patches.{name}").apply()
    importlib.import_module("ministack.app").main()


def _reset_signals() -> None:
    """Unblock signals that a parent in the background may have ignored, which children inherit."""
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)


def _end_with_the_starter() -> None:
    """End with the parent: standard input is a pipe that closes when the parent dies."""
    os.read(0, 1)
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    main()
