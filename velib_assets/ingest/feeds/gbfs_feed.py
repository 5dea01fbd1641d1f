"""Fetches the files of any GBFS feed, from its discovery document."""

from __future__ import annotations

import contextlib
import logging
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime
from typing import Any, Dict, Iterable, Iterator, List, Mapping, NamedTuple, Optional, Set, Union

from velib_assets.ingest.feeds import gbfs
from velib_assets.ingest.feeds.feed import Feed, FeedError
from velib_assets.ingest.gbfs_discovery import (
    DISCOVERY,
    OPTIONAL,
    REQUIRED,
    absolute_url,
    next_documents,
    read_discovery,
    without_secrets,
)
from velib_assets.ingest.gbfs_document import data_of
from velib_assets.ingest.gbfs_system import system_language
from velib_assets.ingest.http import RETRIES, Fetched, Fetcher, is_http_url
from velib_assets.ingest.json_document import load_json
from velib_assets.ingest.raw_object import gunzip
from velib_assets.ingest.redaction import public_url, redact, redact_bytes, secrets_of
from velib_assets.ingest.response import FeedResponse, UnusableError
from velib_assets.lake.network import known_language
from velib_assets.lake.text import neutralize_links

OPTIONAL_SECONDS = 10.0  # for all optional files; they must not cost a tick its snapshot
MAX_OPTIONAL_BYTES = 16 * 1024 * 1024  # of each
MAX_DOCUMENTS = 4  # discovery documents that one after the other point to the next
SYSTEM = "system_information"

_log = logging.getLogger(RETRIES)


class _Document(NamedTuple):
    """A discovery document: its bytes, itself (None if it is not JSON), and the URL where it was found."""

    body: bytes
    parsed: Any
    url: str


class GbfsFeed(Feed):
    """A GBFS feed over HTTP: the files that its discovery document names, in the system's own language.

    Args:
        url: the discovery document. Its query and its login are sent to its own host alone.
        fetcher: how to fetch; the default spends up to 45 s on all files together.

    Raises:
        ValueError: if `url` is not an http(s) URL.
    """

    name = gbfs.FEED.name
    live = True

    def __init__(self, url: str, *, fetcher: Optional[Fetcher] = None) -> None:
        self._url = gbfs_url_of(url)
        self._fetcher = fetcher or Fetcher(setting=gbfs.FEED.setting)

    def fetch(self, at: datetime) -> FeedResponse:  # noqa: ARG002 - there is only the current state
        """See Feed.

        A response without a required part says why in its discovery document.
        """
        return _Tick(self._url, self._fetcher).response()


