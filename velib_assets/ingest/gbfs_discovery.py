"""The discovery document `gbfs.json`: which feeds a system has, and where, in any GBFS version.

Versions 1.0 to 2.3 list the feeds per language, 3.0 and later once. A list of versions (`gbfs_versions.json`)
and a manifest (`manifest.json`) point to discovery documents.
"""

from __future__ import annotations

import re
from typing import Any, Dict, List, Mapping, NamedTuple, Tuple
from urllib.parse import SplitResult, quote, urldefrag, urljoin, urlsplit, urlunsplit

from velib_assets.ingest.gbfs_document import MAX_LANGUAGE, choose_language, data_of
from velib_assets.lake.text import counted, neutralize_links

DISCOVERY = "gbfs"
REQUIRED = ("station_information", "station_status")
OPTIONAL = ("system_information", "vehicle_types", "system_regions")
_KNOWN_VERSION = re.compile(r"([1-3])\.(\d{1,2})")
_VERSIONS = "gbfs_versions"
_MOST_NAMES = 12
_SLASHES = rb":(?:\\?/){2}"  # some write them as \/\/
_LOGIN = re.compile(rb"(" + _SLASHES + rb")[^\"/?#\s\\]*@")
_QUERY = re.compile(  # optional, so that each text is read once however many slashes it has
    rb"(" + _SLASHES + rb"(?:[^\"?\s\\]|\\(?!u003f)[^\s])*)((?:\?|\\u003f)(?:[^\"\s\\]|\\\S)*)?",
    re.IGNORECASE,
)
_MISSPELT = {"vehicles_types": "vehicle_types"}  # in feeds of PBSC, 2022
_HOST = re.compile(r"[\w.-]+|[0-9a-f:.%]+")
_IN_PATH = "/%:@!$&'*+,;=~"  # brackets are encoded: a message that shows the URL then has no Markdown link
_PORTS = {"http": 80, "https": 443}

Feeds = Dict[str, str]
"""URLs by the name of the feed, as they are written."""


class Discovery(NamedTuple):
    """A discovery document: the feeds of each language, in its order; the language is empty where none is."""

    languages: Mapping[str, Feeds] = {}

    def language(self, wanted: str = "") -> str:
        """Return the language to read: the one wanted, else English, else the first."""
        return choose_language(list(self.languages), wanted)

    def feeds(self, language: str) -> Feeds:
        """Return the feeds of a language, completed by those that other languages alone have."""
        order = [self.languages.get(language, {}), *self.languages.values()]
        return {name: url for feeds in reversed(order) for name, url in feeds.items()}


def read_discovery(document: object) -> Discovery:
    """Read a discovery document; without feeds if it is something else."""
    data = data_of(document)
    if feeds := _feeds(data):
        return Discovery({"": feeds})
    languages = {tag: _feeds(value) for tag, value in data.items() if len(tag) <= MAX_LANGUAGE}
    return Discovery({language: feeds for language, feeds in languages.items() if feeds})


def next_documents(document: object) -> List[str]:
    """Return the URLs, as written, at which the discovery may go on if a document does not name the stations.

    They are those of a list of versions, the newest known version first, then a document's own `gbfs` and
    `gbfs_versions`. A manifest of several systems leads nowhere.
    """
    data = data_of(document)
    systems = _objects(data.get("datasets"))
    versions = _objects(systems[0].get("versions") if len(systems) == 1 else data.get("versions"))
    newest_first = sorted(versions, key=lambda entry: _order(entry.get("version")), reverse=True)
    feeds = read_discovery(document).feeds("")
    found = [*(entry.get("url") for entry in newest_first), feeds.get(DISCOVERY), feeds.get(_VERSIONS)]
    return [url for url in found if isinstance(url, str)]


