"""The layer `source_velib`: the catalog table, one partition an hour.

Belongs here: registering clean files and what is told of them. Does not: the catalog (resources.catalog).
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

import dagster as dg
import pyarrow as pa

from velib_assets.assets.hourly import Outcome, hourly_asset
from velib_assets.core import findings
from velib_assets.core.clean.measure import schema_differences
from velib_assets.core.layout import clean_key
from velib_assets.core.schema import DATABASE, TABLE
from velib_assets.resources.catalog import Catalog, CatalogError, Partition
from velib_assets.runtime.clean_job import footer_of
from velib_assets.runtime.store import LakeStore

DESCRIPTION = """\
The table `source_velib`, one row a station and snapshot, partitioned by `date` and `hour` (UTC): what the
KPI views read. Registering an hour is idempotent.
"""


def register_hours(context: dg.OpExecutionContext, hours: Sequence[datetime]) -> Iterator[Outcome]:
    """Register each hour's clean file as a partition of the table."""
    store: LakeStore = context.resources.lake
    catalog: Catalog = context.resources.catalog
    for hour in hours:
        try:
            yield _register(store, catalog, hour)
        except FileNotFoundError:
            yield Outcome(hour, None, {}, f"there is no clean file {store.address(clean_key(hour))}")
        except (OSError, pa.ArrowInvalid, CatalogError) as error:
            yield _trouble(hour, str(error))


def _register(store: LakeStore, catalog: Catalog, hour: datetime) -> Outcome:
    key = clean_key(hour)
    with store.open(key) as source:
        differences = schema_differences(source)
        size = source.seek(0, 2)
    footer = footer_of(store, hour)
    if differences or footer is None:
        return _trouble(hour, "; ".join(differences) or f"{store.address(key)} is not a clean file")
    catalog.register([Partition(hour, key, footer.rows, size, footer.digest)])
    metadata = {
        "dagster/row_count": footer.rows,
        "bytes": size,
        "dagster/table_name": f"{DATABASE}.{TABLE}",
        "location": dg.MetadataValue.path(store.address(key)),
    }
    found = {"table_schema": findings.table_schema([])}
    return Outcome(hour, metadata, found, f"{footer.rows:,} rows registered")


def _trouble(hour: datetime, words: str) -> Outcome:
    return Outcome(hour, None, {"table_schema": findings.table_schema([], words)}, words)


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
