"""Cleans the raw objects of an hour: rows, rejects and counts, as a pure function of raw and the register."""

from __future__ import annotations

import hashlib
from collections import Counter
from datetime import datetime
from typing import Any, Dict, Iterable, Iterator, List, Mapping, NamedTuple, Optional, Sequence, Tuple, Union

import pyarrow as pa
import pyarrow.compute as pc

from velib_assets.clean.assemble import assemble, derive, differing_duplicates
from velib_assets.clean.fast_path import type_fast
from velib_assets.clean.gbfs_fast_path import type_gbfs_fast
from velib_assets.clean.gbfs_rules import given_flags, has_unread_flags, with_gbfs_rules
from velib_assets.clean.general_path import type_general
from velib_assets.clean.hour_result import HourSummary, SnapshotCount, UnusableObject
from velib_assets.clean.reported_times import future_reports, without_future
from velib_assets.clean.typed_snapshot import Reject, TypedSnapshot, merge_drifts, without_missing
from velib_assets.ingest.audit import audit_fields, audit_rows
from velib_assets.ingest.counts import reason_group
from velib_assets.ingest.feed_info import announced_records
from velib_assets.ingest.feeds.definition import FeedDefinition
from velib_assets.ingest.feeds.feed_table import definition_of
from velib_assets.ingest.json_document import load_json, record_list
from velib_assets.ingest.raw_object import OpenedRaw, head_of, missing_columns, open_raw
from velib_assets.ingest.response import OPENDATA, UnusableError
from velib_assets.lake.keys import hour_of, raw_time
from velib_assets.lake.network import KEY, VELIB
from velib_assets.stations.describe import Described, describe
from velib_assets.stations.placeholders import without_placeholders
from velib_assets.stations.register import Register
from velib_assets.stations.sights import Sights, sights_of

SnapshotOutcome = Union[TypedSnapshot, UnusableError]
_TOGETHER = 4  # snapshots typed at once: the usual number per hour; more are not faster
_TOGETHER_BYTES = 4 * 1024 * 1024  # of JSON from which on no more are: memory grows with them
_MISFILED = UnusableError("misfiled", "its name and its folder have different hours")


class RawObject(NamedTuple):
    """A raw object: its key, its hash from the listing, and its bytes."""

    key: str
    hash: str
    data: bytes


class HourRows(NamedTuple):
    """A cleaned hour.

    Args:
        table: sorted rows as `TABLE_SCHEMA`.
        rejects: the rejected records with their raw key and time.
        summary: the counts.
        raw_digest: the digest of the raw listing alone.
        sights: what the feed said of the stations.
        described: how rows without a description were completed; None if there are none.
    """

    table: pa.Table
    rejects: List[Tuple[str, datetime, Reject]]
    summary: HourSummary
    raw_digest: str
    sights: Sights
    described: Optional[Described] = None


def digest_of(listing: Iterable[Tuple[str, str]], descriptions: str = "") -> str:
    """Return the digest of what an hour is made from.

    Args:
        listing: (key, hash) pairs of the hour's raw objects in any order; other files are ignored.
        descriptions: the digest of the descriptions that were used; empty if there were none.
    """
    lines = sorted(f"{key}\t{hash_}\n" for key, hash_ in listing if raw_time(key))
    if descriptions:
        lines.append(f"stations\t{descriptions}\n")
    return hashlib.sha256("".join(lines).encode("utf-8")).hexdigest()


def clean_hour(
    hour: datetime, raws: Iterable[RawObject], register: Optional[Register] = None, network: str = KEY
) -> HourRows:
    """Clean the raw objects of one hour (UTC) of a network; their order does not matter.

    Rows without a whole description are completed from the register, as far as it knows their stations.
    Unusable objects are listed in the summary. If none is usable, the table is empty.
    """
    ordered = sorted((raw.key, raw, taken) for raw in raws if (taken := raw_time(raw.key)))
    outcomes = iter(_type_all([raw.data for _, raw, taken in ordered if hour_of(taken) == hour], network))
    typed: List[Tuple[RawObject, datetime, TypedSnapshot]] = []
    quarantined: List[UnusableObject] = []
    future_unknown = 0
    for _, raw, taken in ordered:
        outcome = next(outcomes) if hour_of(taken) == hour else _MISFILED
        if isinstance(outcome, UnusableError):
            quarantined.append(UnusableObject(raw.key, raw.hash, outcome.code, str(outcome)))
        else:
            table, future = without_future(outcome.table, taken)
            typed.append((raw, taken, outcome._replace(table=table)))
            future_unknown += future
    times = [taken for _, taken, _ in typed]
    tables = [part.table for _, _, part in typed]
    rows, row_counts = assemble(times, tables, network)
    rows = without_placeholders(rows) if network == VELIB else rows
    completed, described = describe(rows, register or Register(), network)
    labels = {code: label for *_, part in typed for code, label in part.arrondissements.items()}
    table = derive(completed, labels, network)
    listing = [(key, raw.hash) for key, raw, _ in ordered]
    heads = {raw.key: head_of(raw.data) for raw, _, _ in typed}
    missing = _missing_columns(heads)
    drift = merge_drifts([part.drift for _, _, part in typed])
    if missing:  # the files of an archive are converted to the portal's form
        drift = without_missing(drift, definition_of(OPENDATA, network), missing)
    rejects = [(raw.key, taken, reject) for raw, taken, part in typed for reject in part.rejects]
    summary = HourSummary(
        hour,
        digest_of(listing, described.digest if described else ""),
        rows=len(table),
        stale=pc.sum(table["is_stale"]).as_py() or 0,
        repeated=_repeated_rows(table),
        rejected=_rejected(reject for _, _, reject in rejects),
        snapshots=[
            SnapshotCount(raw.key, part.records, rows, len(part.rejects), len(part.table) - rows)
            for (raw, _, part), rows in zip(typed, row_counts)
        ],
        quarantined=quarantined,
        drift=drift,
        descriptions=described.digest if described else "",
        described=described.rows if described else 0,
        undescribed=described.undescribed if described else 0,
        unreadable_times=sum(part.unreadable.number for *_, part in typed),
        unreadable_time=next((part.unreadable.example for *_, part in typed if part.unreadable.number), ""),
        future=future_reports(rows) + future_unknown,
        future_unknown=future_unknown,
        announced=_announced(heads),
        missing_columns=missing,
        left_out=sorted(described.left_out - set(missing)) if described else [],
        differing=differing_duplicates(times, tables) if len(rows) < sum(map(len, tables)) else {},
    )
    seen = [(reject.station_id, taken) for _, taken, reject in rejects]
    partial = [taken for key in summary.partial if (taken := raw_time(key))]
    sights = sights_of(hour, rows, times, seen, partial)
    return HourRows(table, rejects, summary, digest_of(listing), sights, described)


