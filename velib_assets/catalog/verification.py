"""Verifies hours of the lake layer by layer: raw, clean file, rejects and partition.

DuckDB and Arrow ignore damage that leaves a file readable, so a clean file is compared with its hash in the
catalog.
"""

from __future__ import annotations

import hashlib
import io
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Dict, Iterable, Iterator, List, NamedTuple, Optional, Sequence, Tuple

import pyarrow as pa
import pyarrow.parquet as pq

from velib_assets.catalog.catalog import DAMAGED, Catalog, CatalogError, Partition
from velib_assets.clean.clean_file import encode_clean, read_footer, schema_differences
from velib_assets.clean.hour import RawObject, clean_hour
from velib_assets.clean.observed import current_digest
from velib_assets.ingest.raw_object import open_raw
from velib_assets.ingest.response import UnusableError
from velib_assets.lake.keys import (
    STATIONS_KEY,
    clean_key,
    hour_prefix,
    hour_text,
    raw_time,
    rejects_key,
    state_key,
)
from velib_assets.lake.listing import has_usable_raw, hour_range, raw_objects, utc_now
from velib_assets.lake.store import Change, LakeStore
from velib_assets.stations.register import Register
from velib_assets.stations.register_file import decode_register, load_or_empty

_IN_PROGRESS = timedelta(minutes=2)  # a snapshot that arrived since then may not be cleaned yet
MISSING = "it does not exist"
REPLACED = "it is another file than the registered one"


class Damage(NamedTuple):
    """A damaged or missing object: its layer, its address, what is wrong and what repairs it."""

    layer: str
    address: str
    problem: str
    repair: str

    def __str__(self) -> str:
        return f"{self.layer}: {self.address}: {self.problem}. {self.repair}"


class CleanCheck(NamedTuple):
    """What verifying a clean file found: the problem, or the file's hash if there is none."""

    problem: str
    sha256: str = ""


def check_clean_file(store: LakeStore, part: Partition, register: Optional[Register] = None) -> CleanCheck:
    """Compare a registered clean file with its hash; without a hash, decode all of it.

    A file with another hash is no problem if cleaning its raw now gives the same bytes: another version of
    pyarrow wrote it.
    """
    try:
        data = store.read(part.key)
    except FileNotFoundError:
        return CleanCheck(MISSING)
    except OSError as error:
        return CleanCheck(f"it cannot be read ({error})")
    sha256 = hashlib.sha256(data).hexdigest()
    if part.sha256 == sha256:
        return CleanCheck("", sha256)
    problem = _undecodable(data, part)
    if part.sha256 and not problem and data != _rebuilt(store, part.hour, register):
        problem = "its bytes are not those that were registered (another SHA-256)"
    return CleanCheck(problem, "" if problem else sha256)


def _undecodable(data: bytes, part: Partition) -> str:
    """Return why bytes are not the whole clean file of a partition; empty if they may be."""
    try:
        differences, footer = schema_differences(io.BytesIO(data)), read_footer(io.BytesIO(data))
        rows = pq.read_table(io.BytesIO(data))
        rows.validate(full=True)
    except (pa.ArrowException, OSError, ValueError) as error:
        return f"it cannot be decoded ({' '.join(str(error).split())[:120]})"
    if differences or footer is None:
        return "; ".join(differences) or "it has no footer of a clean file"
    if part.digest and footer.digest != part.digest:
        return REPLACED
    if part.digest and rows.num_rows != part.rows:
        return f"it has {rows.num_rows} rows instead of {part.rows}"
    return ""


def _rebuilt(store: LakeStore, hour: datetime, register: Optional[Register]) -> bytes:
    """Return the clean file that the hour's raw gives now; empty if raw cannot be read or used."""
    try:
        raws = [RawObject(item.key, *store.fetch(item.key)) for item in raw_objects(store, hour)]
        known = load_or_empty(store).register if register is None else register
        clean = clean_hour(hour, raws, known) if raws else None
    except OSError:
        return b""
    return encode_clean(clean) if clean and clean.summary.snapshots else b""


def refused(store: LakeStore, catalog: Catalog, parts: Sequence[Partition]) -> Dict[datetime, str]:
    """Return why hours must not be registered: their file was damaged after it was registered.

    Registering would make the damaged bytes the expected ones.
    """
    known = {part.hour: part for part in catalog.partitions([part.hour for part in parts])}
    problems = {}
    for part in parts:
        before = known.get(part.hour)
        if before is None or before.sha256 in ("", part.sha256) or before.digest != part.digest:
            continue
        if problem := check_clean_file(store, before).problem:
            problems[part.hour] = f"{store.address(part.key)} is damaged: {problem}. {repair_of(part.hour)}"
    return problems


