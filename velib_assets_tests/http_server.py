"""An HTTP server on 127.0.0.1 with scripted replies and faults; it records the requests."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
import time
from collections import defaultdict, deque
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import NamedTuple
from urllib.parse import urlsplit

DRIP_SECONDS = 0.05


class Reply(NamedTuple):
    """A reply, and `fault`: how sending it fails.

    `reset` resets the connection before the first byte. `hang` sends nothing; `hang_body` sends half of the
    body, then nothing. `truncated` closes after half of the body; `truncated_chunks` does so without a
    Content-Length. `drip` sends the body byte by byte, `drip_head` the head too. `held` waits until the
    server's `released` is set, then sends the whole reply.
    """

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = {}
    fault: str = ""


class Request(NamedTuple):
    """A request, and when it arrived (monotonic seconds)."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    at: float


class LocalServer:
    """A server, as a context manager, that sends the queued replies of each path in turn.

    The last reply of a path is repeated. A path without replies gets a 404. The query is ignored.
    """

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self.released = threading.Event()
        self._replies: defaultdict[str, deque[Reply]] = defaultdict(deque)
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.script = self
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)

    @property
    def url(self) -> str:
        """The base URL, without a trailing slash."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def queue(self, path: str, *replies: Reply) -> None:
        """Add replies for a path."""
        with self._lock:
            self._replies[path].extend(replies)

    def paths(self) -> list[str]:
        """Return the requested paths, in order."""
        return [request.path for request in self.requests]

    def __enter__(self) -> LocalServer:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._closing.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def take(self, request: Request) -> Reply:
        """Record a request and return its reply."""
        with self._lock:
            self.requests.append(request)
            replies = self._replies[urlsplit(request.path).path]
            if not replies:
                return Reply(404, b"no such path in the script")
            return replies.popleft() if len(replies) > 1 else replies[0]

    def pause(self, seconds: float | None = None) -> bool:
        """Wait, without limit if `seconds` is None. Returns True if the server is closing."""
        return self._closing.wait(seconds)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    script: LocalServer

    def handle_error(self, request: object, client_address: object) -> None:
        """Ignore errors: tests disconnect on purpose."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._reply()

    def do_POST(self) -> None:
        self._reply()

    def do_PUT(self) -> None:
        self._reply()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Print nothing."""

    def _reply(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length)
        request = Request(self.command, self.path, dict(self.headers), body, time.monotonic())
        reply = self.server.script.take(request)
        self.close_connection = True
        with contextlib.suppress(OSError):
            getattr(self, f"_send_{reply.fault or 'whole'}")(reply)

    def _head(self, reply: Reply, *, chunked: bool = False) -> bytes:
        framing = {"Transfer-Encoding": "chunked"} if chunked else {"Content-Length": len(reply.body)}
        fields = {**framing, "Connection": "close", **reply.headers}
        lines = [f"HTTP/1.1 {reply.status} Scripted", *(f"{k}: {v}" for k, v in fields.items())]
        return "\r\n".join([*lines, "", ""]).encode("latin-1")

    def _send_whole(self, reply: Reply) -> None:
        self.wfile.write(self._head(reply) + reply.body)

    def _send_truncated(self, reply: Reply) -> None:
        self.wfile.write(self._head(reply) + reply.body[: len(reply.body) // 2])

    def _send_truncated_chunks(self, reply: Reply) -> None:
        half = reply.body[: len(reply.body) // 2]
        self.wfile.write(self._head(reply, chunked=True) + b"%x\r\n%s\r\n" % (len(half), half))

    def _send_hang(self, reply: Reply) -> None:  # noqa: ARG002 - nothing is sent
        self.server.script.pause()

    def _send_hang_body(self, reply: Reply) -> None:
        self._send_truncated(reply)
        self.wfile.flush()
        self.server.script.pause()

    def _send_held(self, reply: Reply) -> None:
        self.server.script.released.wait(60)
        self._send_whole(reply)

    def _send_drip(self, reply: Reply) -> None:
        self.wfile.write(self._head(reply))
        self._drip(reply.body)

    def _send_drip_head(self, reply: Reply) -> None:
        self._drip(self._head(reply) + reply.body)

    def _drip(self, content: bytes) -> None:
        for position in range(len(content)):
            self.wfile.write(content[position : position + 1])
            if self.server.script.pause(DRIP_SECONDS):
                return

    def _send_reset(self, reply: Reply) -> None:  # noqa: ARG002 - nothing is sent
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.rfile.close()
        self.wfile.close()
        self.connection.close()
