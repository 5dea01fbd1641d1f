"""The ingest step: the only way into raw. A response becomes a raw object or goes to quarantine."""

from __future__ import annotations

from datetime import datetime
from typing import Dict, List, Optional, Sequence, Set

from velib_assets.ingest.archive_comparison import DIFFERENT, difference_from_raw
from velib_assets.ingest.audit import audit
from velib_assets.ingest.decode import decode
from velib_assets.ingest.feeds.feed import Feed, RecordedFiles, RecordedSnapshot, SkippedFiles
from velib_assets.ingest.ingest_result import (
    MISSING_COLUMNS,
    PRESENT,
    QUARANTINED,
    STORED,
    UNREAD,
    IngestResult,
)
from velib_assets.ingest.known_files import with_known_files
from velib_assets.ingest.network_file import write_network_file
from velib_assets.ingest.quarantine import quarantine
from velib_assets.ingest.raw_object import encode_raw
from velib_assets.ingest.redaction import redact_headers, redact_response
from velib_assets.ingest.response import Decoded, FeedResponse, UnusableError
from velib_assets.ingest.same_source import SourceMismatchError, ensure_same_source
from velib_assets.ingest.same_system import ensure_same_system
from velib_assets.lake.keys import hour_of, raw_key, raw_time, slot_of
from velib_assets.lake.listing import DISCARDED, discarded_reason, raw_objects, slot_times
from velib_assets.lake.network import IS_VELIB
from velib_assets.lake.other_networks import other_network_text, other_networks
from velib_assets.lake.store import LakeStore, Stored
from velib_assets.lake.text import one_line


class SlotExpiredError(Exception):
    """A scheduled tick ran after its slot was over: current data no longer belongs to that slot."""


class Ingest:
    """The ingest step as a resource: brings the snapshots of one feed into raw. All times are UTC.

    Args:
        store: the lake.
        feed: where the snapshots come from.

    Attributes:
        source: the feed's name, as in VELIB_SOURCE.
        live: whether the feed provides the current state, so that a tick can use it.
        links: labelled links to the service that runs the step; none for this process.
    """

    def __init__(self, store: LakeStore, feed: Feed) -> None:
        self._store, self._feed = store, feed
        self.source, self.live = feed.name, feed.live
        self._is_own_lake = False
        self.links: Dict[str, str] = {}

    def take(self, ingested_at: datetime, now: datetime) -> IngestResult:
        """Take the snapshot of `ingested_at` from a live feed.

        If the key is taken, the feed is not called, so that a retried tick costs nothing.

        Raises:
            FeedError: if the feed gives no response.
            SourceMismatchError: if the lake holds another network; see `ensure_same_source`.
            SlotExpiredError: see `ensure_slot_open`.
        """
        ensure_same_source(self._store, self.source)
        stored = raw_objects(self._store, ingested_at)
        if present := _present(stored, ingested_at):
            return present
        if not stored:  # else the hour tells whose lake this is
            self._ensure_own_lake()
        ensure_slot_open(ingested_at, now)
        return store_or_quarantine(self._store, self._feed.fetch(ingested_at), ingested_at, now)

    def restore(self, hour: datetime, now: datetime) -> List[IngestResult]:
        """Add the recorded snapshots of an hour that raw does not have yet. Never fetches current data.

        The hour is listed once. What another writer stores meanwhile stays, because raw is only created.

        Raises:
            SourceMismatchError: if the lake holds another network; see `ensure_same_source`.
        """
        self._ensure_own_lake()
        ensure_same_source(self._store, self.source)
        raw = raw_objects(self._store, hour)
        keys = {raw_time(item.key): item.key for item in raw}
        filled = {slot_of(moment) for moment in slot_times(self._store, hour, raw)[0]} if self.live else set()
        results: List[IngestResult] = []
        restored: Set[datetime] = set()
        for recorded in self._feed.recorded(hour):
            if recorded.taken_at > now or slot_of(recorded.taken_at) in filled:
                continue
            if key := keys.get(recorded.taken_at):
                if not self.live and (difference := difference_from_raw(self._store, key, recorded)):
                    results.append(IngestResult(PRESENT, recorded.taken_at, key, 0, 0, DIFFERENT, difference))
            elif recorded.taken_at not in restored:
                result = self._restore(recorded, now)
                if result.state != QUARANTINED:
                    restored.add(recorded.taken_at)
                if result.state != PRESENT:  # else another writer was faster
                    results.append(result)
            if recorded.unread:
                results.append(_unread(recorded))
        return results

    def _ensure_own_lake(self) -> None:
        """Keep snapshots out of another network's lake; one listing, the first time.

        Raises:
            SourceMismatchError: the lake holds another network.
        """
        if not self._is_own_lake and (others := other_networks(self._store, ["raw"])):
            address = self._store.address("").rstrip("/")
            raise SourceMismatchError(other_network_text(address, others, "VELIB_LAKE or VELIB_BUCKET"))
        self._is_own_lake = True

    def skipped(self, first: datetime, last: datetime) -> SkippedFiles:
        """Return the files that a restore from `first` to `last` (both included) does not load."""
        return self._feed.skipped(first, last) if isinstance(self._feed, RecordedFiles) else SkippedFiles()

    def recorded_hours(self, first: datetime, last: datetime) -> Set[datetime]:
        """Return the hours from `first` to `last` (both included) that can be restored."""
        return self._feed.recorded_hours(first, last)

    def _restore(self, recorded: RecordedSnapshot, now: datetime) -> IngestResult:
        response, taken_at = recorded.response, recorded.taken_at
        if response.feed != self.source:  # an archive may contain simulated snapshots
            ensure_same_source(self._store, response.feed)
        if recorded.problem:
            return quarantine(self._store, response, taken_at, now, recorded.problem)
        missing = recorded.missing
        result = store_or_quarantine(
            self._store, response, taken_at, now, recorded.unmodified, missing=missing
        )
        if result.state == STORED and missing:
            return result._replace(code=MISSING_COLUMNS, reason=", ".join(missing))
        return result


