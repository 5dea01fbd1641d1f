"""What a damage is, and the kinds of it that the corpus is made of.

Belongs here: a kind's fate and counts. Does not: the damages themselves (damaged).
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from velib_assets.simulator.faults import FAULTS
from velib_assets_tests.guarantees.answers import COUNT, STATIONS, Change, each, left_out, put, same

QUARANTINE, REJECTS, CLEAN = "quarantine", "rejects", "clean"
OPENDATA, GBFS, ARCHIVE, STORED, SIMULATOR = WAYS = "opendata", "gbfs", "archive", "stored", "simulator"
_COMING = (OPENDATA, GBFS, ARCHIVE, STORED)
PORTAL = (OPENDATA, ARCHIVE, STORED)
Counts = tuple[int, int, int, int]
_GOOD = (COUNT, COUNT, 0, 0)
_STRUCK = COUNT // 20


class Damaged(NamedTuple):
    """A damage: `change` of a good answer's records, then `text` of the bytes of its main part.

    `fate` is quarantine (the answer is refused, `says` is the code), rejects (single records are, `says`
    begins the reason) or clean. `counts` are the snapshot's records, rows, rejects and duplicates. The table
    and all views are as if the answer had been the one that `as_if` makes of the good one; as if there had
    been none where it is refused. `ways` are those it can come by.
    """

    name: str
    fate: str
    says: str = ""
    change: Change = same
    text: Callable[[bytes], bytes] = bytes
    as_if: Change = same
    counts: Counts = _GOOD
    ways: Sequence[str] = _COMING


def refused(name: str, says: str, text: Callable[[bytes], bytes], ways: Sequence[str] = _COMING) -> Damaged:
    """A refused answer, by what became of its bytes."""
    return Damaged(name, QUARANTINE, says, text=text, ways=ways)


def unfit(name: str, says: str, change: Change, ways: Sequence[str] = _COMING) -> Damaged:
    """A refused answer, by what became of its records."""
    return Damaged(name, QUARANTINE, says, change, ways=ways)


def rejected(name: str, says: str, change: Change, ways: Sequence[str] = _COMING) -> Damaged:
    """An answer that loses the records that were struck."""
    counts = (COUNT, COUNT - _STRUCK, _STRUCK, 0)
    return Damaged(name, REJECTS, says, change, as_if=left_out(), counts=counts, ways=ways)


def kept(name: str, change: Change, as_if: Change = same, ways: Sequence[str] = _COMING) -> Damaged:
    """An answer that is kept, and read as another one would be."""
    return Damaged(name, CLEAN, change=change, as_if=as_if, ways=ways)


def nulled(name: str, column: str, value: object, ways: Sequence[str] = _COMING) -> Damaged:
    """An answer whose struck records lose this value alone."""
    return kept(name, put(column, value), put(column, None), ways)


def as_it_is(name: str, column: str, value: object, every: int = 20) -> Damaged:
    """An answer that is kept with the very value."""
    change = put(column, value, every)
    return kept(name, change, change)


def first(count: int) -> Change:
    """Only so many stations."""
    return lambda parts: {part: rows[:count] for part, rows in parts.items()}


def doubled(name: str, dropped: int, change: Callable[[Any], Any], ways: Sequence[str] = _COMING) -> Damaged:
    """An answer that says stations more than once; the first counts."""
    counts = (COUNT + dropped, COUNT, 0, dropped)
    return Damaged(
        name,
        CLEAN,
        change=lambda parts: {part: change(rows) for part, rows in parts.items()},
        counts=counts,
        ways=ways,
    )


def more_bikes(rows: list[Any]) -> list[Any]:
    """Other numbers of the same stations."""
    return put("bikes", 99, every=1)({"body": rows})["body"]


def instead(text: bytes) -> Callable[[bytes], bytes]:
    """Other bytes in place of the answer."""
    return lambda _: text


def swap(old: bytes, new: bytes) -> Callable[[bytes], bytes]:
    """Replace what stands there, at its first place."""

    def swapped(body: bytes) -> bytes:
        assert old in body
        return body.replace(old, new, 1)

    return swapped


def no_record(value: object) -> Change:
    """Records that are this value, all of them."""
    return each(lambda _: value)


WHOLE = (STATIONS, STATIONS, 0, 0)


def simulated(name: str, fate: str, says: str = "", as_if: Change = same, counts: Counts = WHOLE) -> Damaged:
    """A fault of the simulator, by its own way."""
    text, name = FAULTS[name], f"fault {name}"
    return Damaged(name, fate, says, text=text, as_if=as_if, counts=counts, ways=[SIMULATOR])
