"""Compares clean files with their hashes in the catalog, and keeps damaged ones from being registered.

DuckDB and Arrow ignore damage that leaves a file readable, therefore a hash is needed.
"""

from __future__ import annotations

import hashlib
import io
import re
from contextlib import suppress
from datetime import datetime
from typing import Any, Dict, Iterable, NamedTuple, Optional, Sequence

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
OTHER_BYTES = "its bytes are not those that were registered (another SHA-256)"
_WRITER = re.compile(r"parquet-cpp-arrow version \d+\.\d+\.\d+")


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
        problem = OTHER_BYTES
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


def _is_rebuilt_elsewhere(store: LakeStore, part: Partition) -> bool:
    """Return whether another version of pyarrow wrote the rows that the hour's raw gives now."""
    rebuilt = _rebuilt(store, part.hour, None)
    if not rebuilt:
        return False
    ours, theirs = (pq.ParquetFile(io.BytesIO(data)) for data in (rebuilt, store.read(part.key)))
    writer = theirs.metadata.created_by
    is_elsewhere = _WRITER.fullmatch(writer) and writer != ours.metadata.created_by
    return bool(is_elsewhere and _content(theirs) == _content(ours) and theirs.read().equals(ours.read()))


def _content(file: pq.ParquetFile) -> Any:  # noqa: ANN401 - of two files, to be compared
    """Return the footer `velib` and the statistics of a file."""
    groups = [file.metadata.row_group(number).to_dict() for number in range(file.num_row_groups)]
    statistics = [column["statistics"] for group in groups for column in group["columns"]]
    return dict(file.metadata.metadata or {}), statistics


def refused(store: LakeStore, catalog: Catalog, parts: Sequence[Partition]) -> Dict[datetime, str]:
    """Return why hours must not be registered: their file was damaged after it was registered.

    Registering would make the damaged bytes the expected ones. A file that another version of pyarrow wrote,
    as the cleaner on AWS may have, is compared by its rows instead of its bytes.
    """
    known = {part.hour: part for part in catalog.partitions([part.hour for part in parts])}
    problems = {}
    for part in parts:
        before = known.get(part.hour)
        if before is None or before.sha256 in ("", part.sha256) or before.digest != part.digest:
            continue
        problem = check_clean_file(store, before).problem
        if problem and not (problem == OTHER_BYTES and _is_rebuilt_elsewhere(store, part)):
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


def repair_of(hour: datetime) -> str:
    """Return the command that rebuilds an hour from raw."""
    return f"Run `velib backfill {hour_text(hour)} {hour_text(hour)}`"
