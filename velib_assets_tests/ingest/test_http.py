"""HTTP with retries, against a server with faults."""

from __future__ import annotations

import gzip
import logging
import socket
import time
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime

import pytest

from velib_assets.ingest.feeds.feed import FeedError
from velib_assets.ingest.http import RETRIES, Fetcher, base_url_of
from velib_assets.ingest.http_failures import retry_after_seconds
from velib_assets_tests.http_server import LocalServer, Reply

GOOD = Reply(200, b'[{"stationcode": "1001"}]')
NOW = datetime(2026, 11, 23, 10, 15, tzinfo=timezone.utc)


class Timer:
    """A clock that advances only by sleeping."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.waits: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.seconds += seconds


@pytest.fixture
def timer() -> Timer:
    return Timer()


@pytest.fixture
def fetcher(timer: Timer) -> Fetcher:
    """A fetcher that waits without delay, with the full back-off."""
    return Fetcher(
        silence=0.3,
        setting="VELIB_OPENDATA_URL",
        clock=lambda: timer.seconds,
        sleep=timer.sleep,
        now=lambda: NOW,
        jitter=lambda: 1.0,
    )


def impatient(deadline: float, silence: float = 5.0) -> Fetcher:
    """Return a fetcher on the real clock."""
    return Fetcher(deadline=deadline, silence=silence)


def fetch(fetcher: Fetcher, server: LocalServer, *replies: Reply) -> bytes:
    server.queue("/x", *replies)
    (fetched,) = fetcher.fetch([server.url + "/x"])
    return fetched.body


def failure(fetcher: Fetcher, server: LocalServer, *replies: Reply) -> str:
    with pytest.raises(FeedError) as caught:
        fetch(fetcher, server, *replies)
    return str(caught.value)


def test_each_repeated_attempt_is_logged_and_the_last_one_raised(
    fetcher: Fetcher, server: LocalServer, caplog: pytest.LogCaptureFixture
) -> None:
    """At INFO, which only `velib` prints: neither Lambda nor the daemon does."""
    caplog.set_level(logging.INFO)
    message = failure(fetcher, server, Reply(500), Reply(404))
    (record,) = [record for record in caplog.records if record.name == RETRIES]
    expected = (
        f"{server.url}/x: attempt 1 failed: HTTP 500 Scripted. Attempt 2 in 1.0 s; the limit is 45 s in all"
    )
    assert (record.levelno, record.getMessage()) == (logging.INFO, expected)
    assert "after 2 attempts" in message
    assert "The schedule's next tick will retry; without it, run `velib tick` again." in message


def test_user_agent_names_the_project(fetcher: Fetcher, server: LocalServer) -> None:
    """Operators block clients that they cannot identify."""
    fetch(fetcher, server, GOOD)
    assert server.requests[0].headers["User-Agent"].startswith("velib-insights/")


@pytest.mark.parametrize(
    "bad",
    [
        Reply(500, b"oops"),
        Reply(503),
        Reply(429),
        Reply(fault="reset"),
        Reply(fault="hang"),
        Reply(200, GOOD.body, fault="hang_body"),
        Reply(200, GOOD.body, fault="truncated"),
        Reply(200, GOOD.body, fault="truncated_chunks"),
        Reply(200, b"no gzip at all", {"Content-Encoding": "gzip"}),
    ],
    ids=lambda reply: reply.fault or str(reply.status),
)
def test_transient_failure_is_retried(fetcher: Fetcher, server: LocalServer, bad: Reply) -> None:
    """A truncated body must not reach the decoder."""
    assert fetch(fetcher, server, bad, bad, GOOD) == GOOD.body
    assert len(server.requests) == 3


def test_back_off_doubles(fetcher: Fetcher, server: LocalServer, timer: Timer) -> None:
    """A failing service gets fewer requests."""
    fetch(fetcher, server, *[Reply(500)] * 3, GOOD)
    assert timer.waits == [1.0, 2.0, 4.0]


def test_jitter_spreads_the_waits(server: LocalServer, timer: Timer) -> None:
    """A wait is 50 to 100 % of the back-off, so that clients do not retry at the same time."""
    lucky = Fetcher(clock=lambda: timer.seconds, sleep=timer.sleep, jitter=lambda: 0.0)
    fetch(lucky, server, Reply(500), GOOD)
    assert timer.waits == [0.5]


def test_retry_after_in_seconds_is_respected(fetcher: Fetcher, server: LocalServer, timer: Timer) -> None:
    fetch(fetcher, server, Reply(429, headers={"Retry-After": "7"}), GOOD)
    assert timer.waits == [7.0]


def test_retry_after_as_a_date_is_respected(fetcher: Fetcher, server: LocalServer, timer: Timer) -> None:
    until = format_datetime(NOW + timedelta(seconds=9), usegmt=True)
    fetch(fetcher, server, Reply(503, headers={"Retry-After": until}), GOOD)
    assert timer.waits == [9.0]


def test_wait_beyond_the_deadline_fails_immediately(
    fetcher: Fetcher, server: LocalServer, timer: Timer
) -> None:
    """An exhausted daily quota requests hours."""
    text = failure(fetcher, server, Reply(429, headers={"Retry-After": "3600"}))
    assert "the server requests a wait of 3,600 s, more than the deadline of 45 s" in text
    assert timer.waits == []


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("0", 0.0),
        (" 12 ", 12.0),
        ("Mon, 23 Nov 2026 10:14:00 GMT", 0.0),
        ("Mon, 23 Nov 2026 10:16:00 -0000", 60.0),
        ("-5", None),
        ("soon", None),
        ("٣", None),
        ("", None),
        (None, None),
    ],
)
def test_retry_after_is_parsed(value: str | None, seconds: float | None) -> None:
    """A past date means no wait, a date without a zone is UTC, and invalid values are ignored."""
    assert retry_after_seconds(value, NOW) == seconds


def test_fetch_ends_at_the_deadline(fetcher: Fetcher, server: LocalServer, timer: Timer) -> None:
    """The 45 s include all attempts and waits; the message has both and the server's text."""
    text = failure(fetcher, server, Reply(503, b"<h1>down\n for   lunch</h1>" + b"x" * 5000))
    assert timer.seconds <= 45.0
    assert f"{server.url}/x after {len(server.requests)} attempts in {timer.seconds:.1f} s" in text
    assert "HTTP 503 Scripted, with the body '<h1>down for lunch</h1>xxx" in text
    assert "VELIB_OPENDATA_URL" in text
    assert len(text) < 600


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 304])
def test_permanent_failure_is_not_retried(fetcher: Fetcher, server: LocalServer, status: int) -> None:
    assert f"after 1 attempt in 0.0 s: HTTP {status}" in failure(fetcher, server, Reply(status))
    assert len(server.requests) == 1


