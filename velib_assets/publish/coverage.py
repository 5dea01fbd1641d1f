"""The coverage of a month: every quarter of an hour, what came of it, and the gaps between snapshots."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from itertools import groupby
from typing import NamedTuple

from velib_assets.lake.keys import SLOT, hour_of, hours_between, iso_z, slot_of
from velib_assets.lake.ledger import MISSED, QUARANTINED, STORED, ledger
from velib_assets.lake.listing import SlotTimes
from velib_assets.publish.published_tables import COVERAGE


class CoveredSlot(NamedTuple):
    """A slot's start (UTC) and state, with the published snapshots and rows that it has."""

    start: datetime
    state: str
    snapshots: int
    rows: int


class Gap(NamedTuple):
    """Successive slots that are not stored: the first, the last, and how many were quarantined."""

    first: datetime
    last: datetime
    quarantined: int

    @property
    def slots(self) -> int:
        """How many slots there are."""
        return (self.last - self.first) // SLOT + 1


def covered_slots(
    first: datetime, end: datetime, times: Mapping[datetime, SlotTimes], rows: Mapping[datetime, int]
) -> list[CoveredSlot]:
    """Return every slot of a range, in order.

    Args:
        first: the start of the range, a whole hour (UTC).
        end: its end, a whole hour (UTC).
        times: the times of usable snapshots and of quarantined responses, by hour.
        rows: the number of published rows of each snapshot, by its time. A slot with rows is stored, also
            where raw is no longer in the lake.
    """
    counts: dict[datetime, list[int]] = {}
    for moment, count in rows.items():
        counts.setdefault(slot_of(moment), []).append(count)
    published: dict[datetime, set[datetime]] = {}
    for slot in counts:
        published.setdefault(hour_of(slot), set()).add(slot)

    def times_of(hour: datetime) -> SlotTimes:
        stored, quarantined = times.get(hour, (set(), set()))
        return stored | published.get(hour, set()), quarantined

    hours = hours_between(first, end - SLOT)
    return [
        CoveredSlot(slot.start, slot.state, len(parts := counts.get(slot.start, [])), sum(parts))
        for slot in ledger(hours, times_of, end)
    ]


def counts_of(slots: Iterable[CoveredSlot]) -> dict[str, int]:
    """Return the number of slots in each state."""
    counts = dict.fromkeys((STORED, QUARANTINED, MISSED), 0)
    for slot in slots:
        counts[slot.state] += 1
    return counts


def gaps_of(slots: Sequence[CoveredSlot]) -> list[Gap]:
    """Return the stretches of slots that are not stored, in order."""
    gaps = []
    for is_stored, group in groupby(slots, lambda slot: slot.state == STORED):
        if not is_stored:
            part = list(group)
            gaps.append(Gap(part[0].start, part[-1].start, counts_of(part)[QUARANTINED]))
    return gaps


def coverage_csv(slots: Iterable[CoveredSlot]) -> bytes:
    """Return the slots as CSV. No value needs quotes."""
    lines = [",".join(column.name for column in COVERAGE.columns)]
    lines += [f"{iso_z(slot.start)},{slot.state},{slot.snapshots},{slot.rows}" for slot in slots]
    return ("\n".join(lines) + "\n").encode("ascii")
