"""Verifies the stored daily KPIs: decodes each file, and compares it with its hash."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from datetime import date

import pyarrow as pa
import pyarrow.parquet as pq

from velib_assets.catalog.catalog import Catalog
from velib_assets.catalog.clean_hashes import cannot_be_decoded, read_or_problem
from velib_assets.catalog.verification import Damage
from velib_assets.history.backfill_advice import backfill_of_local_days
from velib_assets.lake.keys import daily_kpi_key
from velib_assets.lake.store import LakeStore
from velib_assets.query.daily_currency import completed_local_days
from velib_assets.query.daily_file import daily_schema, read_daily_footer
from velib_assets.query.daily_kpis import DAILY_KPIS
from velib_assets.query.daily_store import day_digest, history_digests


def verify_daily_kpis(lake: LakeStore, catalog: Catalog, first: date, last: date) -> Iterator[Damage]:
    """Verify the files of the completed local days from `first` to `last`, and yield the damage.

    Raises:
        OSError, CatalogError: The lake or the catalog cannot be read.
    """
    days = [day for day in completed_local_days(lake) if first <= day <= last]
    yield from verify_local_days(lake, catalog, days)


def verify_local_days(lake: LakeStore, catalog: Catalog, days: Iterable[date]) -> Iterator[Damage]:
    """Verify the files of completed local days, and yield the damage.

    Days of other history than there is now are left out: they are outdated, and a run may be storing them.

    Raises:
        OSError, CatalogError: The lake or the catalog cannot be read.
    """
    history = history_digests(catalog)
    for day in days:
        footer = read_daily_footer(lake, daily_kpi_key(DAILY_KPIS[-1].name, day))
        if footer and footer.digest != day_digest(day, history):
            continue
        for key, problem in damaged_daily_files(lake, day):
            repair = f"Run `{backfill_of_local_days(lake, [day])}`"
            yield Damage("daily KPIs", lake.address(key), problem, repair)


def damaged_daily_files(lake: LakeStore, day: date) -> Iterator[tuple[str, str]]:
    """Yield the key of each missing or damaged file of a stored local day, and what is wrong with it.

    The footer of the last file, which completes the day, has the hashes of the others. Its own rows have
    checksums, unless an older version stored them.

    Raises:
        OSError: The lake cannot be read.
    """
    last = daily_kpi_key(DAILY_KPIS[-1].name, day)
    footer = read_daily_footer(lake, last)
    for kpi in DAILY_KPIS:
        key = daily_kpi_key(kpi.name, day)
        data, problem = read_or_problem(lake, key)
        if problem:
            yield key, problem
            continue
        _, sha256 = footer.files.get(kpi.name, (0, "")) if footer else (0, "")
        if sha256 and hashlib.sha256(data).hexdigest() != sha256:
            yield key, "its bytes are not those that were stored (another SHA-256)"
        elif problem := _undecodable(kpi.name, data):
            yield key, problem
        elif key == last and footer is None:
            yield key, "it has no footer of a daily KPI"


def _undecodable(name: str, data: bytes) -> str:
    """Return why bytes are not the rows of a daily KPI; empty if they may be."""
    try:
        columns = daily_schema(name).names
        source = pq.ParquetFile(pa.BufferReader(data), page_checksum_verification=True)
        table = source.read(columns, use_threads=False).select(columns)
        table.validate(full=True)
        table.cast(daily_schema(name))
    except (pa.ArrowException, OSError, KeyError, ValueError) as error:
        return cannot_be_decoded(error)
    return ""
