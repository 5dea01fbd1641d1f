"""The ingest step: an answer becomes a raw object, or goes to quarantine with its reason.

Belongs here: the one way into raw. Does not: where answers come from (feeds) or who asks (assets, CLI).
"""

from __future__ import annotations

import hashlib
import json
from datetime import datetime
from typing import Any, Dict, List, NamedTuple, Optional

from velib_assets.ingest.audit import audit
from velib_assets.ingest.feeds.feed import Feed, RecordedSnapshot
from velib_assets.ingest.raw_object import encode_raw, iso, open_raw
from velib_assets.ingest.response import SIMULATOR, FeedResponse, UnusableError, decode
from velib_assets.lake.keys import hour_of, quarantine_stem, raw_key, raw_time, slot_of
from velib_assets.lake.listing import REASON_ENDING, end_keys, raw_objects, slot_times
from velib_assets.lake.store import LakeStore

STORED, PRESENT, QUARANTINED = "stored", "present", "quarantined"


class IngestResult(NamedTuple):
    """What became of one answer: `state` is stored, present (the key was taken) or quarantined."""

    state: str
    ingested_at: datetime
    key: str
    records: int = 0
    size: int = 0
    code: str = ""
    reason: str = ""

    def message(self) -> Dict[str, Any]:
        """As JSON data, for who called the Lambda."""
        return {**self._asdict(), "ingested_at": iso(self.ingested_at)}

    @classmethod
    def of(cls, message: Dict[str, Any]) -> IngestResult:
        """From its JSON data.

        Raises:
            KeyError, TypeError, ValueError: where it is of another version.
        """
        return cls(**{**message, "ingested_at": datetime.fromisoformat(message["ingested_at"])})


class SourceMismatchError(Exception):
    """The simulator was asked to write into a lake that holds real snapshots."""


class SlotExpiredError(Exception):
    """A scheduled tick that runs after its slot is over: the present is not its snapshot any more."""


def take_snapshot(store: LakeStore, feed: Feed, ingested_at: datetime, now: datetime) -> IngestResult:
    """Take the snapshot of `ingested_at` from a live feed at the clock's `now` (both UTC).

    A key that is taken already is not asked for again, so a retried tick costs nothing.

    Raises:
        FeedError: where the feed gave no answer.
        SourceMismatchError: see `ensure_same_source`.
        SlotExpiredError: see `ensure_slot_open`.
    """
    ensure_same_source(store, feed.name)
    if taken := _present(store, ingested_at):
        return taken
    ensure_slot_open(ingested_at, now)
    return store_or_quarantine(store, feed.fetch(ingested_at), ingested_at, now)


def ensure_slot_open(ingested_at: datetime, now: datetime) -> None:
    """Keep the present out of a slot that is over.

    Raises:
        SlotExpiredError: where the clock has left the slot of `ingested_at`.
    """
    if slot_of(now) != slot_of(ingested_at):
        raise SlotExpiredError(
            f"the tick of {ingested_at:%H:%M} came at {now:%Y-%m-%d %H:%M:%S} UTC, after its slot was "
            "over; that snapshot is missed, the next tick takes its own"
        )


def restore_hour(store: LakeStore, feed: Feed, hour: datetime, now: datetime) -> List[IngestResult]:
    """Add to raw the recorded snapshots of a past hour that are missing there; never the present.

    Raises:
        SourceMismatchError: see `ensure_same_source`.
    """
    ensure_same_source(store, feed.name)
    stored, _ = slot_times(store, hour)
    held = {slot_of(moment) for moment in stored} if feed.live else stored
    return [
        _restore(store, feed, recorded, now)
        for recorded in feed.recorded(hour)
        if recorded.taken_at <= now
        and (slot_of(recorded.taken_at) if feed.live else recorded.taken_at) not in held
        and not _present(store, recorded.taken_at)
    ]


def _restore(store: LakeStore, feed: Feed, recorded: RecordedSnapshot, now: datetime) -> IngestResult:
    answer, taken_at = recorded.answer, recorded.taken_at
    if answer.feed != feed.name:  # an archive may hold simulated snapshots too
        ensure_same_source(store, answer.feed)
    if recorded.problem:
        return _quarantine(store, answer, taken_at, now, recorded.problem)
    return store_or_quarantine(store, answer, taken_at, now)


def store_or_quarantine(
    store: LakeStore, answer: FeedResponse, ingested_at: datetime, now: datetime
) -> IngestResult:
    """Store a usable answer in raw, or any other in quarantine with its bytes as they came."""
    try:
        decoded = decode(answer)
        audit(decoded.records, answer.feed)
    except UnusableError as error:
        return _quarantine(store, answer, ingested_at, now, error)
    data = encode_raw(answer.feed, ingested_at, now, decoded)
    key = raw_key(ingested_at)
    state = STORED if store.create(key, data) else PRESENT
    return IngestResult(state, ingested_at, key, len(decoded.records), len(data))


def ensure_same_source(store: LakeStore, feed: str) -> None:
    """Keep simulated snapshots out of a lake of real ones; `feed` names who made what is to be written.

    Raises:
        SourceMismatchError: naming the object that shows it.
    """
    for key in end_keys(store) if feed == SIMULATOR else ():
        try:
            found = open_raw(store.read(key)).feed
        except (UnusableError, FileNotFoundError):
            continue
        if found != SIMULATOR:
            raise SourceMismatchError(
                f"the simulator does not write into a lake of {found} snapshots: {store.address(key)}. "
                "Give it a lake of its own (VELIB_LAKE=<folder>), or move this one away"
            )


def write_reason(store: LakeStore, stem: str, reason: Dict[str, Any]) -> None:
    """Write why something is in quarantine; the first word on it stays."""
    text = json.dumps(reason, ensure_ascii=False, indent=2)
    store.create(stem + REASON_ENDING, text.encode("utf-8", "replace"))


def _present(store: LakeStore, ingested_at: datetime) -> Optional[IngestResult]:
    for item in raw_objects(store, ingested_at):
        if raw_time(item.key) == ingested_at:
            return IngestResult(PRESENT, ingested_at, item.key, size=item.size)
    return None


def _quarantine(
    store: LakeStore, answer: FeedResponse, ingested_at: datetime, now: datetime, error: UnusableError
) -> IngestResult:
    whole = hashlib.sha256(b"".join(answer.bodies.values())).hexdigest()
    stem = quarantine_stem(hour_of(ingested_at), ingested_at, whole)
    keys = {part: f"{stem}.{part}" for part in answer.bodies}
    for part, key in keys.items():
        store.create(key, answer.bodies[part])
    write_reason(
        store,
        stem,
        {
            "code": error.code,
            "reason": str(error),
            "feed": answer.feed,
            "ingested_at": iso(ingested_at),
            "fetched_at": iso(now),
            "keys": sorted(keys.values()),
            "bytes": sum(len(body) for body in answer.bodies.values()),
        },
    )
    return IngestResult(
        QUARANTINED,
        ingested_at,
        next(iter(keys.values())),
        size=sum(len(body) for body in answer.bodies.values()),
        code=error.code,
        reason=str(error),
    )
