"""The layer `source_velib`: the catalog table, one partition an hour.

Belongs here: registering clean files and what is told of them. Does not: the catalog (resources.catalog).
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

import dagster as dg
import pyarrow as pa

from velib_assets.catalog.catalog import Catalog, CatalogError, Partition
from velib_assets.catalog.registration import NotCleanError, partition_of, register_until_stable
from velib_assets.defs import findings
from velib_assets.defs.hourly import HourOutcome, hourly_asset
from velib_assets.lake.keys import clean_key
from velib_assets.lake.schema import DATABASE, TABLE
from velib_assets.lake.store import LakeStore

BATCH = 100  # hours in one call: what Glue takes at once

DESCRIPTION = """\
The table `source_velib`, one row a station and snapshot, partitioned by `date` and `hour` (UTC): what the
KPI views read. Registering an hour is idempotent.
"""


def register_hours(context: dg.OpExecutionContext, hours: Sequence[datetime]) -> Iterator[HourOutcome]:
    """Register each hour's clean file as a partition of the table, many in one call."""
    for start in range(0, len(hours), BATCH):
        yield from _register(context.resources.lake, context.resources.catalog, hours[start : start + BATCH])


def _register(store: LakeStore, catalog: Catalog, hours: Sequence[datetime]) -> Iterator[HourOutcome]:
    parts: list[Partition] = []
    for hour in hours:
        try:
            parts.append(partition_of(store, hour))
        except FileNotFoundError:
            yield HourOutcome(hour, None, {}, f"there is no clean file {store.address(clean_key(hour))}")
        except (OSError, pa.ArrowInvalid, NotCleanError) as error:
            yield _trouble(hour, str(error))
    try:
        register_until_stable(store, parts, catalog.register)
    except (OSError, CatalogError, pa.ArrowInvalid, NotCleanError) as error:
        yield from (_trouble(part.hour, str(error)) for part in parts)
    else:
        yield from (_registered(store, part) for part in parts)


def _registered(store: LakeStore, part: Partition) -> HourOutcome:
    metadata = {
        "dagster/row_count": part.rows,
        "bytes": part.bytes,
        "dagster/table_name": f"{DATABASE}.{TABLE}",
        "location": dg.MetadataValue.path(store.address(part.key)),
    }
    found = {"table_schema": findings.table_schema([])}
    return HourOutcome(part.hour, metadata, found, f"{part.rows:,} rows registered")


def _trouble(hour: datetime, words: str) -> HourOutcome:
    return HourOutcome(hour, None, {"table_schema": findings.table_schema([], words)}, words)


def source_velib_asset(**attributes: Any) -> dg.AssetsDefinition:  # noqa: ANN401 - of the asset
    """The asset."""
    return hourly_asset(
        register_hours,
        name="source_velib",
        upstream="clean_stations",
        resources={"lake", "catalog"},
        group_name="lake",
        description=DESCRIPTION,
        kinds={"table", "sql"},
        **attributes,
    )
