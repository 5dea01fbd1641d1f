"""The slot ledger: every 15-minute slot is stored, quarantined or missed.

Belongs here: the rule. Does not: listing the lake (runtime.lake) or printing (cli).
"""

from __future__ import annotations

from datetime import datetime
from typing import Callable, Iterable, List, NamedTuple, Set, Tuple

from velib_assets.lake.keys import SLOT, slot_of, slots_of

STORED, QUARANTINED, MISSED = "stored", "quarantined", "missed"


class Slot(NamedTuple):
    """A slot's start (UTC) and its state."""

    start: datetime
    state: str


def ledger(
    hours: Iterable[datetime],
    times: Callable[[datetime], Tuple[Set[datetime], Set[datetime]]],
    now: datetime,
) -> List[Slot]:
    """The slots of `hours` that are over at `now`, in order.

    Args:
        hours: UTC hours.
        times: for an hour, when its usable snapshots and its unusable answers were taken.
        now: the clock, UTC. A slot that is not over counts only where something lies in it already.
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
