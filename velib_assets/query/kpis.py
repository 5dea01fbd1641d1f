"""The views: one `Kpi(...)` entry in `VIEWS` and one file in `sql/` each.

The command line, the Dagster assets, the report, its exports and the rendered state machine are derived from
these two.
"""

from __future__ import annotations

from typing import NamedTuple

from velib_assets.lake.network import IS_VELIB
from velib_assets.lake.schema import COLUMNS, PARTITION_COLUMNS, TABLE, Column, fill_rate_unit
from velib_assets.query.windows import DAY, FOUR_WEEKS, TWO_HOURS, Window


class Headline(NamedTuple):
    """A number that summarises a view's newest state; `sql` aggregates over the rows of that state."""

    name: str
    sql: str
    description: str


class Kpi(NamedTuple):
    """A view.

    Attributes:
        name: of the view, its .sql file, its asset and its export.
        title: for the report's exports.
        chart: the kind of chart on the report page; `table` suits every view.
        grain: what one row represents.
        schema: the columns, in the view's order.
        headlines: the numbers that are recorded for each state.
        order: sorts the rows of one state.
        window: the hours that the view reads. A view without one has `date` and `hour` columns to filter by.
        cached: whether the newest state is stored, and read again only after one of its partitions changed.
    """

    name: str
    title: str
    chart: str
    grain: str
    schema: tuple[Column, ...]
    headlines: tuple[Headline, ...]
    order: str = "station_id"
    window: Window | None = None
    cached: bool = False

    @property
    def hourly(self) -> bool:
        """Whether each row belongs to one partition."""
        return self.window is None

    @property
    def columns(self) -> tuple[tuple[str, str, str], ...]:
        """The name, type and description with unit of each column, in the view's order."""
        return tuple(
            (c.name, c.type, f"{c.description} ({c.unit})" if c.unit else c.description) for c in self.schema
        )


# How texts name the areas and the local time of the network.
_HERE = "in Paris" if IS_VELIB else "in the network's time zone"
_AREA = "arrondissement (or commune outside Paris)" if IS_VELIB else "area"
_AREAS = "arrondissements" if IS_VELIB else "areas"

# Counts are bigint, as in Trino and DuckDB.
_COMPUTED = (
    Column("station_count", "bigint", "Stations in operation", "stations"),
    Column("avg_fill_rate", "double", "Mean of the stations' fill rates", fill_rate_unit()),
    Column("shortage_count", "bigint", "Stations that are short", "stations"),
    Column("saturation_count", "bigint", "Stations that are saturated", "stations"),
    Column("shortage_hits", "bigint", "Snapshots of the two hours in which it was short", "snapshots"),
    Column("saturation_hits", "bigint", "Snapshots accepting returns without a free dock", "snapshots"),
    Column("critical_score", "bigint", "2 x short + 2 x without a dock + 1 x nearly full", "points"),
    Column("kind", "string", "shortage or saturation"),
    Column("start_ts", "timestamp", "First snapshot of the episode", "UTC, milliseconds"),
    Column("end_ts", "timestamp", "First snapshot after the episode, or its last one", "UTC"),
    Column("minutes", "bigint", "From start to end", "whole minutes"),
    Column("is_open", "boolean", "Not over at the newest snapshot, as far as is known"),
    Column("snapshots", "bigint", "Number of snapshots", "snapshots"),
    Column("day", "bigint", f"ISO day of the week {_HERE}: Monday is 1", "1..7"),
    Column("mean_fill_rate", "double", "Mean fill rate of the stations in operation", fill_rate_unit()),
)
_LOCAL_HOUR = Column("hour", "bigint", f"Hour of the day {_HERE}", "0..23")  # not the partition key
_BY_NAME: dict[str, Column] = {c.name: c for c in (*COLUMNS, *PARTITION_COLUMNS, *_COMPUTED)}


def _columns(names: str) -> tuple[Column, ...]:
    return tuple(_BY_NAME[name] for name in names.split())


_STATION = "ingested_ts station_id name arrondissement bikes docks fill_rate date hour"

