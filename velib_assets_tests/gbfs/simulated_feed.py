"""Serves a simulated GBFS feed over HTTP."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime

from velib_assets.lake.listing import utc_now
from velib_assets.simulator.gbfs_server import GbfsServer
from velib_assets.simulator.simulator import Simulator


@contextmanager
def simulated_feed(simulator: Simulator, clock: Callable[[], datetime] = utc_now) -> Iterator[GbfsServer]:
    """Yield a running server of a simulated network; its discovery document is `{base_url}/gbfs.json`."""
    with GbfsServer(simulator, 0, clock=clock) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
