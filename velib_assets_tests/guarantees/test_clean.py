"""Clean(hour) is a function of raw and descriptions: the same bytes for any order, split or process."""

import itertools
import os
import random
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from velib_assets.clean.clean_file import encode_clean, encode_rejects
from velib_assets.clean.hour import RawObject, clean_hour
from velib_assets.clean.rebuild import rebuild_hour
from velib_assets.ingest.decode import decode
from velib_assets.ingest.raw_object import encode_raw
from velib_assets.ingest.response import GBFS, SIMULATOR, FeedResponse
from velib_assets.lake.folder_store import FolderStore
from velib_assets.lake.keys import HOUR as AN_HOUR
from velib_assets.lake.keys import clean_key, hour_prefix, hour_text, raw_key, rejects_key
from velib_assets.simulator.faults import FAULTS
from velib_assets.simulator.simulator import Simulator
from velib_assets_tests.guarantees.writers import clean_hours, started
from velib_assets_tests.samples import HOUR, at, body, first_version, pair, record

pytestmark = pytest.mark.promise("clean")

Files = dict[str, bytes]
HOURS = [HOUR + n * AN_HOUR for n in range(4)]
# The faults in each hour beside good snapshots: records to reject, to drop or to keep in part.
ODD = ("textual_counts", "duplicates", "null_counts", "negative_counts", "missing_dates", "huge_name")


def _raw(taken: datetime, feed: str, data: bytes) -> RawObject:
    return RawObject(
        raw_key(taken), "", encode_raw(feed, taken, taken, decode(FeedResponse(feed, {"body": data})))
    )


def _objects() -> Iterator[RawObject]:
    """Four hours of snapshots: some with faults, both feeds, two versions, and unusable objects."""
    city = Simulator(stations=60)
    faults = itertools.cycle(ODD)
    for hour in HOURS:
        for minute in (0, 15, 30, 45):
            taken = hour + timedelta(minutes=minute)
            response = city.fetch(taken).bodies["body"]
            yield _raw(taken, SIMULATOR, FAULTS[next(faults)](response) if minute % 30 else response)
    yield _raw(at(20), GBFS, body([pair(str(16101 + n)) for n in range(30)]))
    yield first_version([record("1001"), record("1002", ebike=-1), record("1001")], 20)
    yield RawObject(raw_key(at(7)), "", b"broken")
    misfiled = raw_key(HOUR).rpartition("/")[2]
    yield RawObject(hour_prefix("raw", HOURS[3]) + misfiled, "", first_version([]).data)


OBJECTS = list(_objects())


def filled(root: Path, objects: Sequence[RawObject] = OBJECTS) -> FolderStore:
    """A lake with these raw objects, stored in this order."""
    store = FolderStore(root)
    for item in objects:
        store.create(item.key, item.data)
    return store


def cleaned_files(root: Path) -> Files:
    """Everything that cleaning wrote, including hidden files, of which there must be none."""
    files = (path for layer in ("clean", "rejects", "quarantine") for path in (root / layer).rglob("*"))
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in files if path.is_file()}


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> Files:
    """One process, one thread, all hours at once."""
    store = filled(tmp_path_factory.mktemp("reference"))
    clean_hours(store.root, HOURS, 1)
    files = cleaned_files(store.root)
    layers = [name.partition("/")[0] for name in files]
    assert [layers.count(layer) for layer in ("clean", "rejects", "quarantine")] == [4, 3, 2]
    return files


WAYS: dict[str, list[tuple[list[datetime], int]]] = {  # each run: its hours and threads
    "again": [(HOURS, 1), (HOURS, 1)],
    "two threads": [(HOURS, 2)],
    "eight threads": [(HOURS, 8)],
    "hour by hour": [([hour], 1) for hour in HOURS],
    "backwards": [(HOURS[::-1], 2)],
    "two ranges": [(HOURS[:3], 2), (HOURS[3:], 1)],
    "ranges that overlap": [(HOURS[1:], 2), (HOURS[:3], 2)],
}


@pytest.mark.parametrize("way", WAYS)
def test_any_split_into_runs_gives_the_same_bytes(lake: Path, reference: Files, way: str) -> None:
    filled(lake)
    for hours, threads in WAYS[way]:
        clean_hours(lake, hours, threads)
    assert cleaned_files(lake) == reference


