"""The slot ledger as days of 96 slots.

Belongs here: which days are shown, and the shape. Does not: the rule (core.ledger), or listing the lake.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from velib_assets.lake.keys import SLOT
from velib_assets.lake.ledger import Slot

DAYS = 14
SLOTS = 96


def ledger_span(newest: datetime | None, now: datetime) -> list[datetime]:
    """The first hour of each of the 14 UTC days that are shown, oldest first.

    They end today; those of a lake whose newest snapshot is older than that end with its day.
    """
    today = now.replace(hour=0, minute=0, second=0, microsecond=0)
    last = today
    if newest is not None and newest < today - (DAYS - 1) * timedelta(days=1):
        last = newest.replace(hour=0, minute=0, second=0, microsecond=0)
    return [last - n * timedelta(days=1) for n in range(DAYS - 1, -1, -1)]


def ledger_days(slots: Sequence[Slot], days: Sequence[datetime]) -> list[dict[str, Any]]:
    """The days with their 96 slots; null where a slot is not over, or before the lake's first hour."""
    states = {slot.start: slot.state for slot in slots}
    return [
        {"date": f"{day:%Y-%m-%d}", "slots": [states.get(day + n * SLOT) for n in range(SLOTS)]}
        for day in days
    ]
