"""The audit: is a snapshot usable? Its rules keep bad responses out of raw and out of the KPIs."""

from __future__ import annotations

from statistics import median
from typing import Any, List, Mapping, Optional, Sequence

from velib_assets.ingest.feeds.feed_table import definition_of
from velib_assets.ingest.response import UnusableError

MIN_CODED_SHARE = 0.95
MIN_ROW_SHARE = 0.5
PARTIAL_SHARE = 0.8


def audit(records: Sequence[Any], feed: str) -> None:
    """Accept usable records.

    A row count is not enough: real snapshots had 1,413 rows in which every station code was null.

    Raises:
        UnusableError: `empty`, `no_identity` or `missing_field`.
    """
    if not records:
        raise UnusableError("empty", "the response contains no stations")
    definition = definition_of(feed)
    coded = sum(1 for record in records if definition.station_code(record) is not None)
    if coded < MIN_CODED_SHARE * len(records):
        raise UnusableError(
            "no_identity",
            f"only {coded:,} of {len(records):,} records have a station code; at least 95 % must",
        )
    for column in ("bikes", "docks"):
        fields = definition.filling(column)
        if not any(field.name in field.part_of(r) for r in records for field in fields):
            names = " or ".join(field.path for field in fields)
            raise UnusableError(
                "missing_field", f"no record has the field {names}; the feed may have renamed it"
            )


def audit_rows(records: int, rejected: Mapping[str, int]) -> None:
    """Accept a snapshot of which at least half of the records become rows.

    A duplicate counts as a record that becomes a row: it could be typed.

    Args:
        records: the number of records.
        rejected: the number of records that become rejects, by reason.

    Raises:
        UnusableError: `mostly_rejected`.
    """
    rows = records - sum(rejected.values())
    if rows < MIN_ROW_SHARE * records:
        counted = ", ".join(f"{reason}: {number:,}" for reason, number in sorted(rejected.items()))
        raise UnusableError(
            "mostly_rejected",
            f"only {rows:,} of {records:,} records become rows; at least half must ({counted})",
        )


def partial_below(preceding: List[int]) -> Optional[float]:
    """Return the record count below which a snapshot is partial: 80 % of the median.

    Args:
        preceding: the record counts of the preceding 24 hours; without any, the result is None.
    """
    return PARTIAL_SHARE * median(preceding) if preceding else None
