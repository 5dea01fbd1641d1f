"""The slot ledger: every 15-minute slot of a past hour is stored, quarantined or missed."""

from __future__ import annotations

from datetime import datetime
from typing import Callable, Iterable, List, NamedTuple

from velib_assets.lake.keys import SLOT, slot_of, slots_of
from velib_assets.lake.listing import SlotTimes

STORED, QUARANTINED, MISSED = "stored", "quarantined", "missed"


class Slot(NamedTuple):
    """A slot's start (UTC) and state."""

    start: datetime
    state: str


def ledger(hours: Iterable[datetime], times: Callable[[datetime], SlotTimes], now: datetime) -> List[Slot]:
    """Return the slots of `hours` in order, without empty slots that end after `now`.

    Args:
        hours: UTC hours.
        times: returns, for an hour, the times of its usable snapshots and of its quarantined responses.
        now: the current time, UTC.
    """
    slots = []
    for hour in hours:
        stored, quarantined = ({slot_of(moment) for moment in part} for part in times(hour))
        for start in slots_of(hour):
            if start in stored:
                slots.append(Slot(start, STORED))
            elif start in quarantined:
                slots.append(Slot(start, QUARANTINED))
            elif start + SLOT <= now:
                slots.append(Slot(start, MISSED))
    return slots
