"""Properties of the decoders, the audit and clean that hold for any bytes.

Hypothesis (test_fuzzing) and atheris (__main__) check them. Only `UnusableError` may be raised, and its
message is one short printable line.
"""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest.mock import patch

from velib_assets.clean import hour as hour_module
from velib_assets.clean.clean_file import encode_clean, encode_rejects, read_footer
from velib_assets.clean.hour import HourRows, RawObject, clean_hour, digest_of
from velib_assets.ingest.audit import audit
from velib_assets.ingest.decode import decode
from velib_assets.ingest.json_document import dump, load_json
from velib_assets.ingest.raw_object import encode_raw, open_raw
from velib_assets.ingest.response import FeedResponse, UnusableError
from velib_assets.lake.keys import raw_key

HOUR = datetime(2022, 6, 4, 10, tzinfo=UTC)
LONGEST_MESSAGE = 600


def assert_response_holds(feed: str, bodies: Mapping[str, bytes]) -> str:
    """Check that a response is refused with a message, or stored unmodified and cleaned without loss.

    Returns:
        The code of the refusal, or "" if it is stored.
    """
    try:
        decoded = decode(FeedResponse(feed, dict(bodies)))
        audit(decoded.records, feed)
    except UnusableError as error:
        assert_is_message(str(error))
        return error.code
    assert dump(load_json(decoded.results)) == dump(decoded.records)
    stored = encode_raw(feed, HOUR, HOUR, decoded)
    opened = open_raw(stored)
    assert (opened.feed, bytes(opened.results)) == (feed, decoded.results)
    cleaned = assert_stored_holds([stored])
    assert [part.records for part in cleaned.summary.snapshots] == [len(decoded.records)], (
        "the audits disagree"
    )
    return ""


def assert_stored_holds(stored: Sequence[bytes]) -> HourRows:
    """Check that raw objects of one hour are accounted for by both paths, together and alone.

    That their order does not matter is another promise: guarantees/test_clean.
    """
    raws = [
        RawObject(raw_key(HOUR + timedelta(seconds=n)), f"hash-{n}", data) for n, data in enumerate(stored)
    ]
    cleaned = clean_hour(HOUR, raws)
    assert_conserved(cleaned, raws)
    with without_fast_path():
        slow = clean_hour(HOUR, raws)
    assert cleaned.table.to_pylist() == slow.table.to_pylist(), "the paths disagree"
    assert cleaned._replace(table=None) == slow._replace(table=None), "the paths count differently"
    if len(raws) > 1:
        alone = [clean_hour(HOUR, [raw]) for raw in raws]
        assert cleaned.summary.snapshots == [part for one in alone for part in one.summary.snapshots], (
            "objects influence each other"
        )
    return cleaned


def assert_conserved(cleaned: HourRows, raws: Sequence[RawObject]) -> None:
    """Check that every object is cleaned or quarantined, and every record a row, a reject or a duplicate."""
    keys = [part.key for part in cleaned.summary.snapshots] + [
        part.key for part in cleaned.summary.quarantined
    ]
    assert Counter(keys) == Counter(raw.key for raw in raws)
    rejected = Counter(key for key, _, _ in cleaned.rejects)
    for part in cleaned.summary.snapshots:
        assert part.records == part.rows + part.rejected + part.duplicates
        assert part.rejected == rejected[part.key]
    assert len(cleaned.table) == sum(part.rows for part in cleaned.summary.snapshots)
    assert cleaned.summary.repeated == 0
    for unusable in cleaned.summary.quarantined:
        assert_is_message(unusable.reason)
    for text in (text for kind in cleaned.summary.drift for text in kind):
        assert_is_message(text)
    footer = read_footer(io.BytesIO(encode_clean(cleaned)))
    assert footer
    listing = [(raw.key, raw.hash) for raw in raws]
    assert footer.digest == digest_of(listing, cleaned.summary.descriptions)
    assert cleaned.raw_digest == digest_of(listing)
    assert (encode_rejects(cleaned) is None) == (not cleaned.rejects)


def assert_is_message(text: str) -> None:
    """Check that a message about external data is one short printable line."""
    assert text.isprintable(), text[:LONGEST_MESSAGE]
    assert len(text) <= LONGEST_MESSAGE, len(text)


def without_fast_path() -> Any:
    """A context in which the fast path always declines."""
    return patch.object(hour_module, "type_fast", lambda *_: None)
