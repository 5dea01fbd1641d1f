"""The ledger of slots."""

from __future__ import annotations

from datetime import timedelta

from velib_assets.lake.ledger import ledger
from velib_assets_tests.samples import HOUR, at

LATER = HOUR + timedelta(hours=5)


def test_every_slot_of_a_past_hour_has_one_state() -> None:
    slots = ledger([HOUR], lambda _: ({at(3)}, {at(16), at(4)}), LATER)
    assert [slot.state for slot in slots] == ["stored", "quarantined", "missed", "missed"]


def test_any_stored_snapshot_makes_the_slot_stored() -> None:
    assert ledger([HOUR], lambda _: ({at(14, 59)}, {at(0)}), LATER)[0].state == "stored"


def test_current_slot_is_not_missed() -> None:
    slots = ledger([HOUR], lambda _: ({at(16)}, set()), at(20))
    assert [(slot.start, slot.state) for slot in slots] == [(at(0), "missed"), (at(15), "stored")]


def test_every_requested_hour_has_four_slots() -> None:
    hours = [HOUR - timedelta(hours=n) for n in range(48)]
    assert len(ledger(hours, lambda _: (set(), set()), LATER)) == 4 * 48
