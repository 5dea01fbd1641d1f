"""Finds what is damaged or missing of the days that commands show: history and daily KPIs."""

from datetime import date, datetime, timedelta

from velib_assets.catalog.catalog import newest_hour
from velib_assets.catalog.verification import Damage
from velib_assets.history.history_verification import verify_history
from velib_assets.insights.absent_days import unbuilt_days, unbuilt_note
from velib_assets.lake.keys import daily_kpi_key, day_text, parse_day
from velib_assets.lake.listing import utc_now
from velib_assets.lake.local_days import local_day_of
from velib_assets.query.daily_file import read_daily_footer
from velib_assets.query.daily_kpis import DAILY_KPIS
from velib_assets.query.daily_verification import verify_daily_kpis, verify_local_days
from velib_assets.report.days import CALENDAR_DAYS
from velib_assets.report.report_data import ReportData
from velib_assets.resources import Resources


def damaged_days(resources: Resources, first: datetime, last: datetime) -> list[Damage]:
    """Verify the days and months of these hours and their daily KPIs; return the damage.

    The catalog gets that of the history as well, so that healing builds the files again. Files that are not
    registered are left out: a run may be storing them.
    """
    lake, catalog = resources.lake, resources.catalog
    history = catalog.history(day_text(first.date()), day_text(last.date()))
    kpis = verify_daily_kpis(lake, catalog, local_day_of(first), local_day_of(last))
    return [*verify_history(lake, catalog, history), *kpis]


def damage_of_report(resources: Resources) -> list[Damage]:
    """Return the damage in the days that the report shows."""
    last = newest_hour(resources.catalog) or utc_now()
    return damaged_days(resources, last - timedelta(days=CALENDAR_DAYS), last)


def unbuilt_days_of_report(resources: Resources, data: ReportData) -> str:
    """Return which days with snapshots the report lacks, and what builds them; empty if none."""
    daily = data.daily or {"calendar": ()}
    stored = [day["date"] for day in daily["calendar"]]
    if not stored:  # a lake that has never built a day, as one of ticks alone
        return ""
    days = unbuilt_days(
        resources.catalog, parse_day(stored[0]), parse_day(daily["last"]), stored, data.made_at
    )
    return unbuilt_note(resources.lake, days) if days else ""


def damage_of_day(resources: Resources, day: date) -> list[Damage]:
    """Return the damage in the stored numbers of a local day, if its last file says what they have to be."""
    if read_daily_footer(resources.lake, daily_kpi_key(DAILY_KPIS[-1].name, day)) is None:
        return []
    return list(verify_local_days(resources.lake, resources.catalog, [day]))
