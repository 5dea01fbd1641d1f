"""The SQL of the daily KPIs, in Athena's dialect: the query for a day, and the view of the stored days.

The bounds of the day and the UTC days to read are constants, so that nothing else of the history is read.
"""

from __future__ import annotations

import hashlib
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path
from string import Template

from velib_assets.lake.local_days import (
    DAY,
    NETWORK_TIME_ZONE,
    day_bounds,
    local_days_overlapping,
    slots_in,
    utc_days_overlapped,
)
from velib_assets.lake.schema import DATABASE
from velib_assets.query import sql
from velib_assets.query.daily_kpis import DailyKpi
from velib_assets.query.view_sql import conditions
from velib_assets.query.windows import day_filter

_READINGS = "readings"
_LAST_DAY = timedelta(hours=24)


def day_sql(kpi: DailyKpi, day: date, *, by_month: bool = False) -> str:
    """Return the query for a local day's rows, which are those of the KPI's file.

    Args:
        kpi: The KPI.
        day: The local day.
        by_month: Whether `velib_history` has the partition key `month`, which is then filtered too.
    """
    start, end = day_bounds(day)
    return Template(_with_conditions(kpi)).substitute(
        history_days=day_filter(history_days(day), by_month=by_month),
        day_start=_timestamp(start),
        day_end=_timestamp(end),
        before_start=_timestamp(day_bounds(day - DAY)[0]),
        last_24_hours=_timestamp(end - _LAST_DAY),
        slots=str(slots_in(day)),
    )


def daily_view_sql(kpi: DailyKpi) -> str:
    """Return the statement that defines the KPI's view over the stored days."""
    columns = ",\n    ".join(f'"{column.name}"' for column in kpi.schema)
    return (
        f"CREATE OR REPLACE VIEW {DATABASE}.{kpi.name} AS\nSELECT\n    {columns}\nFROM {DATABASE}.{kpi.table}"
    )


def daily_code_version(kpi: DailyKpi) -> str:
    """Return a digest that changes with the KPI's definition, and not with the day."""
    columns = (f"{column.name} {column.type}" for column in kpi.schema)
    text = "\n".join([NETWORK_TIME_ZONE, _with_conditions(kpi), *columns])
    return hashlib.sha256(text.encode("utf-8")).hexdigest()[:12]


def sql_file(name: str) -> Path:
    """Return the path of a daily KPI's .sql file."""
    return Path(sql.__file__).parent / "daily" / f"{name}.sql"


def history_days(day: date) -> list[date]:
    """Return the UTC days that a local day's rows are computed from, oldest first.

    These are the days that it and the local day before it overlap: stations open, close and move between the
    two.
    """
    return sorted({*utc_days_overlapped(day - DAY), *utc_days_overlapped(day)})


def local_days_computed_from(utc_day: date) -> list[date]:
    """Return the local days whose rows are computed from a UTC day, oldest first."""
    days = local_days_overlapping(utc_day)
    return [*days, days[-1] + DAY]


@cache
def _with_conditions(kpi: DailyKpi) -> str:
    """Return the KPI's .sql file with the shared parts, and with placeholders for the day."""
    readings = Template(_read(_READINGS)).safe_substitute(conditions())
    return Template(_read(kpi.name)).safe_substitute(conditions(), **{_READINGS: readings})


def _read(name: str) -> str:
    return sql_file(name).read_text(encoding="utf-8").strip()


def _timestamp(moment: datetime) -> str:
    return f"TIMESTAMP '{moment:%Y-%m-%d %H:%M:%S}.000'"
