"""The daily KPIs: one `DailyKpi(...)` entry in `DAILY_KPIS` and one file in `sql/` each.

A local day's rows are computed once its history is there, and stored (`daily_store.py`). The view named like
the KPI reads the stored days.
"""

from __future__ import annotations

from typing import NamedTuple

from velib_assets.lake.daily_schema import DAILY_COLUMNS, DAILY_GRAINS, DAILY_PARTITION, days_table
from velib_assets.lake.schema import Column
from velib_assets.query.kpis import Headline


class DailyKpi(NamedTuple):
    """A daily KPI.

    Attributes:
        name: of the KPI, its .sql file, its asset and its view.
        title: a few words for people.
        headlines: the numbers that are recorded for each day; `sql` aggregates over the day's rows.
    """

    name: str
    title: str
    headlines: tuple[Headline, ...]

    @property
    def grain(self) -> str:
        """What one row represents."""
        return DAILY_GRAINS[self.name]

    @property
    def schema(self) -> tuple[Column, ...]:
        """The columns of the view: those of its files, then `date`."""
        return (*DAILY_COLUMNS[self.name], *DAILY_PARTITION)

    @property
    def columns(self) -> tuple[tuple[str, str, str], ...]:
        """The name, type and description with unit of each column of the view."""
        return tuple(
            (c.name, c.type, f"{c.description} ({c.unit})" if c.unit else c.description) for c in self.schema
        )

    @property
    def table(self) -> str:
        """The name of the table that holds the days."""
        return days_table(self.name)


DAILY_KPIS: tuple[DailyKpi, ...] = (
    DailyKpi(
        "kpi_daily_station",
        "The day of each station",
        (
            Headline("stations", "count(*)", "Stations of the day"),
            Headline("stations_short", "count(*) FILTER (WHERE minutes_short > 0)", "Stations once short"),
            Headline("stations_saturated", "count(*) FILTER (WHERE minutes_saturated > 0)", "Once saturated"),
            Headline("most_minutes_short", "max(minutes_short)", "Minutes short of the station worst off"),
        ),
    ),
    DailyKpi(
        "kpi_station_quality",
        "Doubtful data of each station",
        (
            Headline("frozen", "count(*) FILTER (WHERE is_frozen)", "Frozen stations"),
            Headline(
                "over_capacity", "count(*) FILTER (WHERE over_capacity_snapshots > 0)", "Above capacity"
            ),
            Headline(
                "types_differ", "count(*) FILTER (WHERE types_differ_snapshots > 0)", "Types unlike total"
            ),
            Headline("never_reported", "count(*) FILTER (WHERE never_reported)", "Without a report time"),
            Headline("moved", "count(*) FILTER (WHERE is_moved)", "Stations that moved"),
        ),
    ),
    DailyKpi(
        "kpi_daily_network",
        "The day of the network",
        (
            Headline("coverage", "max(coverage)", "Share of the day's slots that are stored"),
            Headline("stations", "max(stations)", "Stations of the day"),
            Headline("mean_fill_rate", "max(avg_fill_rate)", "Mean fill rate"),
            Headline("minutes_short", "max(minutes_short)", "Station-minutes short"),
            Headline("minutes_saturated", "max(minutes_saturated)", "Station-minutes saturated"),
        ),
    ),
)
"""In the order in which a day is stored. The last one's file completes the day."""