def missing_feed(document: object, parts: Mapping[str, object]) -> str:
    """Return why a required part is not among the `parts` of a response, in one line; empty if none lacks."""
    absent = [name for name in REQUIRED if name not in parts]
    if not absent or document is None:
        return f"the response has no {' or '.join(absent)}" if absent else ""
    data = data_of(document)
    if systems := len(_objects(data.get("datasets"))):
        return f"the document lists {counted(systems, 'system')}. Set VELIB_GBFS_URL to the gbfs.json of one"
    feeds = read_discovery(document).feeds("")
    if not feeds:
        names = neutralize_links(", ".join(map(str, list(data)[:_MOST_NAMES]))) or "nothing"
        return f"the document at VELIB_GBFS_URL is not a discovery document: it contains {names}"
    missing = [name for name in REQUIRED if name not in feeds] or absent
    names = neutralize_links(", ".join(list(feeds)[:_MOST_NAMES]))
    text = f"the discovery document does not name the feed {' or '.join(missing)}; it names {names}"
    return text if len(missing) < len(REQUIRED) else f"{text}. A system without stations cannot be read"


def absolute_url(url: str, base: str, configured: str) -> str:
    """Return where a listed feed is, without a fragment.

    Args:
        url: as it is listed; it may be relative.
        base: where the document that lists it was found, after redirects. If that is HTTPS, so are the URLs
            of its host.
        configured: the URL of the setting. Its login and its query are for its own host alone: a URL there
            that has none takes them.

    Raises:
        ValueError: if it is not a URL with a host.
    """
    parts, origin, own = (
        urlsplit(urldefrag(urljoin(base, url.strip()))[0]),
        urlsplit(base),
        urlsplit(configured),
    )
    if parts.scheme == "http" and origin.scheme == "https" and _same_host(parts, origin):
        host = parts.netloc[: -len(":80")] if parts.port == _PORTS["http"] else parts.netloc
        parts = parts._replace(scheme="https", netloc=host)
    if parts.scheme in (own.scheme, "https") and _same_host(parts, own):
        login = "".join(own.netloc.rpartition("@")[:2])
        if "@" not in parts.netloc:
            parts = parts._replace(netloc=login + parts.netloc)
        parts = parts._replace(query=parts.query or own.query)
    if not _HOST.fullmatch(parts.hostname or ""):
        raise ValueError("it has no host")
    return urlunsplit(parts._replace(path=quote(parts.path, safe=_IN_PATH)))


def without_secrets(document: bytes) -> bytes:
    """Take the logins and the queries, which may hold a key, out of the URLs of a document."""
    return _QUERY.sub(
        lambda found: found[1] + b"?..." if found[2] else found[0], _LOGIN.sub(rb"\1", document)
    )


def _feeds(value: object) -> Feeds:
    """Return the feeds of a language: a list of `{"name", "url"}`, or an object of URLs by name."""
    listed = value.get("feeds") if isinstance(value, dict) else value
    if isinstance(listed, dict):
        named = list(listed.items())
    else:
        named = [(entry.get("name"), entry.get("url")) for entry in _objects(listed)]
    feeds: Feeds = {}
    for name, url in named:
        if isinstance(name, str) and isinstance(url, str) and url.strip():
            known = name.strip().lower().removesuffix(".json")
            feeds.setdefault(_MISSPELT.get(known, known), url.strip())
    return feeds


def _objects(value: object) -> List[Dict[str, Any]]:
    return [entry for entry in value if isinstance(entry, dict)] if isinstance(value, list) else []


def _order(version: object) -> Tuple[int, int]:
    """Return a version as numbers; (0, 0) if it is a later one or a draft."""
    match = _KNOWN_VERSION.fullmatch(str(version).strip())
    return (int(match[1]), int(match[2])) if match else (0, 0)


def _same_host(one: SplitResult, other: SplitResult) -> bool:
    """Return whether two URLs have the same host and port; the default ports of HTTP and HTTPS are one."""
    ports = {part.port or _PORTS.get(part.scheme) for part in (one, other)}
    return one.hostname == other.hostname and (len(ports) == 1 or ports == set(_PORTS.values()))
