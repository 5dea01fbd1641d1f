"""The views as a table: the five KPIs, and two that are derived for the report. Each has one .sql file.

Belongs here: names, columns, headline numbers, and rendering of the views' SQL (Athena's dialect).
Does not: running it (resources), the queries that are asked of the views (kpi_queries), or the hours that
their constants name (windows).
"""

from __future__ import annotations

import hashlib
from datetime import datetime
from functools import cache
from importlib.resources import files
from typing import NamedTuple

from velib_assets.lake.schema import COLUMNS, PARTITION_COLUMNS, Column
from velib_assets.query.windows import DAY, FOUR_WEEKS, TWO_HOURS, Window, partition_filter


class Headline(NamedTuple):
    """A number that sums up a view's newest state: `sql` aggregates over the rows of that state."""

    name: str
    sql: str
    description: str


class Kpi(NamedTuple):
    """A view. `order` sorts the rows of one state.

    One with a `window` reads the hours that it names; the others have a `date` and an `hour` to filter by.
    A `kept` one is not asked anew at each tick but where its partitions changed.
    """

    name: str
    grain: str
    schema: tuple[Column, ...]
    headlines: tuple[Headline, ...]
    order: str = "station_id"
    window: Window | None = None
    cached: bool = False

    @property
    def hourly(self) -> bool:
        """Whether its rows belong to one partition each."""
        return self.window is None

    @property
    def columns(self) -> tuple[tuple[str, str, str], ...]:
        """(name, type, description with its unit) in the order that the view gives them."""
        return tuple(
            (c.name, c.type, f"{c.description} ({c.unit})" if c.unit else c.description) for c in self.schema
        )


# bigint beside the types of schema.Column: what Trino and DuckDB count in.
_COUNTED = (
    Column("station_count", "bigint", "Stations in operation", "stations"),
    Column("avg_fill_rate", "double", "Mean of the stations' fill rates", "ratio 0..1"),
    Column("shortage_count", "bigint", "Stations short: renting and without a bike", "stations"),
    Column("saturation_count", "bigint", "Stations saturated: no dock, or at least 90 % full", "stations"),
    Column("shortage_hits", "bigint", "Snapshots of the two hours in which it was short", "snapshots"),
    Column("saturation_hits", "bigint", "Snapshots in which it took bikes back, without a dock", "snapshots"),
    Column("critical_score", "bigint", "2 x short + 2 x without a dock + 1 x at least 90 % full", "points"),
)
_DERIVED = (
    Column("kind", "string", "shortage or saturation"),
    Column("start_ts", "timestamp", "Its first snapshot", "UTC, milliseconds"),
    Column("end_ts", "timestamp", "The first snapshot after it, or where it was last seen", "UTC"),
    Column("minutes", "bigint", "From start to end", "whole minutes"),
    Column("is_open", "boolean", "Still so at the newest snapshot, as far as is known"),
    Column("snapshots", "bigint", "Snapshots that it was seen in", "snapshots"),
    Column("day", "bigint", "ISO day of the week in Paris: Monday is 1", "1..7"),
    Column("mean_fill_rate", "double", "Mean fill rate of stations in operation", "ratio 0..1"),
)
_PARIS_HOUR = Column("hour", "bigint", "Hour of the day in Paris", "0..23")  # not the partition key
_BY_NAME: dict[str, Column] = {c.name: c for c in (*COLUMNS, *PARTITION_COLUMNS, *_COUNTED, *_DERIVED)}


def _columns(names: str) -> tuple[Column, ...]:
    return tuple(_BY_NAME[name] for name in names.split())


_STATION = "ingested_ts station_id name arrondissement bikes docks fill_rate date hour"