def test_hanging_server_ends_at_the_deadline(server: LocalServer) -> None:
    started = time.monotonic()
    assert "the server sent nothing for" in failure(impatient(1.0), server, Reply(fault="hang"))
    assert time.monotonic() - started < 3


@pytest.mark.parametrize("fault", ["drip", "drip_head", "hang_body"])
def test_slow_body_ends_at_the_deadline(server: LocalServer, fault: str) -> None:
    """Each byte restarts the socket's own timeout."""
    started = time.monotonic()
    failure(impatient(1.0), server, Reply(200, b"[" + b" " * 5000 + b"]", fault=fault))
    assert time.monotonic() - started < 3


def test_oversized_body_is_refused(server: LocalServer, timer: Timer) -> None:
    """The limit applies to the decoded bytes."""
    small = Fetcher(max_bytes=100_000, clock=lambda: timer.seconds, sleep=timer.sleep)
    bomb = Reply(200, gzip.compress(b" " * 1_000_000), {"Content-Encoding": "gzip"})
    assert "larger than 100,000 bytes" in failure(small, server, bomb)
    assert len(server.requests) == 1


def test_gzip_is_decoded(fetcher: Fetcher, server: LocalServer) -> None:
    packed = Reply(200, gzip.compress(GOOD.body), {"Content-Encoding": "gzip"})
    assert fetch(fetcher, server, packed) == GOOD.body


def test_html_with_status_200_is_returned(fetcher: Fetcher, server: LocalServer) -> None:
    """The decoder rejects it; its bytes must reach quarantine."""
    assert fetch(fetcher, server, Reply(200, b"<html>")) == b"<html>"


def test_redirect_is_followed(fetcher: Fetcher, server: LocalServer) -> None:
    server.queue("/new", GOOD)
    assert fetch(fetcher, server, Reply(301, headers={"Location": "/new"})) == GOOD.body


@pytest.mark.parametrize(
    "target",
    ["http://[::1/x", "http://a..b/x", "http://127.0.0.1:99999/", "file:///etc/hostname", "ftp://host/x"],
)
def test_redirect_to_what_is_no_http_url_is_reported_at_once(
    fetcher: Fetcher, server: LocalServer, target: str
) -> None:
    message = failure(fetcher, server, Reply(302, headers={"Location": target}))
    assert "after 1 attempt" in message
    assert "to which the server redirects, is not a valid http(s) URL" in message
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        (Reply(200, b"{}", {"Content-Encoding": "gzip"}), "not compressed as its Content-Encoding says"),
        (Reply(200, b"{}", {"Transfer-Encoding": "chunked"}), "the body has no valid chunks"),
        (Reply(200, b"{}", {f"X-{n}": "y" for n in range(200)}), "the response is not valid HTTP"),
    ],
)
def test_response_that_breaks_http_is_described(
    fetcher: Fetcher, server: LocalServer, reply: Reply, reason: str
) -> None:
    assert reason in failure(fetcher, server, reply)


def test_message_contains_no_secrets_of_the_url(fetcher: Fetcher, server: LocalServer) -> None:
    """Messages go to logs and webhooks."""
    host = server.url.removeprefix("http://")
    server.queue("/x", Reply(fault="reset"))
    with pytest.raises(FeedError) as caught:
        fetcher.fetch([f"http://user:s3cret@{host}/x?apikey=s3cret"])
    assert "s3cret" not in str(caught.value)
    assert f"http://{host}/x?…" in str(caught.value)


def test_refused_connection_is_reported(fetcher: Fetcher) -> None:
    """With the operating system's message, not four nested exceptions."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with pytest.raises(FeedError, match="the connection failed: Connection refused"):
        fetcher.fetch([f"http://127.0.0.1:{port}/x"])


@pytest.mark.parametrize(
    "url",
    [
        "opendata.paris.fr",
        "ftp://host",
        "https://",
        "https://host?key=s3cret",
        "http://[1",
        "http://a..b",
        "http://.",
        "http://two words",
        f"http://{'a' * 64}.org",
    ],
)
def test_invalid_base_url_is_refused(url: str) -> None:
    """A path is appended to it, so it cannot have a query."""
    with pytest.raises(ValueError, match="URL") as caught:
        base_url_of(url)
    assert "s3cret" not in str(caught.value)