def mark_damaged(
    store: LakeStore, catalog: Catalog, parts: Iterable[Partition], views: Iterable[str] = ()
) -> None:
    """Record that clean files are damaged, and forget the cached states of views, which may be wrong.

    A rebuilt file has the digest of the damaged one, so nothing else would show that a state is wrong.
    """
    damaged = [part._replace(sha256=DAMAGED) for part in parts if part.digest]
    with suppress(OSError, CatalogError):  # the lake may be read-only
        catalog.register(damaged)
        for view in views if damaged else ():
            store.publish([Change(state_key(view), b"{}")], lambda: True)


def verify_hour(
    store: LakeStore, hour: datetime, part: Optional[Partition], register: Optional[Register]
) -> Tuple[List[Damage], Optional[Partition]]:
    """Verify all layers of an hour.

    Without a register, an hour that it completed is not checked for being current.

    Returns:
        The damage, and the partition as the catalog should have it: with the hash of a sound file that had
        none, or marked as damaged; None if there is nothing to change.
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
        return damage, None
    check = check_clean_file(store, part, register)
    problem = check.problem
    if problem == REPLACED and _in_progress(listing):
        return damage, None
    if not problem and not _in_progress(listing) and not (part.completed and register is None):
        problem = _outdated(store, hour, listing, register or Register())
    if problem:
        damage.append(Damage("clean", store.address(key), problem, repair))
    if problem == MISSING:
        return damage, None
    sha256 = check.sha256 or DAMAGED
    return damage, part._replace(sha256=sha256) if sha256 != part.sha256 else None


def _verify_raw(store: LakeStore, hour: datetime) -> Tuple[List[Tuple[str, str]], List[Damage]]:
    """Return the (key, hash) pairs of an hour's raw objects, and those that cannot be read."""
    listing: List[Tuple[str, str]] = []
    damage: List[Damage] = []
    for item in raw_objects(store, hour):
        try:
            digest, data = store.fetch(item.key)
            listing.append((item.key, digest))
            open_raw(data)
        except (OSError, UnusableError) as error:
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
    return "raw, or the descriptions of its stations, have changed since it was built"


def _damaged_rejects(store: LakeStore, hour: datetime, repair: str) -> Iterator[Damage]:
    key = rejects_key(hour)
    try:
        pq.read_table(io.BytesIO(store.read(key)))
    except FileNotFoundError:
        return
    except (pa.ArrowException, OSError, ValueError) as error:
        text = f"it cannot be decoded ({' '.join(str(error).split())[:120]})"
        yield Damage("rejects", store.address(key), text, repair)


def _in_progress(listing: Sequence[Tuple[str, str]]) -> bool:
    times = [taken for key, _ in listing if (taken := raw_time(key))]
    return bool(times) and utc_now() - max(times) < _IN_PROGRESS


def repair_of(hour: datetime) -> str:
    """Return the command that rebuilds an hour from raw."""
    return f"Run `velib backfill {hour_text(hour)} {hour_text(hour)}`"


def _replace_raw(hour: datetime, key: str) -> str:
    text = hour_text(hour)
    discard = f"velib discard {text} {text} --snapshot {key} --reason damaged"
    return f"Run `{discard}`, then `velib backfill {text} {text}` to load another copy, if there is one"


_NO_RAW = (
    "No usable raw snapshot is left to rebuild it: load one with VELIB_SOURCE=archive and `velib backfill`"
)


def register_problem(store: LakeStore) -> Optional[Damage]:
    """Return what is wrong with the file of the station register; None if nothing is."""
    span = hour_range(store, "clean")
    if span is None:
        return None
    problem = ""
    try:
        if decode_register(store.read(STATIONS_KEY)) is None:
            problem = "it is damaged"
    except FileNotFoundError:
        problem = MISSING
    except OSError as error:
        problem = f"it cannot be read ({error})"
    first, last = map(hour_text, span)
    repair = f"Run `velib backfill {first} {last}`; the sensor velib_healing builds it again too"
    return Damage("stations", store.address(STATIONS_KEY), problem, repair) if problem else None
