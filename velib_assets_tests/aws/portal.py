"""A portal of a simulated city for the Lambda of a local stack, which needs no internet."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from velib_assets.ingest.feeds.opendata import EXPORT_PATH
from velib_assets.lake.listing import utc_now
from velib_assets.simulator.simulator import Simulator


@contextmanager
def portal(port: int) -> Iterator[str]:
    """Serve the current state of the city on 127.0.0.1; yield the base URL."""
    with ThreadingHTTPServer(("127.0.0.1", port), _Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        is_export = self.path.partition("?")[0] == EXPORT_PATH
        body = Simulator().fetch(utc_now()).bodies["body"] if is_export else b"no such path"
        self.send_response(200 if is_export else 404)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Log nothing, because the Lambda logs its requests."""
