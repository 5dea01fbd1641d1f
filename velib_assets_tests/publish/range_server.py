"""A local HTTP server that serves a folder with range requests, as object stores and web servers do."""

from __future__ import annotations

import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import NamedTuple

_RANGE = re.compile(r"bytes=(\d*)-(\d*)")


class Served(NamedTuple):
    """A response: the method, the file's name, the status, and the bytes of its body."""

    method: str
    name: str
    status: int
    size: int


class RangeServer:
    """Serves the files of a folder, as a context manager; `served` lists the responses."""

    def __init__(self, folder: Path) -> None:
        self.served: list[Served] = []
        files = {f"/{path.name}": path.read_bytes() for path in folder.iterdir()}
        served = self.served

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_HEAD(self) -> None:
                self._answer(with_body=False)

            def do_GET(self) -> None:
                self._answer(with_body=True)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
                """Print nothing."""

            def _answer(self, *, with_body: bool) -> None:
                data = files.get(self.path)
                status, part = (404, b"") if data is None else (200, data)
                extra = {}
                if data is not None and (asked := _RANGE.fullmatch(self.headers.get("Range", ""))):
                    start, end = _bounds(asked, len(data))
                    status, part = 206, data[start:end]
                    extra["Content-Range"] = f"bytes {start}-{end - 1}/{len(data)}"
                self.send_response(status)
                for name, value in {**extra, "Accept-Ranges": "bytes", "Content-Length": len(part)}.items():
                    self.send_header(name, str(value))
                self.end_headers()
                if with_body:
                    self.wfile.write(part)
                served.append(Served(self.command, self.path[1:], status, len(part) * with_body))

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)

    @property
    def url(self) -> str:
        """The base URL, without a slash at its end."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> RangeServer:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def _bounds(asked: re.Match[str], size: int) -> tuple[int, int]:
    first, last = asked.groups()
    if not first:
        return max(size - int(last), 0), size
    return int(first), min(int(last) + 1 if last else size, size)