VIEWS: tuple[Kpi, ...] = (
    Kpi(
        "kpi_taux_remplissage",
        "Fill rate of each station",
        "fill_rate",
        "one installed station with a known fill rate per snapshot",
        _columns(
            "ingested_ts station_id name arrondissement bikes docks capacity fill_rate is_stale date hour"
        ),
        (
            Headline("stations", "count(*)", "Installed stations with a known fill rate"),
            Headline("mean_fill_rate", "avg(fill_rate)", "Mean of the stations' fill rates"),
            Headline("stale_stations", "count(*) FILTER (WHERE is_stale)", "Stale stations among them"),
        ),
    ),
    Kpi(
        "kpi_shortage",
        "Stations without a bike",
        "shortage",
        "one short station (in operation, renting, no bikes) per snapshot",
        _columns(_STATION),
        (
            Headline("stations_short", "count(*)", "Stations that are short"),
            Headline("arrondissements_touched", "count(DISTINCT arrondissement)", f"Their {_AREAS}"),
        ),
    ),
    Kpi(
        "kpi_station_saturation",
        "Stations without a dock, or nearly",
        "saturation",
        "one saturated station (in operation, accepting returns, full or nearly full) per snapshot",
        _columns(_STATION),
        (
            Headline("stations_saturated", "count(*)", "Stations that are saturated"),
            Headline("stations_without_dock", "count(*) FILTER (WHERE docks = 0)", "Those without a dock"),
        ),
    ),
    Kpi(
        "kpi_saturation_par_arrondissement",
        _AREAS.capitalize(),
        "areas",
        f"one {_AREA} per snapshot, over its stations in operation",
        _columns(
            "ingested_ts arrondissement station_count avg_fill_rate shortage_count saturation_count date hour"
        ),
        (
            Headline(
                "arrondissements",
                "count(*)",
                "Arrondissements and communes served" if IS_VELIB else "Areas served",
            ),
            Headline("stations_in_operation", "sum(station_count)", "Stations in operation"),
            Headline("highest_fill_rate", "max(avg_fill_rate)", "Mean fill rate of the fullest one"),
            Headline("lowest_fill_rate", "min(avg_fill_rate)", "Mean fill rate of the emptiest one"),
            Headline("worst_shortage_count", "max(shortage_count)", "Most short stations in one"),
            Headline("worst_saturation_count", "max(saturation_count)", "Most saturated stations in one"),
        ),
        order="shortage_count + saturation_count DESC, arrondissement",
    ),
    Kpi(
        "kpi_top10_2hour",
        "The ten most critical stations of two hours",
        "top10",
        "one of the ten most critical stations in the two hours up to the newest snapshot",
        _columns("station_id name arrondissement avg_fill_rate shortage_hits saturation_hits critical_score"),
        (
            Headline("top_score", "max(critical_score)", "Score of the most critical station"),
            Headline("critical_stations", "count(*) FILTER (WHERE critical_score > 0)", "Scores above 0"),
            Headline("shortage_hits", "sum(shortage_hits)", "Snapshots short, over the ten stations"),
            Headline("saturation_hits", "sum(saturation_hits)", "Snapshots without a dock, over the ten"),
        ),
        order="critical_score DESC, station_id",
        window=TWO_HOURS,
    ),
    Kpi(
        "kpi_episodes",
        "Episodes of shortage and saturation of the last 24 hours",
        "episodes",
        "one period in which a station was short or saturated, in the last 25 hours",
        _columns("station_id name arrondissement kind start_ts end_ts minutes is_open snapshots"),
        (
            Headline("episodes", "count(*)", "Episodes in the 25 hours"),
            Headline("open_episodes", "count(*) FILTER (WHERE is_open)", "Episodes that are not over"),
            Headline("longest_minutes", "max(minutes)", "Length of the longest episode in minutes"),
        ),
        order="minutes DESC, station_id, kind, start_ts",
        window=DAY,
    ),
    Kpi(
        "kpi_typical_week",
        "Fill rate by hour of the week, over 28 days",
        "week",
        f"one hour of the week {_HERE}, over the 28 days before the day of the newest snapshot",
        (*_columns("day"), _LOCAL_HOUR, *_columns("mean_fill_rate snapshots")),
        (
            Headline("hours_of_the_week", "count(*)", "Hours of the week with a snapshot, of 168"),
            Headline("highest_fill_rate", "max(mean_fill_rate)", "Mean fill rate of the fullest hour"),
            Headline("lowest_fill_rate", "min(mean_fill_rate)", "Mean fill rate of the emptiest hour"),
        ),
        order="day, hour",
        window=FOUR_WEEKS,
        cached=True,
    ),
)

# The KPIs read the newest two hours, in one session or one Athena query; the derived views read more.
KPIS: tuple[Kpi, ...] = tuple(view for view in VIEWS if view.window in (None, TWO_HOURS))
REPORT_VIEWS: tuple[Kpi, ...] = tuple(view for view in VIEWS if view not in KPIS)
LIVE_VIEWS: tuple[Kpi, ...] = tuple(view for view in VIEWS if not view.cached)
HOURLY: frozenset[str] = frozenset({TABLE, *(view.name for view in VIEWS if view.hourly)})
"""The registered table and its views whose rows each belong to one of its partitions."""
