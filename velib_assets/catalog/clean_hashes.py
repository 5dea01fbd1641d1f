"""Compares clean files with their hashes in the catalog, and keeps damaged ones from being registered.

DuckDB and Arrow ignore damage that leaves a file readable, therefore a hash is needed.
"""

from __future__ import annotations

import hashlib
import io
import re
from contextlib import suppress
from datetime import datetime
from typing import Any, Dict, Iterable, List, Mapping, NamedTuple, Optional, Sequence, Tuple

import pyarrow as pa
import pyarrow.parquet as pq

from velib_assets.catalog.catalog import DAMAGED, Catalog, CatalogError, Partition
from velib_assets.clean.clean_file import encode_clean, read_footer, schema_differences
from velib_assets.clean.hour import RawObject, clean_hour
from velib_assets.lake.keys import hour_text, state_key
from velib_assets.lake.listing import raw_objects
from velib_assets.lake.store import Change, LakeStore
from velib_assets.stations.register import Register
from velib_assets.stations.register_file import load_or_empty

MISSING = "it does not exist"
REPLACED = "it is another file than the registered one"
OUTDATED = "raw, or the descriptions of its stations, have changed since it was built"
_DIFFERENT = "its bytes are not those that were registered (another SHA-256)"
_WRITER = re.compile(r"parquet-cpp-arrow version \d+\.\d+\.\d+")


class CleanCheck(NamedTuple):
    """What verifying a clean file found: the problem, or the file's hash if there is none."""

    problem: str
    sha256: str = ""


def check_clean_file(store: LakeStore, part: Partition, register: Optional[Register] = None) -> CleanCheck:
    """Compare a registered clean file with its hash; without a hash, decode all of it.

    A file with another hash is no problem if cleaning its raw now gives the same bytes, or the same content
    if another version of pyarrow wrote it.

    Raises:
        OSError: a request to S3 failed, which says nothing about the file.
    """
    data, problem = read_or_problem(store, part.key)
    if problem:
        return CleanCheck(problem)
    sha256 = hashlib.sha256(data).hexdigest()
    if part.sha256 == sha256:
        return CleanCheck("", sha256)
    problem = _undecodable(data, part)
    if part.sha256 and not problem:
        problem = _difference_from_raw(store, part, data, register)
    return CleanCheck(problem, "" if problem else sha256)


def read_or_problem(store: LakeStore, key: str) -> Tuple[bytes, str]:
    """Return a file's bytes and "", or no bytes and why it cannot be read.

    Raises:
        OSError: a request to S3 failed, which says nothing about the file.
    """
    try:
        return store.read(key), ""
    except FileNotFoundError:
        return b"", MISSING
    except OSError as error:
        raise_unless_of_disk(error)
        return b"", f"it cannot be read ({error})"


def raise_unless_of_disk(error: OSError) -> None:
    """Raise an error that says nothing about a file, such as that of a failed request to S3."""
    if error.errno is None:
        raise error


def cannot_be_decoded(error: Exception) -> str:
    """Return the problem of a file that Arrow cannot decode, in one line."""
    return f"it cannot be decoded ({' '.join(str(error).split())[:120]})"


def _undecodable(data: bytes, part: Partition) -> str:
    """Return why bytes are not the whole clean file of a partition; empty if they may be."""
    try:
        differences, footer = schema_differences(io.BytesIO(data)), read_footer(io.BytesIO(data))
        rows = pq.ParquetFile(pa.BufferReader(data)).read(use_threads=False)
        rows.validate(full=True)
    except (pa.ArrowException, OSError, ValueError) as error:
        return cannot_be_decoded(error)
    if differences or footer is None:
        return "; ".join(differences) or "it has no footer of a clean file"
    if part.digest and footer.digest != part.digest:
        return REPLACED
    if part.digest and rows.num_rows != part.rows:
        return f"it has {rows.num_rows} rows instead of {part.rows}"
    return ""


def _difference_from_raw(store: LakeStore, part: Partition, data: bytes, register: Optional[Register]) -> str:
    """Return how a clean file differs from what cleaning its raw gives now; empty if it does not."""
    try:
        raws = [RawObject(item.key, *store.fetch(item.key)) for item in raw_objects(store, part.hour)]
        known = load_or_empty(store).register if register is None else register
        clean = clean_hour(part.hour, raws, known) if raws else None
    except FileNotFoundError:  # discarded since it was listed
        return OUTDATED
    except OSError as error:
        raise_unless_of_disk(error)
        return _DIFFERENT
    if clean is None or not clean.summary.snapshots:
        return _DIFFERENT
    rebuilt = encode_clean(clean)
    if data == rebuilt or _same_by_another_version(data, rebuilt):
        return ""
    return OUTDATED if part.digest != clean.summary.digest else _DIFFERENT


def _same_by_another_version(data: bytes, rebuilt: bytes) -> bool:
    """Return whether another version of pyarrow wrote what readers use of a rebuilt file.

    That is its rows, its footer, and the statistics by which they skip it.
    """
    try:
        (writer, *content), (own_writer, *own) = _parts_of(data), _parts_of(rebuilt)
    except (pa.ArrowException, OSError, ValueError):
        return False
    return bool(_WRITER.fullmatch(writer)) and writer != own_writer and content == own


def _parts_of(data: bytes) -> List[Any]:
    source = pq.ParquetFile(pa.BufferReader(data))
    footer = source.metadata
    groups = [footer.row_group(number) for number in range(footer.num_row_groups)]
    columns = [group.column(number) for group in groups for number in range(group.num_columns)]
    statistics = [column.statistics and column.statistics.to_dict() for column in columns]
    return [footer.created_by, source.read(), footer.metadata, statistics]


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
        problem = check_clean_file(store, before).problem
        if problem and problem != OUTDATED:  # an outdated hour is cleaned again anyway
            problems[part.hour] = f"{store.address(part.key)} is damaged: {problem}. {repair_of(part.hour)}"
    return problems


def record_hashes(catalog: Catalog, hashes: Mapping[Partition, str]) -> None:
    """Record the hash of each file, unless its hour was registered again since the partition was read."""
    known = [part for part in catalog.partitions([part.hour for part in hashes]) if part in hashes]
    if changed := [part._replace(sha256=hashes[part]) for part in known if part.digest]:  # not of a crawler
        catalog.register(changed)


def mark_damaged(
    store: LakeStore, catalog: Catalog, parts: Iterable[Partition], views: Iterable[str] = ()
) -> None:
    """Record that clean files are damaged, and forget the cached states of views, which may be wrong.

    A rebuilt file has the digest of the damaged one, so nothing else would show that a state is wrong.
    """
    damaged = dict.fromkeys(parts, DAMAGED)
    with suppress(OSError, CatalogError):  # the lake may be read-only
        record_hashes(catalog, damaged)
        for view in views if damaged else ():
            store.publish([Change(state_key(view), b"{}")], lambda: True)


def repair_of(hour: datetime) -> str:
    """Return the command that rebuilds an hour from raw."""
    return f"Run `velib backfill {hour_text(hour)} {hour_text(hour)}`"
