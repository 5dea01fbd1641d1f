"""The HTTP layer against a real server that misbehaves in every way it knows."""

from __future__ import annotations

import gzip
import socket
import time
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime

import pytest

from velib_assets.ingest.feeds.feed import FeedError
from velib_assets.ingest.http import Fetcher, base_url_of
from velib_assets.ingest.http_request import retry_after_seconds
from velib_assets_tests.http_server import LocalServer, Reply

GOOD = Reply(200, b'[{"stationcode": "1001"}]')
NOW = datetime(2026, 11, 23, 10, 15, tzinfo=timezone.utc)


class Timer:
    """A clock that only sleeping moves."""

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
    """Waits in no time, with the full back-off each time."""
    return Fetcher(
        silence=0.3,
        setting="VELIB_OPENDATA_URL",
        clock=lambda: timer.seconds,
        sleep=timer.sleep,
        now=lambda: NOW,
        jitter=lambda: 1.0,
    )


def impatient(deadline: float, silence: float = 5.0) -> Fetcher:
    """On the real clock."""
    return Fetcher(deadline=deadline, silence=silence)


def fetch(fetcher: Fetcher, server: LocalServer, *replies: Reply) -> bytes:
    server.queue("/x", *replies)
    (body,) = fetcher.fetch([server.url + "/x"])
    return body


def failure(fetcher: Fetcher, server: LocalServer, *replies: Reply) -> str:
    with pytest.raises(FeedError) as caught:
        fetch(fetcher, server, *replies)
    return str(caught.value)


def test_names_the_project_to_the_server(fetcher: Fetcher, server: LocalServer) -> None:
    """Operators of a feed block what they cannot tell apart: the User-Agent says who asks."""
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
def test_a_passing_failure_is_tried_again(fetcher: Fetcher, server: LocalServer, bad: Reply) -> None:
    """Half a body is no body: a truncated answer must not reach the decoder as if it were whole."""
    assert fetch(fetcher, server, bad, bad, GOOD) == GOOD.body
    assert len(server.requests) == 3


def test_back_off_doubles(fetcher: Fetcher, server: LocalServer, timer: Timer) -> None:
    """A service in trouble is asked ever less often."""
    fetch(fetcher, server, *[Reply(500)] * 3, GOOD)
    assert timer.waits == [1.0, 2.0, 4.0]


def test_jitter_spreads_the_waits(server: LocalServer, timer: Timer) -> None:
    """Clients that failed together come back apart: a wait is 50 to 100 % of the back-off."""
    lucky = Fetcher(clock=lambda: timer.seconds, sleep=timer.sleep, jitter=lambda: 0.0)
    fetch(lucky, server, Reply(500), GOOD)
    assert timer.waits == [0.5]


def test_waits_the_seconds_that_the_server_asks_for(
    fetcher: Fetcher, server: LocalServer, timer: Timer
) -> None:
    """Retry-After in seconds."""
    fetch(fetcher, server, Reply(429, headers={"Retry-After": "7"}), GOOD)
    assert timer.waits == [7.0]


def test_waits_until_the_date_that_the_server_names(
    fetcher: Fetcher, server: LocalServer, timer: Timer
) -> None:
    """Retry-After as an HTTP date."""
    until = format_datetime(NOW + timedelta(seconds=9), usegmt=True)
    fetch(fetcher, server, Reply(503, headers={"Retry-After": until}), GOOD)
    assert timer.waits == [9.0]


def test_a_wait_beyond_the_deadline_ends_it_at_once(
    fetcher: Fetcher, server: LocalServer, timer: Timer
) -> None:
    """A spent daily quota asks for hours: say so now instead of sleeping the deadline away."""
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
def test_reads_retry_after(value: str | None, seconds: float | None) -> None:
    """A past date is no wait, a date without a zone is timezone.utc, and nonsense is ignored."""
    assert retry_after_seconds(value, NOW) == seconds