def _announced(heads: Mapping[str, Mapping[str, Any]]) -> Dict[str, int]:
    """Return the number of records that the feed announced, by raw key, where it did."""
    counts = {key: announced_records(head) for key, head in heads.items()}
    return {key: count for key, count in counts.items() if count is not None}


def _missing_columns(heads: Mapping[str, Mapping[str, Any]]) -> List[str]:
    """Return the columns that no snapshot has, because the archive's files lack them."""
    missing = [set(missing_columns(head)) for head in heads.values()]
    return sorted(set.intersection(*missing)) if missing else []


def _repeated_rows(table: pa.Table) -> int:
    """Count the rows of a sorted table that have the same station and time as the previous row."""
    stations = table["station_id"].combine_chunks()
    moments = table["ingested_ts"].combine_chunks()
    same = pc.and_(pc.equal(stations[1:], stations[:-1]), pc.equal(moments[1:], moments[:-1]))
    return pc.sum(same).as_py() or 0


def _type_all(stored: Sequence[bytes], network: str) -> List[SnapshotOutcome]:
    """Open, audit and type raw objects; returns the rows of each, or why it is unusable."""
    outcomes: List[SnapshotOutcome] = []
    opened: List[Union[OpenedRaw, UnusableError]] = []
    for position, data in enumerate(stored, start=1):
        opened.append(_open(data))
        size = sum(len(raw.document) for raw in opened if isinstance(raw, OpenedRaw))
        if len(opened) == _TOGETHER or size > _TOGETHER_BYTES or position == len(stored):
            outcomes += _type_opened(opened, network)
            opened.clear()
    return outcomes


def _type_opened(
    opened: Sequence[Union[OpenedRaw, UnusableError]], network: str
) -> Iterator[SnapshotOutcome]:
    typed = iter(_type([raw for raw in opened if isinstance(raw, OpenedRaw)], network))
    for raw in opened:
        yield _audited(next(typed)) if isinstance(raw, OpenedRaw) else raw


def _open(data: bytes) -> Union[OpenedRaw, UnusableError]:
    try:
        return open_raw(data)
    except UnusableError as error:
        return error


def _type(raws: Sequence[OpenedRaw], network: str) -> Sequence[SnapshotOutcome]:
    """Type ordinary snapshots of one feed together; otherwise each alone."""
    feeds = {definition_of(raw.feed, network, raw.gbfs) for raw in raws}
    if len(feeds) == 1:
        (feed,) = feeds
        if together := _type_fast([raw.results for raw in raws], feed):
            return together
        if len(raws) == 1:
            return [_type_general(raws[0], feed)]
    return [outcome for raw in raws for outcome in _type([raw], network)]


def _type_fast(results: Sequence[memoryview], feed: FeedDefinition) -> Optional[List[TypedSnapshot]]:
    if feed.reader is None:
        return type_fast(results, feed)
    typed = type_gbfs_fast(results, feed)
    if not typed or any(map(has_unread_flags, typed)):
        return None
    return [with_gbfs_rules(snapshot) for snapshot in typed]


def _type_general(raw: OpenedRaw, feed: FeedDefinition) -> SnapshotOutcome:
    try:
        records = record_list(load_json(raw.document, "the raw object"))
        audit_fields(records, feed)
    except UnusableError as error:
        return error
    typed = type_general(records, feed)
    return with_gbfs_rules(typed, given_flags(records)) if feed.reader else typed


def _audited(outcome: SnapshotOutcome) -> SnapshotOutcome:
    """Refuse a snapshot of which too few records became rows."""
    if isinstance(outcome, TypedSnapshot):
        try:
            audit_rows(outcome.records, _rejected(outcome.rejects))
        except UnusableError as error:
            return error
    return outcome


def _rejected(rejects: Iterable[Reject]) -> Dict[str, int]:
    """Count rejects by reason."""
    return dict(Counter(reason_group(reject.reason) for reject in rejects))
