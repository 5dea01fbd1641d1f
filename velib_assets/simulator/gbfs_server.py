"""A GBFS feed of the simulated network over HTTP: `python -m velib_assets.simulator.gbfs_server --help`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime
from functools import lru_cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

from velib_assets.lake.listing import utc_now
from velib_assets.simulator.faults import parse_faults
from velib_assets.simulator.gbfs_files import SYSTEM_ID, VERSIONS
from velib_assets.simulator.simulator import STATIONS, Simulator

HOST = "127.0.0.1"
PORT = 8123
VERSION = "3.0"
_USAGE = 2


class GbfsServer(ThreadingHTTPServer):
    """Serves the files of the current minute on 127.0.0.1; `gbfs.json` has their URLs.

    Args:
        simulator: the simulated network, with a version of GBFS.
        port: the port; 0 selects a free one.
        clock: what time it is (UTC).

    Raises:
        OSError: the port is taken.
        OverflowError: the port is not 0 to 65535.
    """

    daemon_threads = True

    def __init__(
        self, simulator: Simulator, port: int = PORT, clock: Callable[[], datetime] = utc_now
    ) -> None:
        super().__init__((HOST, port), _Handler)
        self.simulator, self.clock = simulator, clock
        self.files_of = lru_cache(maxsize=2)(self._files_of)

    @property
    def base_url(self) -> str:
        """The URL above the files, without a trailing slash."""
        return f"http://{HOST}:{self.server_port}"

    def _files_of(self, minute: datetime) -> dict[str, bytes]:
        return self.simulator.gbfs_files(minute, self.base_url)


class _Handler(BaseHTTPRequestHandler):
    server: GbfsServer

    def do_GET(self) -> None:
        """Send a file, or 404 and the names of all files."""
        files = self.server.files_of(self.server.clock().replace(second=0, microsecond=0))
        name = urlsplit(self.path).path.removeprefix("/").removesuffix(".json")
        missing = f"no such file; the files are {', '.join(f'/{known}.json' for known in files)}\n"
        self._send(200, files[name]) if name in files else self._send(404, missing.encode())

    def _send(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json" if status == 200 else "text/plain")  # noqa: PLR2004
        self.send_header("Content-Length", str(len(body)))
        with suppress(ConnectionError):  # the client is gone
            self.end_headers()
            self.wfile.write(body)


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until Ctrl+C. Returns the exit status: 2 if an argument is wrong or the port is taken."""
    options = parser().parse_args(arguments)
    try:
        simulator = Simulator(
            stations=options.stations, faults=parse_faults(options.faults), gbfs=options.version
        )
        server = GbfsServer(simulator, options.port)
    except (ValueError, OverflowError) as error:
        sys.stderr.write(f"{error}\n")
        return _USAGE
    except OSError as error:
        sys.stderr.write(f"port {options.port} cannot be used: {error.strerror}. Write another --port.\n")
        return _USAGE
    with server:
        sys.stdout.write(
            f"GBFS {options.version} of a simulated city: {server.base_url}/gbfs.json\n"
            f"To read it: export VELIB_SOURCE=gbfs VELIB_NETWORK={SYSTEM_ID} VELIB_LAKE=lake-{SYSTEM_ID} "
            f"VELIB_GBFS_URL={server.base_url}/gbfs.json\nCtrl+C stops the server.\n"
        )
        sys.stdout.flush()
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            sys.stdout.write("\n")
    return 0


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command's arguments."""
    arguments = argparse.ArgumentParser(
        prog="python -m velib_assets.simulator.gbfs_server",
        description="Serve the simulated city as a GBFS feed on 127.0.0.1. Its data are fictional.",
    )
    arguments.add_argument(
        "--version", choices=VERSIONS, default=VERSION, help="version of GBFS (%(default)s)"
    )
    arguments.add_argument("--port", type=int, default=PORT, help="port, 0 for a free one (%(default)s)")
    arguments.add_argument("--stations", type=int, default=STATIONS, help="number of stations (%(default)s)")
    arguments.add_argument("--faults", default="", help="as in VELIB_SIMULATOR_FAULTS, for example html=0.1")
    return arguments


if __name__ == "__main__":
    sys.exit(main())