class _Tick:
    """One call of `fetch`, and the time that it has left."""

    def __init__(self, url: str, fetcher: Fetcher) -> None:
        self._configured, self._secrets = url, secrets_of(url)
        self._fetcher = replace(fetcher, secrets=(*fetcher.secrets, *self._secrets))
        self._requested: List[str] = []
        self._ends = fetcher.clock() + fetcher.deadline

    def response(self) -> FeedResponse:
        document = self._discover()
        discovery = read_discovery(document.parsed)
        fetched: Dict[str, Fetched] = {}
        language = discovery.language()
        if len(discovery.languages) > 1:
            fetched = self._files(document, discovery.feeds(language), [SYSTEM])
            own = discovery.language(_language_of(fetched.get(SYSTEM)))
            fetched, language = ({} if own != language else fetched), own
        feeds = discovery.feeds(language)
        if all(name in feeds for name in REQUIRED):
            fetched.update(self._files(document, feeds, [*REQUIRED, *OPTIONAL], known=fetched))
        bodies = {DISCOVERY: redact_bytes(without_secrets(document.body), self._secrets)}
        bodies.update({name: fetched[name].body for name in (*REQUIRED, *OPTIONAL) if name in fetched})
        headers = {name: file.headers for name, file in fetched.items()}
        requested = (self._configured, document.url, *self._requested, *(f.url for f in fetched.values()))
        return FeedResponse(gbfs.FEED.name, bodies, headers, language, secrets_of(*requested))

    def _discover(self) -> _Document:
        """Fetch the discovery document, at the end of a list of versions if the URL is one.

        If none names the stations, the first one is returned, for its reader to say so.

        Raises:
            FeedError: if the first one cannot be fetched, or is a list of which one cannot.
        """
        queue = [self._configured]
        seen: Set[str] = set()
        found: List[_Document] = []
        failures: List[FeedError] = []
        while queue and len(seen) < MAX_DOCUMENTS:
            url = queue.pop(0)
            seen.add(url)
            try:
                document = self._document(url)
            except FeedError as error:
                if not found:
                    raise
                failures.append(error)
                continue
            found.append(document)
            feeds = read_discovery(document.parsed).feeds("")
            if any(name in feeds for name in REQUIRED):
                return document
            queue = [url for url in self._listed(document) if url not in seen] + queue
        if failures and not read_discovery(found[0].parsed).languages:
            raise FeedError(
                f"a discovery document, which {self._shown(found[0].url)} lists, is missing: {failures[0]}"
            )
        return found[0]

    def _listed(self, document: _Document) -> Iterator[str]:
        """Yield the URLs at which the discovery may go on."""
        for listed in next_documents(document.parsed):
            with contextlib.suppress(ValueError):
                url = absolute_url(listed, document.url, self._configured)
                if is_http_url(url):
                    yield url

    def _document(self, url: str) -> _Document:
        fetcher = self._within(self._left())
        if url == self._configured:  # the path of the setting is no secret
            fetcher = replace(fetcher, secrets=())
        (file,) = fetcher.fetch([url])
        body = _plain(file.body)
        try:
            return _Document(body, load_json(body), file.url)
        except UnusableError:
            return _Document(body, None, file.url)

    def _files(
        self,
        document: _Document,
        feeds: Mapping[str, str],
        names: Iterable[str],
        known: Mapping[str, Fetched] = {},
    ) -> Dict[str, Fetched]:
        """Fetch the files with these names, all at once.

        Raises:
            FeedError: for a required file.
        """
        wanted = [name for name in names if name in feeds and name not in known]
        with ThreadPoolExecutor(len(wanted) or 1) as pool:
            outcomes = list(pool.map(lambda name: self._file(document, name, feeds[name]), wanted))
        files: Dict[str, Fetched] = {}
        for name, outcome in zip(wanted, outcomes):
            if isinstance(outcome, Fetched):
                files[name] = outcome._replace(body=_plain(outcome.body))
            elif name in REQUIRED:
                raise FeedError(f"{name}, which {self._shown(document.url)} names, is missing: {outcome}")
            else:
                _log.info("Optional file left out: %s: %s", name, outcome)
        return files

    def _file(self, document: _Document, name: str, listed: str) -> Union[Fetched, FeedError]:
        try:
            url = absolute_url(listed, document.url, self._configured)
        except ValueError:
            url = ""
        if not is_http_url(url):
            listed = without_secrets(listed.encode("utf-8", "replace")).decode("utf-8", "replace")
            shown = redact(listed, self._secrets)
            return FeedError(f"its URL is not an http(s) URL: {neutralize_links(shown, 80)!r}")
        self._requested.append(url)
        left = self._left()
        fetcher = self._within(left)
        if name in OPTIONAL:
            fetcher = replace(self._within(min(left, OPTIONAL_SECONDS)), max_bytes=MAX_OPTIONAL_BYTES)
        try:
            return fetcher.fetch([url])[0]
        except FeedError as error:
            return error

    def _shown(self, url: str) -> str:
        """Return a URL for a message; the path of one that differs from the setting's may have a key."""
        return public_url(url, () if url == self._configured else self._secrets)

    def _left(self) -> float:
        return max(self._ends - self._fetcher.clock(), 0.0)

    def _within(self, seconds: float) -> Fetcher:
        return replace(self._fetcher, deadline=seconds)


def gbfs_url_of(url: str) -> str:
    """Return the URL of a discovery document.

    Raises:
        ValueError: if it does not have the form `http(s)://host[:port]/path[?query]`.
    """
    if not is_http_url(url) or "#" in url:
        raise ValueError("not the URL of a gbfs.json. Use https://host/path/gbfs.json")  # it may hold a key
    return url


def _language_of(system: Optional[Fetched]) -> str:
    """Return the system's own language, as the lake knows it if the file that says it is away."""
    return system_language(_data(system)) if system else known_language()


def _data(file: Optional[Fetched]) -> Mapping[str, Any]:
    try:
        return data_of(load_json(file.body)) if file else {}
    except UnusableError:
        return {}


def _plain(body: bytes) -> bytes:
    """Decompress a file that is stored as gzip and not declared so; its reader reports a damaged one."""
    try:
        return gunzip(body)
    except UnusableError:
        return body
