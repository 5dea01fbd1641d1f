"""What the daily layer lacks, and the runs that build it. The schedule and healing share it."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime
from typing import NamedTuple

import dagster as dg

from velib_assets.catalog.catalog import Catalog
from velib_assets.defs.asset_keys import asset_keys
from velib_assets.defs.daily_jobs import DAILY_JOB, MONTHLY_JOB
from velib_assets.defs.jobs import QUIET
from velib_assets.defs.partitions import day_range_tags, day_ranges
from velib_assets.history.currency import outdated_days
from velib_assets.lake.keys import day_text
from velib_assets.lake.store import LakeStore
from velib_assets.lake.text import counted
from velib_assets.query.daily_currency import outdated_local_days
from velib_assets.query.daily_kpis import DAILY_KPIS
from velib_assets.query.daily_sql import local_days_computed_from
from velib_assets.query.daily_store import missing_history

MAX_RANGES = 10
"""The most runs of one plan: days with gaps between them are many ranges."""

KPIS = asset_keys(*(kpi.name for kpi in DAILY_KPIS))


Span = tuple[date, date]


class DailyPlan(NamedTuple):
    """Days that are closed and not current.

    `history` has UTC days with the digest that their file should have. `kpis` are local days that can be
    computed from the history that there is. `waiting` has the others, with the UTC days without history that
    they overlap. The run of a UTC day stores the local days that are computed from it as well.
    """

    history: Mapping[date, str]
    kpis: list[date]
    waiting: Mapping[date, list[date]] = {}


def plan_days(store: LakeStore, catalog: Catalog, spans: Iterable[Span], now: datetime) -> DailyPlan:
    """Return the days of these spans, first and last included, that are closed and not current.

    Raises:
        OSError, CatalogError: The lake or the catalog cannot be read.
    """
    history: dict[date, str] = {}
    kpis: list[date] = []
    for first, last in spans:
        history |= outdated_days(store, catalog, first, last)
        kpis += outdated_local_days(catalog, store, now, local_days_computed_from(first)[0], last)
    waiting = missing_history(kpis, catalog)
    return DailyPlan(history, [day for day in kpis if day not in waiting], waiting)


def without_built(kpis: Iterable[date], history: Iterable[date]) -> list[date]:
    """Return the local days that the runs of these UTC days do not store."""
    built = {local_day for day in history for local_day in local_days_computed_from(day)}
    return [day for day in kpis if day not in built]


def waiting_note(plan: DailyPlan) -> str:
    """Return which local days wait, and for what; empty if none does."""
    if not plan.waiting:
        return ""
    days, missing = list(plan.waiting), sorted({day for days in plan.waiting.values() for day in days})
    verb = "waits" if len(days) == 1 else "wait"
    return (
        f"{counted(len(days), 'local day')} {verb} for history, the first {day_text(days[0])} for that of "
        f"{day_text(missing[0])} (UTC). Materialize station_history for it to see why it is not built"
    )


def newest_ranges(plan: DailyPlan) -> DailyPlan:
    """Return the newest MAX_RANGES contiguous ranges of a plan. Broken old days hold up no newer ones.

    Local days that the runs of its UTC days store have no range of their own.
    """
    plan = plan._replace(kpis=without_built(plan.kpis, plan.history))
    ranges = [(last, first, True) for first, last in day_ranges(plan.history)]
    ranges += [(last, first, False) for first, last in day_ranges(plan.kpis)]
    kept = sorted(ranges, reverse=True)[:MAX_RANGES]

    def is_kept(day: date, *, is_history: bool) -> bool:
        return any(first <= day <= last and of_history == is_history for last, first, of_history in kept)

    history = {day: digest for day, digest in plan.history.items() if is_kept(day, is_history=True)}
    return plan._replace(history=history, kpis=[day for day in plan.kpis if is_kept(day, is_history=False)])


def day_requests(
    plan: DailyPlan, name: str, tags: Mapping[str, str] | None = None
) -> Iterator[dg.RunRequest]:
    """Yield one run per contiguous range of days.

    Args:
        plan: The days.
        name: Of this request, unique; the run keys begin with it.
        tags: Of the runs.
    """
    parts = [(day_ranges(plan.history), None), (day_ranges(plan.kpis), KPIS)]
    ranges = [(first, last, selection) for found, selection in parts for first, last in found]
    for first, last, selection in ranges:
        is_one = first == last
        yield dg.RunRequest(
            run_key=f"{name} {'kpis ' if selection else ''}{day_text(first)} {day_text(last)}",
            job_name=DAILY_JOB.name,
            run_config=QUIET,
            partition_key=day_text(first) if is_one else None,
            tags={**({} if is_one else day_range_tags(first, last)), **(tags or {})},
            asset_selection=selection,
        )


def month_request(month: str, name: str, tags: Mapping[str, str]) -> dg.RunRequest:
    """Return the run that compacts a month, given as text."""
    return dg.RunRequest(
        run_key=f"{name} {month}",
        job_name=MONTHLY_JOB.name,
        run_config=QUIET,
        partition_key=month,
        tags=dict(tags),
    )
