"""`python -m velib_assets_tests.aws.emulator [--port N] [--state DIR] [--spark] [--auth]`, until Ctrl-C."""

from __future__ import annotations

import argparse
import signal
import sys
import threading
from pathlib import Path

from velib_assets_tests.aws.emulator.server import Emulator


def main() -> None:
    """Start, print the settings for a shell, and stop at SIGINT or SIGTERM."""
    parser = argparse.ArgumentParser(prog="emulator", description="The local AWS: Ctrl-C ends it.")
    parser.add_argument("--port", type=int, default=4566)
    parser.add_argument("--state", type=Path, help="keep everything in this folder (default: forget it)")
    parser.add_argument("--auth", action="store_true", help="enforce the policies of roles")
    parser.add_argument("--spark", action="store_true", help="make the environment of glueetl jobs too")
    options = parser.parse_args()
    done = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: done.set())
    with Emulator(port=options.port, state=options.state, auth=options.auth, spark=options.spark) as emulator:
        for name, value in emulator.env().items():
            sys.stdout.write(f"export {name}={value}\n")
        versions = ", ".join(f"{name}: Python {version}" for name, version in emulator.interpreters().items())
        sys.stdout.write(f"# {versions}; it logs to {emulator.log}\n")
        sys.stdout.flush()
        done.wait()


if __name__ == "__main__":
    main()
