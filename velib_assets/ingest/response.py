"""A feed's response, its decoded records, and the error for one that cannot be used."""

from __future__ import annotations

from typing import Any, Dict, List, Mapping, NamedTuple, Tuple

from velib_assets.ingest.feed_info import FeedInfo

MAX_BYTES = 64 * 1024 * 1024  # of one snapshot's JSON; a real snapshot has 570 KB

OPENDATA = "opendata"
GBFS = "gbfs"
SIMULATOR = "simulator"


class FeedResponse(NamedTuple):
    """The unmodified bytes of one snapshot.

    `feed` is opendata, gbfs or simulator. `bodies` maps parts to their bytes: one part `body`, or for GBFS
    `station_information` and `station_status` (`body` if they are joined already, as in raw objects), perhaps
    with `gbfs` (the discovery document), `system_information`, `vehicle_types` and `system_regions`.
    `headers` has the HTTP headers of each part, if there were any. `language` is that of the files, if the
    discovery document has several. `secrets` are the credentials in the requested URLs, which the bytes may
    repeat; no message about the response may show them, and they are not stored.
    """

    feed: str
    bodies: Dict[str, bytes]
    headers: Mapping[str, Mapping[str, str]] = {}
    language: str = ""
    secrets: Tuple[str, ...] = ()


class Decoded(NamedTuple):
    """The records of a response, their JSON array as UTF-8 bytes, as raw stores it, and `feed_info`.

    For a network other than Vélib', `gbfs` is what raw says of the feed, and `system` what the feed says of
    the network: `name`, `timezone`, `language` and `system_id`, as far as it does.
    """

    records: List[Any]
    results: bytes
    info: FeedInfo = {}  # noqa: RUF012 - never modified
    gbfs: Mapping[str, Any] = {}
    system: Mapping[str, str] = {}


class UnusableError(ValueError):
    """A response or raw object that cannot be used. `code` is for programs, the message for people."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def too_large() -> UnusableError:
    """Return the error for data that is larger than any snapshot."""
    return UnusableError("too_large", f"it is larger than {MAX_BYTES:,} bytes")
