"""HTTP with retries: backs off between attempts, and always ends at a deadline."""

from __future__ import annotations

import contextlib
import logging
import random
import re
import threading
import time
from dataclasses import dataclass
from datetime import datetime
from typing import Callable, List, Mapping, NamedTuple, Optional, Sequence
from urllib.parse import urlsplit

import requests
from urllib3.exceptions import HTTPError

from velib_assets.ingest.feeds.feed import FeedError
from velib_assets.ingest.http_failures import RequestFailedError, describe, is_transient, retry_after_seconds
from velib_assets.ingest.redaction import public_url, redact, redact_start, secrets_of
from velib_assets.ingest.response import MAX_BYTES
from velib_assets.lake.listing import utc_now
from velib_assets.lake.text import counted, neutralize_links

DEADLINE_SECONDS = 45.0
RETRIES = "velib.retries"  # the logger of failures that a tick survives, at the level INFO
USER_AGENT = f"velib-insights/0.1 python-requests/{requests.__version__}"

_CONNECT_SECONDS = 10.0
_CHUNK = 65536
_MAX_REDIRECTS = 10
_SHOWN = 200  # characters of an error response
_FIRST_WAIT = 1.0
_LONGEST_WAIT = 15.0
_GRACE = 0.2
_HOST = re.compile(r"[^\s.]{1,63}(?:\.[^\s.]{1,63})*\.?")


class Fetched(NamedTuple):
    """A decoded body, its HTTP headers, and the URL that sent it, after redirects."""

    body: bytes
    headers: Mapping[str, str]
    url: str


@dataclass(frozen=True)
class Fetcher:
    """Fetches bodies over HTTP. Holds only settings, so several threads can share one.

    Attributes:
        deadline: seconds for one `fetch`: all URLs, attempts and waits.
        silence: seconds without data after which an attempt fails.
        max_bytes: the size limit of a decoded body.
        setting: the setting that contains the address, for the error message.
        secrets: what no message may show beside the credentials of the URLs; see `secrets_of`.
        clock: returns monotonic seconds.
        sleep: waits for seconds.
        now: returns the current time, aware, for a Retry-After with a date.
        jitter: returns a number in 0..1; a wait is 50 to 100 % of the back-off, to spread clients.
    """

    deadline: float = DEADLINE_SECONDS
    silence: float = 15.0
    max_bytes: int = MAX_BYTES
    setting: str = ""
    secrets: Sequence[str] = ()
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    now: Callable[[], datetime] = utc_now
    jitter: Callable[[], float] = random.random

    def fetch(self, urls: Sequence[str]) -> List[Fetched]:
        """Fetch each URL, in order, under one deadline.

        The requests run in a thread: name resolution and slow headers have no timeout, so only another
        thread can stop waiting for them.

        Raises:
            FeedError: with the URL, the attempts, the last failure and what to do.
        """
        task = _FetchTask(self, urls)
        worker = threading.Thread(target=task.run, name="velib-fetch", daemon=True)
        worker.start()
        worker.join(self.deadline + _GRACE)
        if worker.is_alive():
            raise task.error("the server kept the request open")
        if task.raised is not None:
            raise task.raised
        return task.fetched


