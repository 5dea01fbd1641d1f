"""HTTP with patience: tries again with back-off, and ends at a deadline whatever the server does.

Belongs here: which failure is worth another try, how long to wait for it, and the one error at the
end. Does not: a single request (http_try), or what the bytes mean (answers).
"""

from __future__ import annotations

import random
import threading
import time
from datetime import datetime, timezone
from typing import Callable, List, Optional, Sequence
from urllib.parse import urlsplit

import requests

from velib_assets.ingest.feeds.feed import FeedError
from velib_assets.ingest.http_request import Limits, RequestFailedError, public_url, request_once
from velib_assets.ingest.response import MAX_BYTES

DEADLINE_SECONDS = 45.0
USER_AGENT = f"velib-insights/0.1 python-requests/{requests.__version__}"

_FIRST_WAIT = 1.0
_LONGEST_WAIT = 15.0
_GRACE = 0.2


class Fetcher:
    """Fetches bodies over HTTP; holds settings only, so that one instance may serve many threads.

    Args:
        deadline: seconds for one `fetch`: all its URLs, all their tries, all waits.
        silence: seconds a server may send nothing before the try is given up.
        max_bytes: the largest decoded body that is taken.
        setting: the setting that holds the address, for the error message.
        clock: monotonic seconds.
        sleep: waits for seconds.
        now: the wall clock, aware, for a Retry-After that is a date.
        jitter: a number in 0..1; a wait is 50 to 100 % of the back-off, so that clients spread.
    """

    def __init__(
        self,
        *,
        deadline: float = DEADLINE_SECONDS,
        silence: float = 15.0,
        max_bytes: int = MAX_BYTES,
        setting: str = "",
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        now: Callable[[], datetime] = lambda: datetime.now(timezone.utc),
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._deadline = deadline
        self._silence = silence
        self._max_bytes = max_bytes
        self._setting = setting
        self._clock = clock
        self._sleep = sleep
        self._now = now
        self._jitter = jitter

    def fetch(self, urls: Sequence[str]) -> List[bytes]:
        """The decoded body of each URL, in order, under one deadline for all of them.

        A thread does the work: a name that does not resolve and headers that trickle in know no
        timeout, and only somebody who stands outside can stop waiting for them.

        Raises:
            FeedError: naming the URL, the tries, the seconds, what came instead, and what to do.
        """
        course = _FetchTask(self, urls)
        worker = threading.Thread(target=course.run, name="velib-fetch", daemon=True)
        worker.start()
        worker.join(self._deadline + _GRACE)
        if worker.is_alive():
            raise course.error("the server kept the request open")
        if course.raised is not None:
            raise course.raised
        return course.bodies

    def wait_before(self, tries: int, failed: RequestFailedError) -> float:
        """Seconds to wait after that many failed tries: the server's wish or a growing back-off."""
        backoff = min(_FIRST_WAIT * (1 << min(tries - 1, 10)), _LONGEST_WAIT)
        return max(backoff * (0.5 + 0.5 * self._jitter()), failed.retry_after or 0.0)


class _FetchTask:
    """One call of `fetch` on its way: what was tried so far, and how it ended."""

    def __init__(self, fetcher: Fetcher, urls: Sequence[str]) -> None:
        self.bodies: List[bytes] = []
        self.raised: Optional[BaseException] = None
        self._fetcher = fetcher
        self._urls = urls
        self._url = urls[0]
        self._tries = 0
        self._last = ""
        self._began = fetcher._clock()

    def run(self) -> None:
        try:
            with requests.Session() as session:
                session.headers.update({"User-Agent": USER_AGENT, "Accept": "application/json"})
                for url in self._urls:
                    self._url, self._tries, self._last = url, 0, ""
                    self.bodies.append(self._persist(session))
        except BaseException as error:  # noqa: BLE001 - raised again in the thread that waits
            self.raised = error

    def error(self, reason: str) -> FeedError:
        elapsed = self._fetcher._clock() - self._began
        tries = f"{self._tries} {'try' if self._tries == 1 else 'tries'} in {elapsed:.1f} s"
        before = f" (before that: {self._last})" if self._last and self._last != reason else ""
        setting = f" and at {self._fetcher._setting}" if self._fetcher._setting else ""
        return FeedError(
            f"no answer from {public_url(self._url)} after {tries}: {reason}{before}. "
            f"The next tick asks anew; if it goes on, look at the service's state{setting}."
        )

    def _persist(self, session: requests.Session) -> bytes:
        """The body of the current URL, trying until it comes, cannot come, or time is up."""
        own = self._fetcher
        limits = Limits(self._remaining, own._silence, own._max_bytes)
        while True:
            self._tries += 1
            try:
                return request_once(session, self._url, limits, own._now)
            except RequestFailedError as failed:
                wait = own.wait_before(self._tries, failed)
                if not failed.transient:
                    raise self.error(str(failed)) from None
                if wait >= self._remaining():
                    raise self.error(f"{failed}{self._no_time_for(failed)}") from None
                self._last = str(failed)
            own._sleep(wait)

    def _remaining(self) -> float:
        return self._began + self._fetcher._deadline - self._fetcher._clock()

    def _no_time_for(self, failed: RequestFailedError) -> str:
        if failed.retry_after and failed.retry_after >= self._remaining():
            return (
                f"; it asks to wait {failed.retry_after:,.0f} s, "
                f"beyond the deadline of {self._fetcher._deadline:.0f} s"
            )
        return ""


def base_url_of(url: str) -> str:
    """A service's base URL without its last slash.

    Raises:
        ValueError: where it is not `http(s)://host[:port][/path]`.
    """
    try:
        parts = urlsplit(url)
        good = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # brackets that do not match, a port that is no number
        raise ValueError("not a URL: write https://host, with a path if need be") from None
    if not good or parts.query or parts.fragment:
        raise ValueError(f"{public_url(url)!r} is not a base URL: write https://host or https://host/path")
    return url.rstrip("/")