def ensure_slot_open(ingested_at: datetime, now: datetime) -> None:
    """Keep current data out of a slot that is over.

    Raises:
        SlotExpiredError: if `now` is in another slot than `ingested_at`.
    """
    if slot_of(now) != slot_of(ingested_at):
        raise SlotExpiredError(
            f"the tick of {ingested_at:%H:%M} ran at {now:%Y-%m-%d %H:%M:%S} UTC, after its slot was over. "
            "That snapshot is missed; the next tick takes its own."
        )


def store_or_quarantine(
    store: LakeStore,
    response: FeedResponse,
    ingested_at: datetime,
    now: datetime,
    unmodified: Optional[FeedResponse] = None,
    *,
    missing: Sequence[str] = (),
) -> IngestResult:
    """Store a usable response in raw; quarantine the bytes of any other, `unmodified` if it was converted.

    Raw says which columns of the table are `missing` in an archive's file. Records that were discarded are in
    quarantine already, and are not stored again.
    """
    try:
        decoded = _usable(store, redact_headers(response))
    except UnusableError as error:
        shown = _without_quoted_secrets(store, response, error)
        return quarantine(store, unmodified or response, ingested_at, now, shown)
    if discarded := discarded_reason(store, hour_of(ingested_at), decoded.results):
        reason = f"discarded before ({one_line(str(discarded.get('reason')))})"
        kept = str(next(iter(discarded.get("keys") or [discarded.get("raw_key")])))
        return IngestResult(QUARANTINED, ingested_at, kept, code=DISCARDED, reason=reason)
    if not IS_VELIB:
        write_network_file(store, decoded.system)
    data = encode_raw(response.feed, ingested_at, now, decoded, missing)
    state = STORED if store.create(key := raw_key(ingested_at), data) else PRESENT
    return IngestResult(state, ingested_at, key, len(decoded.records), len(data))


def _usable(store: LakeStore, response: FeedResponse) -> Decoded:
    decoded = decode(response)
    if "body" not in response.bodies and not IS_VELIB:
        decoded = with_known_files(store, decoded)
    audit(decoded.records, response.feed, said=decoded.gbfs)
    if not IS_VELIB:
        ensure_same_system(store, decoded.records, decoded.system)
    return decoded


def _without_quoted_secrets(store: LakeStore, response: FeedResponse, error: UnusableError) -> UnusableError:
    """Return the error of a response in the words for its bytes without secrets: it may quote them."""
    if not response.secrets:
        return error
    try:
        _usable(store, redact_response(response))
    except UnusableError as shown:
        return UnusableError(error.code, str(shown))
    return UnusableError(error.code, "it is not usable, and repeats a part of its URL; read the bytes")


def _unread(recorded: RecordedSnapshot) -> IngestResult:
    reason = f"{', '.join(recorded.unread)}: skipped, another file of the archive has the same time"
    return IngestResult(PRESENT, recorded.taken_at, raw_key(recorded.taken_at), code=UNREAD, reason=reason)


def _present(objects: Sequence[Stored], ingested_at: datetime) -> Optional[IngestResult]:
    for item in objects:
        if raw_time(item.key) == ingested_at:
            return IngestResult(PRESENT, ingested_at, item.key, size=item.size)
    return None