KPIS: tuple[Kpi, ...] = (
    Kpi(
        "kpi_taux_remplissage",
        "an installed station whose fill rate is known, at a snapshot",
        _columns(
            "ingested_ts station_id name arrondissement bikes docks capacity fill_rate is_stale date hour"
        ),
        (
            Headline("stations", "count(*)", "Installed stations whose fill rate is known"),
            Headline("mean_fill_rate", "avg(fill_rate)", "Mean of the stations' fill rates"),
            Headline("stale_stations", "count(*) FILTER (WHERE is_stale)", "Of them, silent for 3 hours"),
        ),
    ),
    Kpi(
        "kpi_shortage",
        "a station in operation that rents and has no bike, at a snapshot",
        _columns(_STATION),
        (
            Headline("stations_short", "count(*)", "Stations without a bike"),
            Headline("arrondissements_touched", "count(DISTINCT arrondissement)", "Where they are"),
        ),
    ),
    Kpi(
        "kpi_station_saturation",
        "a station in operation that takes bikes back and is full or nearly so, at a snapshot",
        _columns(_STATION),
        (
            Headline("stations_saturated", "count(*)", "Stations without a dock, or at least 90 % full"),
            Headline("stations_without_dock", "count(*) FILTER (WHERE docks = 0)", "Of them, without a dock"),
        ),
    ),
    Kpi(
        "kpi_saturation_par_arrondissement",
        "an arrondissement (or a commune outside Paris) at a snapshot, over its stations in operation",
        _columns(
            "ingested_ts arrondissement station_count avg_fill_rate shortage_count saturation_count date hour"
        ),
        (
            Headline("arrondissements", "count(*)", "Arrondissements and communes served"),
            Headline("stations_in_operation", "sum(station_count)", "Stations in operation"),
            Headline("highest_fill_rate", "max(avg_fill_rate)", "Mean fill rate of the fullest one"),
            Headline("lowest_fill_rate", "min(avg_fill_rate)", "Mean fill rate of the emptiest one"),
            Headline("worst_shortage_count", "max(shortage_count)", "Most stations short in one"),
            Headline("worst_saturation_count", "max(saturation_count)", "Most stations saturated in one"),
        ),
        order="shortage_count + saturation_count DESC, arrondissement",
    ),
    Kpi(
        "kpi_top10_2hour",
        "one of the ten most critical stations of the two hours up to the newest snapshot",
        _columns("station_id name arrondissement avg_fill_rate shortage_hits saturation_hits critical_score"),
        (
            Headline("top_score", "max(critical_score)", "Score of the most critical station"),
            Headline("critical_stations", "count(*) FILTER (WHERE critical_score > 0)", "Those above 0"),
            Headline("shortage_hits", "sum(shortage_hits)", "Snapshots short, over the ten"),
            Headline("saturation_hits", "sum(saturation_hits)", "Snapshots without a dock, over the ten"),
        ),
        order="critical_score DESC, station_id",
        window=TWO_HOURS,
    ),
)

DERIVED: tuple[Kpi, ...] = (
    Kpi(
        "kpi_episodes",
        "a stretch of time in which a station was short or saturated, in the last 25 hours",
        _columns("station_id name arrondissement kind start_ts end_ts minutes is_open snapshots"),
        (
            Headline("episodes", "count(*)", "Episodes of the 25 hours"),
            Headline("open_episodes", "count(*) FILTER (WHERE is_open)", "Of them, not over"),
            Headline("longest_minutes", "max(minutes)", "Minutes of the longest"),
        ),
        order="minutes DESC, station_id, kind, start_ts",
        window=DAY,
    ),
    Kpi(
        "kpi_typical_week",
        "an hour of the week in Paris, over the 28 days before the newest snapshot's day",
        (*_columns("day"), _PARIS_HOUR, *_columns("mean_fill_rate snapshots")),
        (
            Headline("hours_of_the_week", "count(*)", "Of 168, those with a snapshot"),
            Headline("highest_fill_rate", "max(mean_fill_rate)", "Of the fullest hour"),
            Headline("lowest_fill_rate", "min(mean_fill_rate)", "Of the emptiest hour"),
        ),
        order="day, hour",
        window=FOUR_WEEKS,
        cached=True,
    ),
)

VIEWS: tuple[Kpi, ...] = (*KPIS, *DERIVED)
LIVE_VIEWS: tuple[Kpi, ...] = tuple(view for view in VIEWS if not view.cached)


@cache
def sql_template(kpi: Kpi) -> str:
    """The view's statement as the .sql file has it."""
    return (files("velib_assets.query.sql") / f"{kpi.name}.sql").read_text(encoding="utf-8")


def render(kpi: Kpi, newest_hour: datetime | None) -> str:
    """The view's statement for Athena; `newest_hour` is the newest partition, None for an empty table."""
    statement = sql_template(kpi)
    if kpi.window:
        hours = kpi.window.hours(newest_hour) if newest_hour else []
        statement = statement.replace(kpi.window.placeholder, partition_filter(hours))
    return statement.strip()


def hours_read(kpi: Kpi, newest_hour: datetime | None) -> list[datetime]:
    """The hours that the view's newest state is read from, oldest first."""
    return (kpi.window or TWO_HOURS).hours(newest_hour) if newest_hour else []


def code_version(kpi: Kpi) -> str:
    """A digest of the view's statement: what changes when the SQL does."""
    return hashlib.sha256(sql_template(kpi).encode("utf-8")).hexdigest()[:12]
