"""Ports of this machine for servers that a test starts."""

from __future__ import annotations

import random
import socket
from contextlib import suppress


def free_port() -> int:
    """Return a port that nothing listens on.

    It is below those that the system gives to connections: otherwise one of them may have it by the time
    that the server is ready to listen.
    """
    while True:
        port = random.randrange(15_000, 30_000)  # noqa: S311 - no secret
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