def test_gives_up_within_the_deadline(fetcher: Fetcher, server: LocalServer, timer: Timer) -> None:
    """45 s are for all tries and waits together; the message counts both and quotes the server."""
    text = failure(fetcher, server, Reply(503, b"<h1>down\n for   lunch</h1>" + b"x" * 5000))
    assert timer.seconds <= 45.0
    assert f"{server.url}/x after {len(server.requests)} attempts in {timer.seconds:.1f} s" in text
    assert "HTTP 503 Scripted, with the body '<h1>down for lunch</h1>xxx" in text
    assert "VELIB_OPENDATA_URL" in text
    assert len(text) < 600


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 304])
def test_a_refusal_is_not_tried_again(fetcher: Fetcher, server: LocalServer, status: int) -> None:
    """Asking again does not make a wrong address right."""
    assert f"after 1 attempt in 0.0 s: HTTP {status}" in failure(fetcher, server, Reply(status))
    assert len(server.requests) == 1


def test_a_hanging_server_is_left_at_the_deadline(server: LocalServer) -> None:
    """The request was taken and nothing came."""
    began = time.monotonic()
    assert "the server sent nothing for" in failure(impatient(0.5), server, Reply(fault="hang"))
    assert time.monotonic() - began < 1.5


@pytest.mark.parametrize("fault", ["drip", "drip_head", "hang_body"])
def test_a_trickle_is_cut_at_the_deadline(server: LocalServer, fault: str) -> None:
    """Each byte restarts the socket's own timeout: only the clock ends such an answer."""
    began = time.monotonic()
    failure(impatient(0.5), server, Reply(200, b"[" + b" " * 5000 + b"]", fault=fault))
    assert time.monotonic() - began < 1.5


def test_a_body_too_large_is_refused(server: LocalServer, timer: Timer) -> None:
    """A gzipped answer may unpack to anything: the cap is on the decoded bytes."""
    small = Fetcher(max_bytes=100_000, clock=lambda: timer.seconds, sleep=timer.sleep)
    bomb = Reply(200, gzip.compress(b" " * 1_000_000), {"Content-Encoding": "gzip"})
    assert "larger than 100,000 bytes" in failure(small, server, bomb)
    assert len(server.requests) == 1


def test_gzip_is_unpacked(fetcher: Fetcher, server: LocalServer) -> None:
    """The portal compresses; the bytes kept are those of the JSON."""
    packed = Reply(200, gzip.compress(GOOD.body), {"Content-Encoding": "gzip"})
    assert fetch(fetcher, server, packed) == GOOD.body


def test_html_with_status_200_passes(fetcher: Fetcher, server: LocalServer) -> None:
    """Whether bytes are JSON is the decoder's question: they must reach the quarantine whole."""
    assert fetch(fetcher, server, Reply(200, b"<html>")) == b"<html>"


def test_a_redirect_is_followed(fetcher: Fetcher, server: LocalServer) -> None:
    """Portals move."""
    server.queue("/new", GOOD)
    assert fetch(fetcher, server, Reply(301, headers={"Location": "/new"})) == GOOD.body


def test_secrets_of_the_address_stay_out_of_the_message(fetcher: Fetcher, server: LocalServer) -> None:
    """Messages go to logs and webhooks."""
    host = server.url.removeprefix("http://")
    server.queue("/x", Reply(fault="reset"))
    with pytest.raises(FeedError) as caught:
        fetcher.fetch([f"http://user:hush@{host}/x?apikey=hush"])
    assert "hush" not in str(caught.value)
    assert f"http://{host}/x?…" in str(caught.value)


def test_nobody_listening_is_said(fetcher: Fetcher) -> None:
    """The operating system's words, not four nested exceptions."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with pytest.raises(FeedError, match="the connection failed: Connection refused"):
        fetcher.fetch([f"http://127.0.0.1:{port}/x"])


@pytest.mark.parametrize(
    "url", ["opendata.paris.fr", "ftp://host", "https://", "https://host?key=hush", "http://[1"]
)
def test_refuses_what_is_no_base_url(url: str) -> None:
    """A path is appended to it, so a query in it would end up in the middle."""
    with pytest.raises(ValueError, match="URL") as caught:
        base_url_of(url)
    assert "hush" not in str(caught.value)
