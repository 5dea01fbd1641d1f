"""The five KPI views as a table: name, columns, what a row is. The sixth is one line here and one .sql file.

Belongs here: names, columns, headline numbers, and rendering of the views' SQL (Athena's dialect).
Does not: running it (resources), or the queries that are asked of the views (kpi_queries).
"""

from __future__ import annotations

import hashlib
from datetime import datetime
from functools import cache
from importlib.resources import files
from typing import Dict, List, NamedTuple, Sequence, Tuple

from velib_assets.core.layout import HOUR, date_hour
from velib_assets.core.schema import COLUMNS, PARTITION_COLUMNS, Column

NEWEST_HOURS = "${newest_hours}"


class Headline(NamedTuple):
    """A number that sums up a view's newest state: `sql` aggregates over the rows of that state."""

    name: str
    sql: str
    description: str


class Kpi(NamedTuple):
    """A KPI view. `order` sorts the rows of one state; an `hourly` one has date and hour."""

    name: str
    row_is: str
    schema: Tuple[Column, ...]
    headlines: Tuple[Headline, ...]
    order: str = "station_id"
    hourly: bool = True

    @property
    def columns(self) -> Tuple[Tuple[str, str, str], ...]:
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
_BY_NAME: Dict[str, Column] = {c.name: c for c in (*COLUMNS, *PARTITION_COLUMNS, *_COUNTED)}


def _columns(names: str) -> Tuple[Column, ...]:
    return tuple(_BY_NAME[name] for name in names.split())


_STATION = "ingested_ts station_id name arrondissement bikes docks fill_rate date hour"

KPIS: Tuple[Kpi, ...] = (
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
        hourly=False,
    ),
)


@cache
def sql_template(kpi: Kpi) -> str:
    """The view's statement as the .sql file has it."""
    return (files("velib_assets.sql") / f"{kpi.name}.sql").read_text(encoding="utf-8")


def render(kpi: Kpi, newest_hours: Sequence[datetime]) -> str:
    """The view's statement for Athena; `newest_hours` are the partitions that a two-hour window touches."""
    return sql_template(kpi).replace(NEWEST_HOURS, partition_filter(newest_hours)).strip()


def code_version(kpi: Kpi) -> str:
    """A digest of the view's statement: what changes when the SQL does."""
    return hashlib.sha256(sql_template(kpi).encode("utf-8")).hexdigest()[:12]


def newest_window(newest_hour: datetime) -> List[datetime]:
    """The three hours that `newest snapshot - 2 h` can reach into, where the newest lies in `newest_hour`."""
    return [newest_hour - 2 * HOUR, newest_hour - HOUR, newest_hour]


def partition_filter(hours: Sequence[datetime]) -> str:
    """A condition on constants of the partition columns, which Athena prunes by; false for no hours."""
    days: Dict[str, List[str]] = {}
    for hour in sorted(hours):
        date, hh = date_hour(hour)
        days.setdefault(date, []).append(f"'{hh}'")
    parts = [f'("date" = \'{date}\' AND "hour" IN ({", ".join(hh)}))' for date, hh in days.items()]
    return f"({' OR '.join(parts)})" if parts else "(1 = 0)"
