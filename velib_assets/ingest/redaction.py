"""Removes the credentials of a feed's URLs from what its server sent: it may repeat the request.

Only what is shown is changed. Quarantine keeps the bytes of stations' files as they were received.
"""

from __future__ import annotations

import base64
import html
import json
import re
from typing import Iterable, Iterator, Sequence, Tuple
from urllib.parse import quote, quote_plus, unquote, unquote_plus, urlsplit

from velib_assets.ingest.response import FeedResponse

_SHORTEST = 4  # characters; shorter parts of a URL are not treated as secrets
_MARK = "…"


def public_url(url: str, secrets: Sequence[str] = ()) -> str:
    """Return a URL for a message: without user, password, query, fragment, and secrets in its path."""
    parts = urlsplit(url)
    query = "?…" if parts.query else ""
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{redact(parts.path, secrets)}{query}"


def secrets_of(*urls: str) -> Tuple[str, ...]:
    """Return the users, passwords and query values of URLs, in each form that a server may write."""
    found = {form for url in urls for part in _parts(url) for form in _forms(part)}
    return tuple(sorted(form for form in found if len(form) >= _SHORTEST))


def redact(text: str, secrets: Sequence[str]) -> str:
    """Replace secrets in text, in any case. A text must not be cut before: half a secret is not found."""
    return _pattern(secrets).sub(_MARK, text) if secrets else text


def redact_bytes(data: bytes, secrets: Sequence[str]) -> bytes:
    """Replace secrets in the bytes of a text."""
    if not secrets:
        return data
    pattern = re.compile(_pattern(secrets).pattern.encode("utf-8"), re.IGNORECASE)
    return pattern.sub(_MARK.encode("utf-8"), data)


def redact_start(text: str, secrets: Sequence[str]) -> str:
    """Replace secrets in the start of a longer text, whose end may be the start of a secret."""
    shown = redact(text, secrets)
    lengths = (
        length
        for secret in secrets
        for length in range(1, min(len(secret), len(shown) + 1))
        if shown[-length:].lower() == secret[:length].lower()
    )
    longest = max(lengths, default=0)
    return shown[: len(shown) - longest] + _MARK if longest else shown


def redact_response(response: FeedResponse) -> FeedResponse:
    """Return a response that can be shown: without the credentials of its URLs that it repeats."""
    bodies = {part: redact_bytes(body, response.secrets) for part, body in response.bodies.items()}
    return redact_headers(response)._replace(bodies=bodies)


def redact_headers(response: FeedResponse) -> FeedResponse:
    """Return a response whose headers do not repeat the credentials of its URLs."""
    headers = {
        part: {name: redact(value, response.secrets) for name, value in said.items()}
        for part, said in response.headers.items()
    }
    return response._replace(headers=headers)


def _parts(url: str) -> Iterator[str]:
    parts = urlsplit(url)
    login = parts.netloc.rpartition("@")[0]
    yield from (login, *login.split(":"))
    yield base64.b64encode(unquote(login).encode("utf-8")).decode()
    yield parts.query
    yield from (pair.partition("=")[2] for pair in parts.query.split("&"))


def _forms(written: str) -> Iterator[str]:
    """Yield the spellings of a part of a URL: as it is, decoded, and in a URL, in HTML and in JSON."""
    for plain in (written, unquote(written), unquote_plus(written)):
        in_json = json.dumps(plain)[1:-1]
        yield from (plain, quote(plain, safe=""), quote_plus(plain), html.escape(plain))
        yield from (in_json, in_json.replace("/", "\\/"))


def _pattern(secrets: Iterable[str]) -> re.Pattern[str]:
    longest_first = sorted(secrets, key=len, reverse=True)
    return re.compile("|".join(map(re.escape, longest_first)), re.IGNORECASE)
