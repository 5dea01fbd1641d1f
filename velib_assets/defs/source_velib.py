"""The asset of the catalog table, `source_velib` or `source_<network>`, with one partition per hour."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import datetime

import dagster as dg
import pyarrow as pa

from velib_assets.catalog.catalog import Catalog, CatalogError, Partition
from velib_assets.catalog.clean_hashes import refused
from velib_assets.catalog.registration import NotCleanError, hashed_partition_of, register_until_stable
from velib_assets.defs import checks
from velib_assets.defs.graphs import table_schema
from velib_assets.defs.hourly import HourOutcome, hourly_asset, hours_of
from velib_assets.lake.keys import clean_key
from velib_assets.lake.schema import DATABASE, TABLE
from velib_assets.lake.store import LakeStore
from velib_assets.lake.text import counted

_ONLY = "The clean file is complete, only its registration failed; healing repeats it"
BATCH = 100  # hours per call: the most that Glue accepts


@hourly_asset(
    name=TABLE,
    upstream="clean_stations",
    group_name="lake",
    kinds={"table", "sql"},
    metadata=table_schema(),
)
def source_velib(
    context: dg.OpExecutionContext, lake: dg.ResourceParam[LakeStore], catalog: dg.ResourceParam[Catalog]
) -> Iterator[HourOutcome]:
    """The table `source_velib`: one row per station per snapshot, partitioned by `date` and `hour` (UTC).

    The KPI views read it. Registering an hour again changes nothing.
    """
    hours = hours_of(context)
    with suppress(OSError, CatalogError):  # registering reports it
        catalog.prepare(hours)
    for start in range(0, len(hours), BATCH):
        yield from _register(lake, catalog, hours[start : start + BATCH])


def _register(store: LakeStore, catalog: Catalog, hours: Sequence[datetime]) -> Iterator[HourOutcome]:
    """Register the clean files of these hours as partitions, in one call."""
    parts: list[Partition] = []
    for hour in hours:
        try:
            parts.append(hashed_partition_of(store, hour))
        except FileNotFoundError:
            missing = f"the clean file {store.address(clean_key(hour))} does not exist"
            yield HourOutcome(hour, None, {}, missing)
        except (OSError, pa.ArrowInvalid, NotCleanError) as error:
            yield _failed(hour, error)
    try:
        damaged = refused(store, catalog, parts)
        yield from (_failed(hour, NotCleanError(problem)) for hour, problem in damaged.items())
        parts = [part for part in parts if part.hour not in damaged]
        register_until_stable(store, parts, catalog.register)
    except (OSError, CatalogError, pa.ArrowInvalid, NotCleanError) as error:
        problem = str(error).rstrip(".")
        yield from (_failed(part.hour, CatalogError(f"{problem}. {_ONLY}")) for part in parts)
    else:
        for part in parts:
            metadata = {
                "dagster/row_count": part.rows,
                "bytes": part.bytes,
                "dagster/table_name": f"{DATABASE}.{TABLE}",
                "location": dg.MetadataValue.path(store.address(part.key)),
            }
            checked = {"table_schema": checks.table_schema()}
            yield HourOutcome(part.hour, metadata, checked, f"{counted(part.rows, 'row')} registered")


def _failed(hour: datetime, error: Exception) -> HourOutcome:
    return HourOutcome.failed(hour, "table_schema", checks.table_schema(str(error)))