class _FetchTask:
    """One call of `fetch`: its progress and its outcome."""

    def __init__(self, fetcher: Fetcher, urls: Sequence[str]) -> None:
        self.fetched: List[Fetched] = []
        self.raised: Optional[BaseException] = None
        self._fetcher = fetcher
        self._urls = urls
        self._url = urls[0]
        self._attempts = 0
        self._previous = ""
        self._secrets = (*fetcher.secrets, *secrets_of(*urls))
        self._started = fetcher.clock()

    def run(self) -> None:
        try:
            with requests.Session() as session:
                session.max_redirects = _MAX_REDIRECTS
                session.headers.update({"User-Agent": USER_AGENT, "Accept": "application/json"})
                for url in self._urls:
                    self._url, self._attempts, self._previous = url, 0, ""
                    self.fetched.append(self._fetch_with_retries(session))
        except BaseException as error:  # noqa: BLE001 - raised again in the waiting thread
            self.raised = error

    def error(self, reason: str) -> FeedError:
        elapsed = self._fetcher.clock() - self._started
        attempts = f"{counted(self._attempts, 'attempt')} in {elapsed:.1f} s"
        differs = self._previous and self._previous != reason
        previous = f" (previous failure: {self._previous})" if differs else ""
        setting = f" and {self._fetcher.setting}" if self._fetcher.setting else ""
        return FeedError(
            f"no response from {self._shown_url()} after {attempts}: {reason}{previous}. "
            "The schedule's next tick will retry; without it, run `velib tick` again. "
            f"If this persists, check the service's status{setting}."
        )

    def _fetch_with_retries(self, session: requests.Session) -> Fetched:
        """Fetch the current URL until it succeeds, fails permanently or the deadline is near."""
        fetcher = self._fetcher
        while True:
            self._attempts += 1
            try:
                return self._request(session)
            except RequestFailedError as failure:
                if not failure.transient:
                    raise self.error(str(failure)) from None
                backoff = min(_FIRST_WAIT * 2 ** min(self._attempts - 1, 10), _LONGEST_WAIT)
                wait = max(backoff * (0.5 + 0.5 * fetcher.jitter()), failure.retry_after or 0.0)
                if wait >= self._remaining():
                    raise self.error(f"{failure}{self._too_long(failure)}") from None
                self._previous = str(failure)
                self._log_retry(failure, wait)
            fetcher.sleep(wait)

    def _log_retry(self, failure: RequestFailedError, wait: float) -> None:
        logging.getLogger(RETRIES).info(
            "%s: attempt %d failed: %s. Attempt %d in %.1f s; the limit is %.0f s in all",
            self._shown_url(),
            self._attempts,
            failure,
            self._attempts + 1,
            wait,
            self._fetcher.deadline,
        )

    def _request(self, session: requests.Session) -> Fetched:
        """Send one request and return a 2xx response.

        Raises:
            RequestFailedError: for every other outcome.
        """
        left = max(self._remaining(), 0.01)
        timeouts = (min(_CONNECT_SECONDS, left), min(self._fetcher.silence, left))
        try:
            with session.get(self._url, stream=True, timeout=timeouts) as response:
                if 200 <= response.status_code < 300:  # noqa: PLR2004 - success
                    return Fetched(self._read(response), dict(response.headers), response.url)
                raise self._status_error(response)
        except (requests.RequestException, HTTPError, OSError, ValueError) as error:
            raise RequestFailedError(describe(error, timeouts), transient=is_transient(error)) from None

    def _read(self, response: requests.Response) -> bytes:
        """Read the whole body. `read1` returns available data, so a slow body cannot exceed the deadline."""
        body, limit = bytearray(), self._fetcher.max_bytes
        while part := response.raw.read1(_CHUNK, decode_content=True):
            body += part
            if len(body) > limit:
                raise RequestFailedError(f"the response is larger than {limit:,} bytes", transient=False)
            if self._remaining() <= 0:
                raise RequestFailedError(
                    f"HTTP {response.status_code}, and the body was not complete at the deadline "
                    f"({len(body):,} bytes received)",
                    transient=True,
                )
        return bytes(body)

    def _status_error(self, response: requests.Response) -> RequestFailedError:
        status = response.status_code
        secrets = (*self._secrets, *secrets_of(response.url))  # after redirects
        phrase = neutralize_links(redact(response.reason or "", secrets), _SHOWN)
        message = f"HTTP {status} {phrase}".rstrip()
        if shown := neutralize_links(self._body_start(response, secrets)[:_SHOWN]):
            message += f", with the body {shown!r}"
        return RequestFailedError(
            message,
            transient=status == requests.codes.too_many_requests or status >= requests.codes.server_error,
            retry_after=retry_after_seconds(response.headers.get("Retry-After"), self._fetcher.now()),
        )

    def _body_start(self, response: requests.Response, secrets: Sequence[str]) -> str:
        """Return the first characters of an error's body on one line, as far as it can be read."""
        body = b""
        with contextlib.suppress(HTTPError, OSError):
            while part := response.raw.read1(4 * _SHOWN, decode_content=True):
                body += part
                if len(body) >= 4 * _SHOWN or self._remaining() <= 0:
                    break
        text = " ".join(body.decode("utf-8", "replace").split())
        return redact_start(text, secrets) if len(body) >= 4 * _SHOWN else redact(text, secrets)

    def _shown_url(self) -> str:
        """Return the URL for messages. A URL that a server listed may have a secret in its path."""
        return public_url(self._url, self._fetcher.secrets)

    def _remaining(self) -> float:
        return self._started + self._fetcher.deadline - self._fetcher.clock()

    def _too_long(self, failure: RequestFailedError) -> str:
        if failure.retry_after and failure.retry_after >= self._remaining():
            return (
                f"; the server requests a wait of {failure.retry_after:,.0f} s, "
                f"more than the deadline of {self._fetcher.deadline:.0f} s"
            )
        return ""


def base_url_of(url: str) -> str:
    """Return a service's base URL without a trailing slash.

    Raises:
        ValueError: if it does not have the form `http(s)://host[:port][/path]`.
    """
    if not is_http_url(url) or "?" in url or "#" in url:
        raise ValueError("not a base URL. Use https://host or https://host/path")  # the text may hold a key
    return url.rstrip("/")


def is_http_url(text: str) -> bool:
    """Return whether text is an http(s) URL with a host that can be looked up."""
    try:
        parts = urlsplit(text)
        can_connect = parts.port != 0
    except ValueError:  # unbalanced brackets, or a port that is not a number
        return False
    return parts.scheme in ("http", "https") and can_connect and bool(_HOST.fullmatch(parts.hostname or ""))
