"""Verifies hours of the lake layer by layer: raw, clean file, rejects and partition; and the register."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Iterator, List, NamedTuple, Optional, Sequence, Tuple

import pyarrow as pa
import pyarrow.parquet as pq

from velib_assets.catalog.catalog import DAMAGED, Partition
from velib_assets.catalog.clean_hashes import (
    MISSING,
    OUTDATED,
    REPLACED,
    cannot_be_decoded,
    check_clean_file,
    raise_unless_of_disk,
    read_or_problem,
    repair_of,
)
from velib_assets.clean.clean_file import read_footer
from velib_assets.clean.observed import current_digest
from velib_assets.history.backfill_advice import backfill_command
from velib_assets.ingest.raw_object import open_raw
from velib_assets.ingest.response import UnusableError
from velib_assets.lake.keys import (
    STATIONS_KEY,
    clean_key,
    hour_prefix,
    hour_text,
    raw_time,
    rejects_key,
)
from velib_assets.lake.listing import has_usable_raw, hour_range, raw_objects, utc_now
from velib_assets.lake.network import KEY
from velib_assets.lake.raw_pack import DamagedPackError
from velib_assets.lake.store import LakeStore
from velib_assets.stations.register import Register
from velib_assets.stations.register_file import decode_register

_IN_PROGRESS = timedelta(minutes=2)  # a snapshot that arrived since then may not be cleaned yet


class Damage(NamedTuple):
    """A damaged or missing object: its layer, its address, what is wrong and what repairs it."""

    layer: str
    address: str
    problem: str
    repair: str

    def __str__(self) -> str:
        return f"{self.layer}: {self.address}: {self.problem}. {self.repair}"


def verify_hour(
    store: LakeStore, hour: datetime, part: Optional[Partition], register: Optional[Register]
) -> Tuple[List[Damage], str]:
    """Verify all layers of an hour.

    Without a register, an hour that it completed is not checked for being current.

    Raises:
        OSError: a request to S3 failed, which says nothing about a file.

    Returns:
        The damage, and what the catalog should have as the hash of the clean file: its hash, or DAMAGED;
        empty if there is nothing to change.
    """
    listing, damage = _verify_raw(store, hour)
    is_usable = has_usable_raw(store, hour, [key for key, _ in listing])
    repair = repair_of(hour) if is_usable else _NO_RAW
    key = clean_key(hour)
    files = [item.key for item in store.list(hour_prefix("clean", hour))]
    text = "it is no clean file of this hour, and Athena would read it too"
    damage += [Damage("clean", store.address(other), text, repair) for other in files if other != key]
    damage += _damaged_rejects(store, hour, repair)
    if part is None:
        if key in files:
            damage.append(Damage("catalog", store.address(key), "the hour is not registered", repair))
        elif is_usable and not _in_progress(listing):
            damage.append(Damage("clean", store.address(key), MISSING, repair))
        return damage, ""
    check = check_clean_file(store, part, register)
    problem = check.problem
    if problem in (REPLACED, OUTDATED) and _in_progress(listing):
        return damage, ""
    if not problem and not _in_progress(listing) and not (part.completed and register is None):
        problem = _outdated(store, hour, listing, register or Register())
    if problem:
        damage.append(Damage("clean", store.address(key), problem, repair))
    if problem in (MISSING, REPLACED, OUTDATED) and not check.sha256:
        return damage, ""
    sha256 = check.sha256 or DAMAGED
    return damage, sha256 if sha256 != part.sha256 else ""


def _verify_raw(store: LakeStore, hour: datetime) -> Tuple[List[Tuple[str, str]], List[Damage]]:
    """Return the (key, hash) pairs of an hour's raw objects, and those that cannot be read."""
    listing: List[Tuple[str, str]] = []
    damage: List[Damage] = []
    try:
        objects = raw_objects(store, hour)
    except DamagedPackError as error:
        return [], [Damage("raw", error.path, error.problem, _REPLACE_PACK)]
    for item in objects:
        try:
            digest, data = store.fetch(item.key)
            listing.append((item.key, digest))
            open_raw(data)
        except FileNotFoundError:  # discarded since it was listed
            continue
        except DamagedPackError as error:
            listing.append((item.key, store.hash(item)))  # the clean file may still be current
            repair = f"{_REPLACE_PACK}. Without one: {_replace_raw(hour, item.key)}"
            damage.append(Damage("raw", error.path, error.problem, repair))
        except OSError as error:
            raise_unless_of_disk(error)
            repair = _UNREADABLE if isinstance(error, PermissionError) else _replace_raw(hour, item.key)
            damage.append(Damage("raw", store.address(item.key), str(error), repair))
        except UnusableError as error:
            damage.append(Damage("raw", store.address(item.key), str(error), _replace_raw(hour, item.key)))
    return listing, damage


def _outdated(
    store: LakeStore, hour: datetime, listing: Sequence[Tuple[str, str]], register: Register
) -> str:
    """Return why a sound clean file is not current; empty if it is, or if the hour has no raw any more."""
    with store.open(clean_key(hour)) as source:
        footer = read_footer(source)
    if (
        not listing
        or footer is None
        or footer.digest == current_digest(store, hour, listing, footer, register)
    ):
        return ""
    return OUTDATED


def _damaged_rejects(store: LakeStore, hour: datetime, repair: str) -> Iterator[Damage]:
    key = rejects_key(hour)
    data, problem = read_or_problem(store, key)
    if problem == MISSING:
        return
    if problem:
        yield Damage("rejects", store.address(key), problem, repair)
        return
    try:
        pq.ParquetFile(pa.BufferReader(data)).read(use_threads=False)
    except (pa.ArrowException, OSError, ValueError) as error:
        yield Damage("rejects", store.address(key), cannot_be_decoded(error), repair)


def _in_progress(listing: Sequence[Tuple[str, str]]) -> bool:
    times = [taken for key, _ in listing if (taken := raw_time(key))]
    return bool(times) and utc_now() - max(times) < _IN_PROGRESS


def _replace_raw(hour: datetime, key: str) -> str:
    text = hour_text(hour)
    discard = f"velib discard {text} {text} --snapshot {key} --reason damaged"
    return f"Run `{discard}`, then `velib backfill {text} {text}` to load another copy, if there is one"


_UNREADABLE, _REPLACE_PACK = "Make it readable", "Replace the pack from a backup"
_NO_RAW = (
    "No usable raw snapshot is left to rebuild it: load one with VELIB_SOURCE=archive and `velib backfill`"
)


def register_problem(store: LakeStore) -> Optional[Damage]:
    """Return what is wrong with the file of the station register; None if nothing is."""
    span = hour_range(store, "clean")
    if span is None:
        return None
    data, problem = read_or_problem(store, STATIONS_KEY)
    if not problem:
        if decode_register(data) is not None:
            return None
        problem = "it is damaged"
    command = backfill_command(store, *(hour.date() for hour in span))  # lists raw
    repair = f"Run `{command}`; the sensor {KEY}_healing builds it again too"
    return Damage("stations", store.address(STATIONS_KEY), problem, repair)
