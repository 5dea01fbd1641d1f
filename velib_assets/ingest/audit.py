"""The audit: is a snapshot usable? Its rules keep bad responses out of raw and out of the KPIs."""

from __future__ import annotations

from statistics import median
from typing import Any, Mapping, Optional, Sequence

from velib_assets.ingest.counts import NO_STATUS, rejects_of
from velib_assets.ingest.feeds.definition import FeedDefinition
from velib_assets.ingest.feeds.feed_table import definition_of
from velib_assets.ingest.response import UnusableError
from velib_assets.lake.network import KEY, VELIB

MIN_CODED_SHARE = 0.95
MIN_ROW_SHARE = 0.5
PARTIAL_SHARE = 0.8


def audit(records: Sequence[Any], feed: str, network: str = KEY, said: Mapping[str, Any] = {}) -> None:
    """Accept usable records. The other arguments are those of `definition_of`.

    Raises:
        UnusableError: see `audit_fields` and `audit_rows`.
    """
    definition = definition_of(feed, network, said)
    audit_fields(records, definition)
    audit_rows(len(records), rejects_of(records, definition))


def audit_fields(records: Sequence[Any], definition: FeedDefinition) -> None:
    """Accept records that have station codes and counts: bikes, and docks in Vélib's feeds.

    A row count is not enough: real snapshots had 1,413 rows in which every station code was null.

    Raises:
        UnusableError: `empty`, `no_identity` or `missing_field`.
    """
    if not records:
        raise UnusableError("empty", "the response contains no stations")
    coded = sum(1 for record in records if definition.station_code(record) is not None)
    if coded < MIN_CODED_SHARE * len(records):
        raise UnusableError(
            "no_identity",
            f"only {coded:,} of {len(records):,} records have a station code; at least 95 % must",
        )
    for column in ("bikes", "docks") if definition.network == VELIB else ("bikes",):
        fields = definition.filling(column)
        if not any(field.name in field.part_of(r) for r in records for field in fields):
            names = " or ".join(field.path for field in fields)
            raise UnusableError(
                "missing_field", f"no record has the field {names}; the feed may have renamed it"
            )


def audit_rows(records: int, rejected: Mapping[str, int]) -> None:
    """Accept a snapshot of which at least half of the records become rows.

    A duplicate counts as a record that becomes a row: it could be typed. A station of a GBFS feed that is
    described and has no status does not count: a feed may describe the stations of a whole country.

    Args:
        records: the number of records.
        rejected: the number of records that become rejects, by reason.

    Raises:
        UnusableError: `mostly_rejected`.
    """
    records -= rejected.get(NO_STATUS, 0)
    rows = records - sum(number for reason, number in rejected.items() if reason != NO_STATUS)
    if rows < MIN_ROW_SHARE * records:
        counted = ", ".join(f"{reason}: {number:,}" for reason, number in sorted(rejected.items()))
        raise UnusableError(
            "mostly_rejected",
            f"only {rows:,} of {records:,} records become rows; at least half must ({counted})",
        )


def shortage(
    records: int, announced: Optional[int], preceding: Sequence[int], expected: Optional[int]
) -> str:
    """Return what a partial snapshot falls short of, for a message; empty if it is not partial.

    Args:
        records: the snapshot's record count.
        announced: the number that the feed announced, if it did: any smaller number is partial.
        preceding: the record counts of the preceding 24 hours: under 80 % of their median is partial.
        expected: the number of stations in the station register, if known: under 80 % of it is partial.
    """
    if announced is not None and records < announced:
        return f"where the feed announced {announced:,}"
    usual = PARTIAL_SHARE * median(preceding) if preceding else 0.0
    if records < usual:
        return f"where at least {usual:,.0f} are usual"
    if expected is not None and records < PARTIAL_SHARE * expected:
        least = PARTIAL_SHARE * expected
        return f"where the station register has {expected:,} stations: at least {least:,.0f} are expected"
    return ""
