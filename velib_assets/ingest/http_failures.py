"""Failed HTTP requests: a message without secrets, and whether a retry may help."""

from __future__ import annotations

import re
import socket
import ssl
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from http.client import HTTPException, IncompleteRead
from typing import Optional, Tuple

import requests
from urllib3.exceptions import DecodeError, ReadTimeoutError

_KINDS = (
    (socket.gaierror, "the host name does not resolve"),
    (ssl.SSLError, "TLS failed"),
    (OSError, "the connection failed"),
    (HTTPException, "the response is not valid HTTP"),
)
_REASONS = (
    (requests.TooManyRedirects, "the server redirects in a loop"),
    (ValueError, "this URL, or one to which the server redirects, is not a valid http(s) URL"),
    (DecodeError, "the body is not compressed as its Content-Encoding says"),
)


class RequestFailedError(Exception):
    """A request without a body. `retry_after` is the wait in seconds that the server requests."""

    def __init__(self, reason: str, *, transient: bool, retry_after: Optional[float] = None) -> None:
        super().__init__(reason)
        self.transient, self.retry_after = transient, retry_after


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


def is_transient(error: BaseException) -> bool:
    """Return whether a retry may succeed."""
    if isinstance(_root(error), ssl.SSLCertVerificationError):
        return False
    if isinstance(error, ValueError):  # of a URL: no attempt can succeed
        return False
    if isinstance(error, requests.RequestException):  # a subclass of OSError
        return isinstance(error, (requests.ConnectionError, requests.Timeout))
    return True


def describe(error: BaseException, timeouts: Tuple[float, float]) -> str:
    """Describe a failure without the libraries' messages, which contain the URL with its query."""
    if isinstance(error, requests.ConnectTimeout):
        return f"no connection within {timeouts[0]:.1f} s"
    if isinstance(error, (requests.ReadTimeout, ReadTimeoutError)):
        return f"the server sent nothing for {timeouts[1]:.1f} s"
    root = _root(error)
    if isinstance(root, IncompleteRead):
        return "the connection closed before the end of the body"
    if reason := next((text for type_, text in _REASONS if isinstance(error, type_)), ""):
        return reason
    if isinstance(root, ValueError):  # the size of a chunk
        return "the connection closed before the end of the body, or the body has no valid chunks"
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
