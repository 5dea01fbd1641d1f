"""Reported times that cannot be true: a station cannot have reported after its snapshot was taken."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Tuple

import pyarrow as pa
import pyarrow.compute as pc

FUTURE_UNKNOWN = timedelta(hours=24)
"""A report from further in the future than this counts as unknown."""


FUTURE = timedelta(minutes=10)
"""A report from further in the future than this is counted: clocks differ by less."""


def future_reports(rows: pa.Table) -> int:
    """Count the rows that reported over 10 minutes after their snapshot; they need `ingested_ts`."""
    ahead = pc.subtract(rows["reported_ts"], rows["ingested_ts"])
    return pc.sum(pc.greater(ahead, FUTURE)).as_py() or 0


def without_future(rows: pa.Table, taken: datetime) -> Tuple[pa.Table, int]:
    """Return rows with null for reports from over 24 hours after the snapshot, and how many there were.

    Args:
        rows: the rows of one snapshot, as `TYPED_SCHEMA`.
        taken: when the snapshot was taken, UTC.
    """
    position = rows.schema.get_field_index("reported_ts")
    field, reported = rows.schema.field(position), rows["reported_ts"]
    limit = pa.scalar(taken + FUTURE_UNKNOWN, field.type)
    latest = pc.max(reported)
    if not latest.is_valid or latest.value <= limit.value:
        return rows, 0
    future = pc.fill_null(pc.greater(reported, limit), False)
    known = pc.if_else(future, pa.scalar(None, field.type), reported)
    return rows.set_column(position, field, known), pc.sum(future).as_py()
