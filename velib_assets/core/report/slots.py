"""The slot ledger as days of 96 slots.

Belongs here: which days are shown, and the shape. Does not: the rule (core.ledger), or listing the lake.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Dict, List, Optional, Sequence

from velib_assets.core.layout import SLOT
from velib_assets.core.ledger import Slot

DAYS = 14
SLOTS = 96


def ledger_span(newest: Optional[datetime], now: datetime) -> List[datetime]:
    """The first hour of each of the 14 UTC days that are shown, oldest first.

    They end today; those of a lake whose newest snapshot is older than that end with its day.
    """
    today = now.replace(hour=0, minute=0, second=0, microsecond=0)
    last = today
    if newest is not None and newest < today - (DAYS - 1) * timedelta(days=1):
        last = newest.replace(hour=0, minute=0, second=0, microsecond=0)
    return [last - n * timedelta(days=1) for n in range(DAYS - 1, -1, -1)]


def ledger_days(slots: Sequence[Slot], days: Sequence[datetime]) -> List[Dict[str, Any]]:
    """The days with their 96 slots; null where a slot is not over, or before the lake's first hour."""
    states = {slot.start: slot.state for slot in slots}
    return [
        {"date": f"{day:%Y-%m-%d}", "slots": [states.get(day + n * SLOT) for n in range(SLOTS)]}
        for day in days
    ]
