"""A real HTTP server on 127.0.0.1: answers by script, faults included, and keeps what it was sent.

Belongs here: the server, for every test that needs one (feeds, webhooks). Does not: any test.
"""

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
    """One answer, and `fault`: what goes wrong while it is sent.

    `reset` the connection is reset before a byte comes; `hang` nothing ever comes; `hang_body` half
    of the body comes, then nothing; `truncated` half of it comes, then the end; `truncated_chunks`
    the same without a Content-Length; `drip` the body comes byte by byte; `drip_head` all of it;
    `held` nothing comes before the server's `released` is set, and then the whole answer.
    """

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = {}
    fault: str = ""


class Request(NamedTuple):
    """What a client sent, and when (monotonic seconds)."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    at: float


class LocalServer:
    """Answers each path (query apart) with its queued replies in turn; the last one stays.

    Use it as a context manager. A path without replies gets a 404.
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
        """The paths asked for, in order."""
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
        """Record a request and give its reply."""
        with self._lock:
            self.requests.append(request)
            replies = self._replies[urlsplit(request.path).path]
            if not replies:
                return Reply(404, b"no such path in the script")
            return replies.popleft() if len(replies) > 1 else replies[0]

    def pause(self, seconds: float | None = None) -> bool:
        """Wait, for ever without `seconds`; True as soon as the server is closing."""
        return self._closing.wait(seconds)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    script: LocalServer

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: clients that hang up are what the tests are about."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Keep the tests' output clean."""

    def _answer(self) -> None:
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

    def _send_hang(self, reply: Reply) -> None:  # noqa: ARG002 - nothing of it is sent
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

    def _send_reset(self, reply: Reply) -> None:  # noqa: ARG002 - nothing of it is sent
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.rfile.close()
        self.wfile.close()
        self.connection.close()
