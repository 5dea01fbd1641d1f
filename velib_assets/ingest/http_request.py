"""One HTTP request: the body, or why there is none and whether another try could help.

Belongs here: reading one answer, classing what went wrong, and saying it in words that hold no
secret. Does not: trying again and the deadline over all tries (http).
"""

from __future__ import annotations

import base64
import re
import socket
import ssl
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from http.client import IncompleteRead
from typing import Callable, List, Optional, Tuple
from urllib.parse import unquote, urlsplit

import requests
from urllib3.exceptions import HTTPError, ReadTimeoutError

from velib_assets.lake.text import neutralize_links

CONNECT_SECONDS = 10.0
_CHUNK = 65536
_SHOWN = 200
_SECRET = 4  # characters from which on something of a URL is taken for a secret
_KINDS = (
    (socket.gaierror, "the host name does not resolve"),
    (ssl.SSLError, "TLS failed"),
    (OSError, "the connection failed"),
)


class RequestFailedError(Exception):
    """A try that brought no body. `retry_after` is the wait in seconds that the server wants."""

    def __init__(self, reason: str, *, transient: bool, retry_after: Optional[float] = None) -> None:
        super().__init__(reason)
        self.transient = transient
        self.retry_after = retry_after


class Limits:
    """What one try may cost: `remaining()` and `silence` in seconds, `size` in decoded bytes."""

    def __init__(self, remaining: Callable[[], float], silence: float, size: int) -> None:
        self.remaining = remaining
        self.silence = silence
        self.size = size


def request_once(session: requests.Session, url: str, limits: Limits, now: Callable[[], datetime]) -> bytes:
    """The decoded body of a 2xx answer to a GET of `url`.

    Args:
        session: carries the headers.
        url: what to ask for.
        limits: time and size that may be spent.
        now: the wall clock, aware, for a Retry-After that is a date.

    Raises:
        RequestFailedError: for every other outcome.
    """
    left = max(limits.remaining(), 0.01)
    patience = (min(CONNECT_SECONDS, left), min(limits.silence, left))
    try:
        with session.get(url, stream=True, timeout=patience) as response:
            if 200 <= response.status_code < 300:  # noqa: PLR2004 - the class of success
                return _read(response, limits)
            raise _refusal(response, url, limits, now)
    except (requests.RequestException, HTTPError, OSError) as error:
        raise RequestFailedError(_words(error, patience), transient=_is_transient(error)) from None


def public_url(url: str) -> str:
    """A URL fit for a message: without user, password, query and fragment."""
    parts = urlsplit(url)
    query = "?…" if parts.query else ""
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}{query}"


def redact_credentials(text: str, url: str) -> str:
    """Words of a server without what of a URL is secret (user, password, query): some repeat the request."""
    parts = urlsplit(url)
    login = parts.netloc.rpartition("@")[0]
    plain = [unquote(part) for part in (login, *login.split(":"), parts.query)]
    basic = base64.b64encode(plain[0].encode()).decode()
    for secret in sorted({login, *login.split(":"), parts.query, *plain, basic}, key=len, reverse=True):
        if len(secret) >= _SECRET:
            text = text.replace(secret, "…")
    return text


def retry_after_seconds(value: Optional[str], now: datetime) -> Optional[float]:
    """The wait that a Retry-After header asks for, in seconds; None for none or nonsense."""
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
    """The whole body. `read1` returns what has come, so that a trickle cannot outlast the clock."""
    parts: List[bytes] = []
    size = 0
    while True:
        part: bytes = response.raw.read1(_CHUNK, decode_content=True)
        if not part:
            return b"".join(parts)
        parts.append(part)
        size += len(part)
        if size > limits.size:
            raise RequestFailedError(f"the answer is larger than {limits.size:,} bytes", transient=False)
        if limits.remaining() <= 0:
            raise RequestFailedError(
                f"HTTP {response.status_code}, and the body was still coming when the time was up "
                f"({size:,} bytes so far)",
                transient=True,
            )


def _refusal(
    response: requests.Response, url: str, limits: Limits, now: Callable[[], datetime]
) -> RequestFailedError:
    status = response.status_code
    words = (
        f"HTTP {status} {neutralize_links(redact_credentials(response.reason or '', url), _SHOWN)}".rstrip()
    )
    shown = neutralize_links(redact_credentials(_opening(response, limits), url)[:_SHOWN])
    if shown:
        words += f", saying {shown!r}"
    return RequestFailedError(
        words,
        transient=status == requests.codes.too_many_requests or status >= requests.codes.server_error,
        retry_after=retry_after_seconds(response.headers.get("Retry-After"), now()),
    )


def _opening(response: requests.Response, limits: Limits) -> str:
    """The first characters of an error's body, on one line; whatever of it can be had."""
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
    if isinstance(error, requests.RequestException):  # which is an OSError too
        return isinstance(error, (requests.ConnectionError, requests.Timeout))
    return True


def _words(error: BaseException, patience: Tuple[float, float]) -> str:
    """What happened, in words of our own: the libraries' messages quote the URL with its query."""
    if isinstance(error, requests.ConnectTimeout):
        return f"no connection within {patience[0]:.1f} s"
    if isinstance(error, (requests.ReadTimeout, ReadTimeoutError)):
        return f"the server sent nothing for {patience[1]:.1f} s"
    root = _root(error)
    if isinstance(root, IncompleteRead):
        return "the body broke off before its end"
    kind = next((words for kind, words in _KINDS if isinstance(root, kind)), "the exchange failed")
    said = getattr(root, "reason", None) or getattr(root, "strerror", None)
    return f"{kind}: {said if isinstance(said, str) else type(root).__name__}"


def _root(error: BaseException) -> BaseException:
    """The innermost cause: requests wraps urllib3, which wraps the operating system."""
    seen = {id(error)}
    while True:
        inner = [getattr(error, "reason", None), *error.args, error.__cause__, error.__context__]
        deeper = [e for e in inner if isinstance(e, BaseException) and id(e) not in seen]
        if not deeper:
            return error
        error = deeper[0]
        seen.add(id(error))
