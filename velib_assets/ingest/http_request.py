"""One HTTP request: its body, or a failure message without secrets and whether a retry may help."""

from __future__ import annotations

import base64
import re
import socket
import ssl
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from http.client import IncompleteRead
from typing import Callable, List, NamedTuple, Optional, Tuple
from urllib.parse import unquote, urlsplit

import requests
from urllib3.exceptions import HTTPError, ReadTimeoutError

from velib_assets.lake.text import neutralize_links

CONNECT_SECONDS = 10.0
_CHUNK = 65536
_SHOWN = 200  # characters of an error response
_SECRET = 4  # characters; shorter parts of a URL are not treated as secrets
_KINDS = (
    (socket.gaierror, "the host name does not resolve"),
    (ssl.SSLError, "TLS failed"),
    (OSError, "the connection failed"),
)


class RequestFailedError(Exception):
    """A request without a body. `retry_after` is the wait in seconds that the server requests."""

    def __init__(self, reason: str, *, transient: bool, retry_after: Optional[float] = None) -> None:
        super().__init__(reason)
        self.transient, self.retry_after = transient, retry_after


class Limits(NamedTuple):
    """The limits of one request: `remaining()` and `silence` in seconds, `size` in decoded bytes."""

    remaining: Callable[[], float]
    silence: float
    size: int


def request_once(session: requests.Session, url: str, limits: Limits, now: Callable[[], datetime]) -> bytes:
    """Send a GET request and return the decoded body of a 2xx response.

    Args:
        session: has the request's headers.
        url: the URL.
        limits: the time and size limits.
        now: returns the current time, aware, for a Retry-After with a date.

    Raises:
        RequestFailedError: for every other outcome.
    """
    left = max(limits.remaining(), 0.01)
    timeouts = (min(CONNECT_SECONDS, left), min(limits.silence, left))
    try:
        with session.get(url, stream=True, timeout=timeouts) as response:
            if 200 <= response.status_code < 300:  # noqa: PLR2004 - success
                return _read(response, limits)
            raise _status_error(response, url, limits, now)
    except (requests.RequestException, HTTPError, OSError) as error:
        raise RequestFailedError(_describe(error, timeouts), transient=_is_transient(error)) from None


def public_url(url: str) -> str:
    """Return a URL for a message: without user, password, query and fragment."""
    parts = urlsplit(url)
    query = "?…" if parts.query else ""
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}{query}"


def redact_credentials(text: str, url: str) -> str:
    """Remove a URL's user, password and query from text of a server, which may repeat the request."""
    parts = urlsplit(url)
    login = parts.netloc.rpartition("@")[0]
    plain = [unquote(part) for part in (login, *login.split(":"), parts.query)]
    basic = base64.b64encode(plain[0].encode()).decode()
    for secret in sorted({login, *login.split(":"), parts.query, *plain, basic}, key=len, reverse=True):
        if len(secret) >= _SECRET:
            text = text.replace(secret, "…")
    return text


def retry_after_seconds(value: Optional[str], now: datetime) -> Optional[float]:
    """Return the wait of a Retry-After header in seconds; None if it is missing or invalid."""
    text = (value or "").strip()
    if re.fullmatch(r"[0-9]{1,12}", text):
        return float(text)
    try:
        moment = parsedate_to_datetime(text)
    except (TypeError, ValueError, IndexError, OverflowError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=timezone.utc)
    return max((moment - now).total_seconds(), 0.0)


def _read(response: requests.Response, limits: Limits) -> bytes:
    """Read the whole body. `read1` returns available data, so that a slow body cannot exceed the deadline."""
    parts: List[bytes] = []
    size = 0
    while True:
        part: bytes = response.raw.read1(_CHUNK, decode_content=True)
        if not part:
            return b"".join(parts)
        parts.append(part)
        size += len(part)
        if size > limits.size:
            raise RequestFailedError(f"the response is larger than {limits.size:,} bytes", transient=False)
        if limits.remaining() <= 0:
            raise RequestFailedError(
                f"HTTP {response.status_code}, and the body was not complete at the deadline "
                f"({size:,} bytes received)",
                transient=True,
            )


def _status_error(
    response: requests.Response, url: str, limits: Limits, now: Callable[[], datetime]
) -> RequestFailedError:
    status = response.status_code
    phrase = neutralize_links(redact_credentials(response.reason or "", url), _SHOWN)
    message = f"HTTP {status} {phrase}".rstrip()
    if start := neutralize_links(redact_credentials(_body_start(response, limits), url)[:_SHOWN]):
        message += f", with the body {start!r}"
    return RequestFailedError(
        message,
        transient=status == requests.codes.too_many_requests or status >= requests.codes.server_error,
        retry_after=retry_after_seconds(response.headers.get("Retry-After"), now()),
    )


def _body_start(response: requests.Response, limits: Limits) -> str:
    """Return the first characters of an error's body on one line, as far as it can be read."""
    body = b""
    try:
        while len(body) < 4 * _SHOWN and limits.remaining() > 0:
            part = response.raw.read1(4 * _SHOWN, decode_content=True)
            if not part:
                break
            body += part
    except (HTTPError, OSError):
        pass
    return " ".join(body.decode("utf-8", "replace").split())


def _is_transient(error: BaseException) -> bool:
    if isinstance(_root(error), ssl.SSLCertVerificationError):
        return False
    if isinstance(error, requests.RequestException):  # a subclass of OSError
        return isinstance(error, (requests.ConnectionError, requests.Timeout))
    return True


def _describe(error: BaseException, timeouts: Tuple[float, float]) -> str:
    """Describe a failure without the libraries' messages, which contain the URL with its query."""
    if isinstance(error, requests.ConnectTimeout):
        return f"no connection within {timeouts[0]:.1f} s"
    if isinstance(error, (requests.ReadTimeout, ReadTimeoutError)):
        return f"the server sent nothing for {timeouts[1]:.1f} s"
    root = _root(error)
    if isinstance(root, IncompleteRead):
        return "the connection closed before the end of the body"
    kind = next((name for type_, name in _KINDS if isinstance(root, type_)), "the request failed")
    detail = getattr(root, "reason", None) or getattr(root, "strerror", None)
    return f"{kind}: {detail if isinstance(detail, str) else type(root).__name__}"


def _root(error: BaseException) -> BaseException:
    """Return the innermost cause: requests wraps urllib3, which wraps the operating system."""
    seen = {id(error)}
    while True:
        inner = [getattr(error, "reason", None), *error.args, error.__cause__, error.__context__]
        deeper = [e for e in inner if isinstance(e, BaseException) and id(e) not in seen]
        if not deeper:
            return error
        error = deeper[0]
        seen.add(id(error))