def test_any_order_of_arrival_gives_the_same_bytes(
    tmp_path: Path, reference: Files, full: bool, figure: Callable[[str, float], None]
) -> None:
    """Cleaned after each arrival, as by ticks, or later."""
    tried = 40 if full else 4
    for seed in range(tried):
        shuffle = random.Random(seed)  # noqa: S311 - not a secret
        store = FolderStore(tmp_path / str(seed))
        for item in shuffle.sample(OBJECTS, len(OBJECTS)):
            filled(store.root, [item])
            if shuffle.random() < 0.5:
                rebuild_hour(store, folder_hour(item.key))
        clean_hours(store.root, shuffle.sample(HOURS, len(HOURS)), 2)
        assert cleaned_files(store.root) == reference, seed
    figure("orders of arrival", tried)


def folder_hour(key: str) -> datetime:
    """The hour of the folder that contains an object."""
    return next(hour for hour in HOURS if key.startswith(hour_prefix("raw", hour)))


def test_order_of_a_listing_does_not_matter(full: bool, figure: Callable[[str, float], None]) -> None:
    """Tables, rejects, reasons and digests are the same for an unsorted listing."""
    objects = [item._replace(hash=str(n)) for n, item in enumerate(OBJECTS) if folder_hour(item.key) == HOUR]
    orders = [random.Random(seed).sample(objects, len(objects)) for seed in range(300 if full else 20)]  # noqa: S311 - not a secret
    outcomes = set()
    for order in [objects, objects[::-1], *orders]:
        clean = clean_hour(HOUR, order)
        outcomes.add(
            (encode_clean(clean), encode_rejects(clean), str(clean.summary.quarantined), clean.summary.drift)
        )
    assert len(outcomes) == 1
    figure("orders of a listing", len(orders) + 2)


@pytest.mark.parametrize("count", [2, 4])
def test_several_processes_give_the_same_bytes(lake: Path, reference: Files, count: int) -> None:
    """Each cleans a share of the hours, which overlaps with another's."""
    filled(lake)
    shares = [[*HOURS[n:], *HOURS[:n]][:3] for n in range(count)]
    workers = [started(clean_hours, lake, share, 1 + n % 2) for n, share in enumerate(shares)]
    for worker in workers:
        worker.join()
    assert [worker.exitcode for worker in workers] == [0] * count
    clean_hours(lake, sorted(set(HOURS).difference(*shares)), 1)
    assert cleaned_files(lake) == reference


ELSEWHERE = """
import sys
from pathlib import Path
from velib_assets.lake.keys import parse_hour
from velib_assets_tests.guarantees.writers import clean_hours
clean_hours(Path(sys.argv[1]), [parse_hour(text) for text in sys.argv[2:]], 2)
"""


def test_another_environment_gives_the_same_bytes(lake: Path, reference: Files) -> None:
    """Another time zone, hash seed, locale and working directory."""
    filled(lake)
    env = {"TZ": "America/St_Johns", "PYTHONHASHSEED": "4711", "LC_ALL": "C", "PYTHONUTF8": "0"}
    subprocess.run(
        [sys.executable, "-c", ELSEWHERE, lake, *map(hour_text, HOURS)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), **env},
        cwd=lake.parent,
        check=True,
    )
    assert cleaned_files(lake) == reference


def test_existing_files_do_not_matter(lake: Path, reference: Files) -> None:
    """Damaged or older tables, outdated rejects, files that the first version appended."""
    store = filled(lake, OBJECTS[:3])
    clean_hours(lake, HOURS[:1], 1)
    for hour in HOURS[1:]:
        store.create(clean_key(hour), b"not Parquet")
        store.create(rejects_key(hour), b"stale")
        store.create(hour_prefix("clean", hour) + "part-0001.snappy.parquet", b"appended")
    filled(lake, OBJECTS)
    clean_hours(lake, HOURS, 2)
    assert cleaned_files(lake) == reference


def test_hours_are_independent(tmp_path: Path, reference: Files) -> None:
    """Each hour gives the same bytes alone in its own lake."""
    for hour in HOURS:
        store = filled(
            tmp_path / hour_text(hour), [item for item in OBJECTS if folder_hour(item.key) == hour]
        )
        clean_hours(store.root, [hour], 1)
        folder = hour_prefix("", hour)
        assert cleaned_files(store.root) == {name: data for name, data in reference.items() if folder in name}
