"""The SQL of the daily KPIs, in Athena's dialect: a day's query on the history, and the view of the stored days.

The bounds of the day and the UTC days to read are constants, so that nothing else of the history is read.
"""

from __future__ import annotations

import hashlib
from datetime import date, datetime, timedelta
from functools import cache
from importlib.resources import files
from string import Template

from velib_assets.lake.local_days import (
    DAY,
    day_bounds,
    local_days_overlapping,
    slots_in,
    utc_days_overlapped,
)
from velib_assets.lake.schema import DATABASE
from velib_assets.query.daily_kpis import DailyKpi
from velib_assets.query.view_sql import conditions

_FOLDER = files("velib_assets.query.sql")
_READINGS = "daily_readings"
_LAST_DAY = timedelta(hours=24)


def day_sql(kpi: DailyKpi, day: date) -> str:
    """Return the query for a local day's rows, which are those of the KPI's files."""
    start, end = day_bounds(day)
    utc_days = ", ".join(f"'{utc_day.isoformat()}'" for utc_day in history_days(day))
    values = {
        "history_days": f'"date" IN ({utc_days})',
        "day_start": _timestamp(start),
        "day_end": _timestamp(end),
        "before_start": _timestamp(day_bounds(day - DAY)[0]),
        "last_24_hours": _timestamp(end - _LAST_DAY),
        "slots": str(slots_in(day)),
    }
    return Template(_with_conditions(kpi)).substitute(values)


def view_sql(kpi: DailyKpi) -> str:
    """Return the statement that defines the KPI's view over the stored days."""
    columns = ",\n    ".join(f'"{column.name}"' for column in kpi.schema)
    return (
        f"CREATE OR REPLACE VIEW {DATABASE}.{kpi.name} AS\n"
        f"SELECT\n    {columns}\nFROM {DATABASE}.{kpi.table}"
    )


def code_version(kpi: DailyKpi) -> str:
    """Return a digest that changes with the KPI's definition, and not with the day."""
    text = "\n".join([_with_conditions(kpi), *(f"{c.name} {c.type}" for c in kpi.schema)])
    return hashlib.sha256(text.encode("utf-8")).hexdigest()[:12]


def history_days(day: date) -> list[date]:
    """Return the UTC days that a local day's rows are computed from, oldest first.

    These are the days that it and the local day before it overlap: stations open, close and move between the
    two.
    """
    return sorted({*utc_days_overlapped(day - DAY), *utc_days_overlapped(day)})


def local_days_reading(utc_day: date) -> list[date]:
    """Return the local days whose rows are computed from a UTC day too, oldest first."""
    days = local_days_overlapping(utc_day)
    return [*days, days[-1] + DAY]


@cache
def _with_conditions(kpi: DailyKpi) -> str:
    """Return the KPI's .sql file with the shared conditions, and with placeholders for the day."""
    readings = Template(_read(_READINGS)).safe_substitute(conditions())
    return Template(_read(kpi.name)).safe_substitute(conditions(), **{_READINGS: readings})


def _read(name: str) -> str:
    return (_FOLDER / f"{name}.sql").read_text(encoding="utf-8").strip()


def _timestamp(moment: datetime) -> str:
    return f"TIMESTAMP '{moment:%Y-%m-%d %H:%M:%S}.000'"
