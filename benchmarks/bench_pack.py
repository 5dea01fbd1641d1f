"""Files, bytes and the time to list and read raw, with a file per snapshot and with a pack per day.

Run: python benchmarks/bench_pack.py [DAYS]

DAYS is 365 by default. The snapshots are of random bytes, as large as real ones (75 kB gzipped); a year takes
2.7 GB of disk. "A new process" has read nothing before: without packs it reads every byte to know its hash.
"""

import os
import random
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from velib_assets.lake.folder_store import FolderStore
from velib_assets.lake.keys import HOUR, raw_key
from velib_assets.lake.listing import hours_in, objects_by_hour, raw_objects
from velib_assets.lake.packing import days_with_raw, pack_day

FIRST, SLOTS, SIZE = datetime(2022, 1, 1, tzinfo=UTC), 96, 75_000
STRETCH = timedelta(hours=240)  # as one round of healing lists
DAYS = 365


def make_raw(root: Path, days: int) -> None:
    """Write the snapshots of so many days."""
    store, dice = FolderStore(root), random.Random(0)  # noqa: S311 - not a secret
    for number in range(days * SLOTS):
        key = raw_key(FIRST + number * timedelta(minutes=15))
        path = store.root / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(dice.randbytes(SIZE))


def list_all(root: Path, last: datetime) -> None:
    """List every snapshot."""
    objects_by_hour(FolderStore(root), "raw", FIRST, last)


def list_hours(root: Path, last: datetime) -> None:
    """List every hour."""
    hours_in(FolderStore(root), "raw", FIRST, last)


def heal_round(root: Path, _: datetime) -> None:
    """List a stretch with the hash of every object, as healing does."""
    store = FolderStore(root)
    for items in objects_by_hour(store, "raw", FIRST, FIRST + STRETCH - HOUR).values():
        for item in items:
            store.hash(item)


def read_day(root: Path, _: datetime) -> None:
    """Read the objects of 24 hours, as cleaning them does."""
    store = FolderStore(root)
    for n in range(24):
        for item in raw_objects(store, FIRST + n * HOUR):
            store.fetch(item.key)


ROUNDS = 5
MEASURED: dict[str, Callable[[Path, datetime], None]] = {
    "list all snapshots": list_all,
    "list the hours": list_hours,
    "list 240 hours with hashes, in a new process": heal_round,
    "read a day": read_day,
}


def seconds(action: Callable[[Path, datetime], None], root: Path, last: datetime) -> float:
    """Return the shortest time of some rounds."""
    times = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        action(root, last)
        times.append(time.perf_counter() - start)
    return min(times)


def disk(root: Path) -> tuple[int, float, float]:
    """Return the number of files, and their bytes and those that they occupy, in MB."""
    found = [path.stat() for path in root.rglob("*") if path.is_file()]
    return len(found), sum(s.st_size for s in found) / 1e6, sum(s.st_blocks for s in found) * 512 / 1e6


def main(days: int) -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory(prefix="bench-pack-", dir=os.environ.get("TMPDIR")) as folder:
        root, last = Path(folder), FIRST + timedelta(days=days) - HOUR
        make_raw(root, days)
        before, plain = {name: seconds(action, root, last) for name, action in MEASURED.items()}, disk(root)
        store, start = FolderStore(root), time.perf_counter()
        for day in days_with_raw(store, FIRST.date(), last.date()):
            pack_day(store, day)
        taken = time.perf_counter() - start
        after, packed = {name: seconds(action, root, last) for name, action in MEASURED.items()}, disk(root)
    print(f"{days} days                                       {'files':>12} {'packs':>12}")
    for name, number, form in (("files", 0, ",d"), ("MB", 1, ",.1f"), ("MB on the disk", 2, ",.1f")):
        print(f"{name:48} {plain[number]:>12{form}} {packed[number]:>12{form}}")
    for name in MEASURED:
        print(f"{name + ' (s)':48} {before[name]:>12.3f} {after[name]:>12.3f}")
    print(f"packed in {taken:.1f} s, {taken / days:.3f} s per day")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else DAYS)
