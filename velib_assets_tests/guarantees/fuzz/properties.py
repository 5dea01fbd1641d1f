"""What holds of the decoders, the audit and clean, whatever bytes they are given.

Belongs here: assertions over bytes, for hypothesis (test_fuzzing) and atheris (__main__) alike. Does not:
making the bytes. Nothing but `UnusableError` may be raised, and its words are one short printable line.
"""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest.mock import patch

from velib_assets.clean import snapshots
from velib_assets.clean.clean_file import encode_clean, encode_rejects, read_footer
from velib_assets.clean.hour import CleanHour, RawObject, clean_hour, digest_of
from velib_assets.clean.rebuild import repeated_rows
from velib_assets.ingest.audit import audit
from velib_assets.ingest.raw_object import encode_raw, open_raw
from velib_assets.ingest.response import FeedResponse, UnusableError, decode, dump, load_json
from velib_assets.lake.keys import raw_key

HOUR = datetime(2022, 6, 4, 10, tzinfo=UTC)
LONGEST_WORDS = 600


def answer_holds(feed: str, bodies: Mapping[str, bytes]) -> str:
    """An answer is refused in words, or is kept as it came, opened again and cleaned without loss.

    Returns the code of the refusal, or "" where it was kept.
    """
    try:
        decoded = decode(FeedResponse(feed, dict(bodies)))
        audit(decoded.records, feed)
    except UnusableError as error:
        assert_said(str(error))
        return error.code
    assert dump(load_json(decoded.results)) == dump(decoded.records)
    stored = encode_raw(feed, HOUR, HOUR, decoded)
    opened = open_raw(stored)
    assert (opened.feed, bytes(opened.results)) == (feed, decoded.results)
    cleaned = stored_hold([stored])
    assert [part.records for part in cleaned.snapshots] == [len(decoded.records)], "the audits disagree"
    return ""


def stored_hold(stored: Sequence[bytes]) -> CleanHour:
    """Raw objects of one hour, damaged or not: each is accounted for, by either path, together or alone.

    That their order does not show is another promise: guarantees/test_clean.
    """
    raws = [
        RawObject(raw_key(HOUR + timedelta(seconds=n)), f"hash-{n}", data) for n, data in enumerate(stored)
    ]
    cleaned = clean_hour(HOUR, raws)
    assert_conserved(cleaned, raws)
    with without_fast_path():
        slow = clean_hour(HOUR, raws)
    assert cleaned.table.to_pylist() == slow.table.to_pylist(), "the paths disagree"
    assert cleaned._replace(table=None) == slow._replace(table=None), "the paths' accounts disagree"
    if len(raws) > 1:
        alone = [clean_hour(HOUR, [raw]) for raw in raws]
        assert cleaned.snapshots == [part for one in alone for part in one.snapshots], "company matters"
    return cleaned


def assert_conserved(cleaned: CleanHour, raws: Sequence[RawObject]) -> None:
    """Every object is cleaned or refused, every record of it a row, a reject or a duplicate."""
    told = [part.key for part in cleaned.snapshots] + [part.key for part in cleaned.quarantined]
    assert Counter(told) == Counter(raw.key for raw in raws)
    rejected = Counter(key for key, _, _ in cleaned.rejects)
    for part in cleaned.snapshots:
        assert part.records == part.rows + part.rejected + part.duplicates
        assert part.rejected == rejected[part.key]
    assert len(cleaned.table) == sum(part.rows for part in cleaned.snapshots)
    assert repeated_rows(cleaned.table) == 0
    for refused in cleaned.quarantined:
        assert_said(refused.reason)
    for words in (text for kind in cleaned.drift for text in kind):
        assert_said(words)
    footer = read_footer(io.BytesIO(encode_clean(cleaned)))
    assert footer
    assert footer.digest == digest_of((raw.key, raw.hash) for raw in raws)
    assert (encode_rejects(cleaned) is None) == (not cleaned.rejects)


def assert_said(words: str) -> None:
    """Words for a person, made from what a stranger sent: one line, printable, not long."""
    assert words.isprintable(), words[:LONGEST_WORDS]
    assert len(words) <= LONGEST_WORDS, len(words)


def without_fast_path() -> Any:
    """A context in which everything is typed record by record, as where the fast path declines."""
    return patch.object(snapshots, "type_fast", lambda *_: None)
