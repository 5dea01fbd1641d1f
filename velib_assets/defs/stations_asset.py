"""The asset `stations`: the register of what each station was called, where it was and how large."""

from collections.abc import Iterator, Sequence
from datetime import datetime

import dagster as dg

from velib_assets.catalog.catalog import Catalog, CatalogError
from velib_assets.clean.observed import sights_in
from velib_assets.defs.checks import open_stations
from velib_assets.defs.graphs import columns_of
from velib_assets.defs.hourly import HourOutcome, hourly_asset, hours_of
from velib_assets.lake.keys import HOUR, STATIONS_KEY
from velib_assets.lake.schema import DATABASE, STATION_COLUMNS, STATIONS
from velib_assets.lake.store import LakeStore
from velib_assets.query.engine import QueryEngine, QueryError
from velib_assets.stations.register import Register
from velib_assets.stations.register_file import BusyRegisterError, update_register
from velib_assets.stations.sights import milliseconds_of

BATCH = 240  # hours between two writes of the register


@hourly_asset(
    upstream="clean_stations",
    group_name="lake",
    kinds={"parquet", "table"},
    metadata=columns_of(STATION_COLUMNS),
)
def stations(
    context: dg.OpExecutionContext,
    lake: dg.ResourceParam[LakeStore],
    catalog: dg.ResourceParam[Catalog],
    query_engine: dg.ResourceParam[QueryEngine],
) -> Iterator[HourOutcome]:
    """The station register: one row per station and stretch of time in which its description was the same.

    Cleaning an hour already adds it to the register. This asset adds the hours that are missing, for example
    those of a lake from before the register. The table is `stations`; the view `station_events` lists what
    opened, closed, moved, was renamed or resized.
    """
    hours = hours_of(context)
    for start in range(0, len(hours), BATCH):
        yield from _learn_and_declare(lake, catalog, query_engine, hours[start : start + BATCH])


def _learn_and_declare(
    store: LakeStore, catalog: Catalog, engine: QueryEngine, hours: Sequence[datetime]
) -> list[HourOutcome]:
    """Add the hours to the register, and keep its table and view in the catalog as declared."""
    try:
        outcomes = list(learn_hours(store, hours))
        catalog.declare_tables()
        engine.define_station_events()
    except (OSError, CatalogError, BusyRegisterError, QueryError) as error:
        return [HourOutcome(hour, None, {}, str(error)) for hour in hours]
    return outcomes


def learn_hours(store: LakeStore, hours: Sequence[datetime]) -> Iterator[HourOutcome]:
    """Add the hours to the register that it lacks, from their clean files."""

    def learn(register: Register) -> bool:
        missing = (sights_in(store, hour) for hour in hours if not register.has(hour))
        changes = [
            register.learn(sights, lambda hour: sights_in(store, hour)) for sights in missing if sights
        ]
        return any(changes)

    register = update_register(store, learn).register
    for hour in hours:
        if not register.has(hour):
            yield HourOutcome(hour, None, {}, "the hour has no clean file")
            continue
        end = milliseconds_of(hour + HOUR) - 1
        count, before = register.open_at(end), register.open_at(milliseconds_of(hour - 23 * HOUR) - 1)
        metadata = {
            "open_stations": count,
            "stations_changed": register.changed_between(milliseconds_of(hour) - 1, end),
            "dagster/table_name": f"{DATABASE}.{STATIONS}",
            "file": dg.MetadataValue.path(store.address(STATIONS_KEY)),
        }
        checked = {"open_stations": open_stations(count, before)}
        yield HourOutcome(hour, metadata, checked, checked["open_stations"].message)
