"""The kinds of damaged responses of which the corpus consists."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from velib_assets.simulator.faults import FAULTS
from velib_assets_tests.guarantees.responses import COUNT, STATIONS, Change, each, left_out, put, same

QUARANTINE, REJECTS, CLEAN = "quarantine", "rejects", "clean"
OPENDATA, GBFS, ARCHIVE, STORED, SIMULATOR = WAYS = "opendata", "gbfs", "archive", "stored", "simulator"
_NOT_SIMULATED = (OPENDATA, GBFS, ARCHIVE, STORED)
PORTAL = (OPENDATA, ARCHIVE, STORED)
Counts = tuple[int, int, int, int]
_GOOD = (COUNT, COUNT, 0, 0)
_CHANGED = COUNT // 20


class Damaged(NamedTuple):
    """A damage: `change` is applied to the records of a good response, then `text` to its main part's bytes.

    `fate` is quarantine (`message` is the code), rejects (`message` starts the reason) or clean. `counts`
    are the snapshot's records, rows, rejects and duplicates. The table and all views must be equal to those
    of the response that `as_if` makes of the good one, or of no response if it is quarantined. `ways` are the
    ways by which it can reach the lake.
    """

    name: str
    fate: str
    message: str = ""
    change: Change = same
    text: Callable[[bytes], bytes] = bytes
    as_if: Change = same
    counts: Counts = _GOOD
    ways: Sequence[str] = _NOT_SIMULATED


def bad_bytes(
    name: str, message: str, text: Callable[[bytes], bytes], ways: Sequence[str] = _NOT_SIMULATED
) -> Damaged:
    """A response that is quarantined because of its bytes."""
    return Damaged(name, QUARANTINE, message, text=text, ways=ways)


def bad_records(name: str, message: str, change: Change, ways: Sequence[str] = _NOT_SIMULATED) -> Damaged:
    """A response that is quarantined because of its records."""
    return Damaged(name, QUARANTINE, message, change, ways=ways)


def rejected(name: str, message: str, change: Change, ways: Sequence[str] = _NOT_SIMULATED) -> Damaged:
    """A response whose changed records are rejected."""
    counts = (COUNT, COUNT - _CHANGED, _CHANGED, 0)
    return Damaged(name, REJECTS, message, change, as_if=left_out(), counts=counts, ways=ways)


def cleaned_as(
    name: str, change: Change, as_if: Change = same, ways: Sequence[str] = _NOT_SIMULATED
) -> Damaged:
    """A response that is stored and cleaned like another one."""
    return Damaged(name, CLEAN, change=change, as_if=as_if, ways=ways)


def nulled(name: str, column: str, value: object, ways: Sequence[str] = _NOT_SIMULATED) -> Damaged:
    """A response in whose changed records only this value becomes null."""
    return cleaned_as(name, put(column, value), put(column, None), ways)


def as_it_is(name: str, column: str, value: object, every: int = 20) -> Damaged:
    """A response that keeps the changed value."""
    change = put(column, value, every)
    return cleaned_as(name, change, change)


def first(count: int) -> Change:
    """Keep only the first stations."""
    return lambda parts: {part: rows[:count] for part, rows in parts.items()}


def doubled(
    name: str, dropped: int, change: Callable[[Any], Any], ways: Sequence[str] = _NOT_SIMULATED
) -> Damaged:
    """A response with duplicated stations; the first record counts."""
    counts = (COUNT + dropped, COUNT, 0, dropped)
    return Damaged(
        name,
        CLEAN,
        change=lambda parts: {part: change(rows) for part, rows in parts.items()},
        counts=counts,
        ways=ways,
    )


def more_bikes(rows: list[Any]) -> list[Any]:
    """Change the numbers of the same stations."""
    return put("bikes", 99, every=1)({"body": rows})["body"]


def instead(text: bytes) -> Callable[[bytes], bytes]:
    """Replace the whole response."""
    return lambda _: text


def swap(old: bytes, new: bytes) -> Callable[[bytes], bytes]:
    """Replace the first occurrence of some bytes."""

    def swapped(body: bytes) -> bytes:
        assert old in body
        return body.replace(old, new, 1)

    return swapped


def no_record(value: object) -> Change:
    """Replace every record with this value."""
    return each(lambda _: value)


WHOLE = (STATIONS, STATIONS, 0, 0)


def simulated(
    name: str, fate: str, message: str = "", as_if: Change = same, counts: Counts = WHOLE
) -> Damaged:
    """A fault of the simulator."""
    text, name = FAULTS[name], f"fault {name}"
    return Damaged(name, fate, message, text=text, as_if=as_if, counts=counts, ways=[SIMULATOR])
