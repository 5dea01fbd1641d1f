"""The daily healing sensor: requests days and months of the daily layer that are missing or not current.

Hours come first: it waits while a run is in progress, and a day keeps its history while one of its hours is
still to be cleaned. Then come days, then months without an outdated day. Each round checks the newest two
weeks and one stretch of the older days, from the catalog, listings and a footer per day. A year is covered in
a quarter of an hour. The hashes of the daily KPIs are compared in turns (`verification_turn`).
"""

import json
from collections.abc import Collection, Iterable, Mapping
from datetime import date, datetime, timedelta
from typing import Any

import dagster as dg

from velib_assets.catalog.catalog import Catalog
from velib_assets.defs.daily_jobs import DAILY_JOB, MONTHLY_JOB
from velib_assets.defs.daily_plan import (
    DailyPlan,
    Span,
    day_requests,
    month_request,
    newest_ranges,
    plan_days,
    waiting_note,
    without_built,
)
from velib_assets.defs.sensors.retries import HEALING, Tries, is_busy, is_due, note_try
from velib_assets.defs.sensors.verification_turn import damaged_days_in_turn, days_per_round
from velib_assets.history.currency import days_of_lake, newest_closed_day, outdated_months
from velib_assets.lake.keys import day_text, parse_day
from velib_assets.lake.listing import utc_now
from velib_assets.lake.local_days import DAY
from velib_assets.lake.months import month_of, month_text
from velib_assets.lake.network import KEY
from velib_assets.lake.store import LakeStore
from velib_assets.lake.text import counted
from velib_assets.settings import FIRST_HOUR

GRACE = timedelta(hours=4)
"""How long a day is left to its schedule, which builds it three hours after its end."""

RECENT, STRETCH = 14 * DAY, 30 * DAY
MAX_DAYS, MAX_MONTHS = 31, 2
_KPIS = "kpis "  # before a day in the state: only its KPIs are outdated
State = dict[str, Any]


def daily_healing_sensor(
    store: LakeStore, catalog: Catalog, seconds: int = 60, first_hour: datetime = FIRST_HOUR
) -> dg.SensorDefinition:
    """Return the sensor `<network>_daily_healing`, evaluated every `seconds`.

    It heals nothing before `first_hour`.
    """

    @dg.sensor(
        name=f"{KEY}_daily_healing",
        jobs=[DAILY_JOB, MONTHLY_JOB],
        description="Requests days and months of the history, and days of the daily KPIs, that are missing "
        "or not current.",
        minimum_interval_seconds=seconds,
        default_status=dg.DefaultSensorStatus.RUNNING,
    )
    def heal_days(context: dg.SensorEvaluationContext) -> dg.SensorResult:
        state: State = json.loads(context.cursor) if context.cursor else {}
        if is_busy(context.instance):
            return dg.SensorResult(skip_reason="waiting for runs in progress", cursor=json.dumps(state))
        now, tries = utc_now(), state.setdefault("tries", {})
        spans = _next_spans(store, catalog, state, first_hour.date(), now)
        plan = plan_days(store, catalog, spans, now)
        damaged = damaged_days_in_turn(store, catalog, state, first_hour.date(), days_per_round(seconds))
        plan = plan._replace(kpis=sorted({*plan.kpis, *damaged}))
        outdated, requests = _days_due(plan, tries, now)
        incomplete = {month_of(day) for day in plan.history}
        if is_checked := not requests:
            found = _outdated_months(store, catalog, spans, incomplete)
            requests = _months_due(found, tries, now)
            outdated |= found.keys()
        _forget_days(tries, spans, outdated)
        if is_checked:
            _forget_months(tries, spans, {*outdated, *map(month_text, incomplete)})
        days = sum((last - first).days + 1 for first, last in spans)
        parts = [f"{len(outdated)} wait for their next retry"] if outdated else []
        parts += [note] if (note := waiting_note(plan)) else []
        waiting = "; ".join(parts) or "all up to date"
        return dg.SensorResult(
            run_requests=requests,
            skip_reason=None if requests else f"{counted(days, 'day')} checked, {waiting}",
            cursor=json.dumps(state),
        )

    return heal_days


def _next_spans(
    store: LakeStore, catalog: Catalog, state: State, first_day: date, now: datetime
) -> list[Span]:
    """Return the spans to check: the newest days, and a stretch of older ones, which starts over at the end.

    In the state, `older` is the start of the next stretch.
    """
    days = days_of_lake(store, catalog)
    if days is None:
        return []
    # A local day has hours of the UTC day before.
    oldest, newest = max(days[0], first_day), min(days[1] + DAY, newest_closed_day(now - GRACE))
    if newest < oldest:
        return []
    border = max(newest - RECENT + DAY, oldest)
    start = max(parse_day(state["older"]), oldest) if "older" in state else oldest
    if start >= border:
        start = oldest
    end = min(start + STRETCH - DAY, border - DAY)
    state["older"] = day_text(end + DAY if start <= end else oldest)
    return [(border, newest), (start, end)] if start <= end else [(border, newest)]


def _days_due(plan: DailyPlan, tries: Tries, now: datetime) -> tuple[set[str], list[dg.RunRequest]]:
    """Return the outdated days as text, and the runs of those that are due."""
    due = [item for item in plan.history.items() if is_due(tries, day_text(item[0]), item[1], now)]
    history = dict(due[:MAX_DAYS])
    # A day that waits for its retry may never be built. It holds up no local day that others suffice for.
    kpis = [
        day
        for day in without_built(plan.kpis, dict(due))
        if is_due(tries, f"{_KPIS}{day_text(day)}", _KPIS, now)
    ]
    requested = newest_ranges(DailyPlan(history, kpis[: MAX_DAYS - len(history)]))
    for day, digest in requested.history.items():
        note_try(tries, day_text(day), digest, now)
    for day in requested.kpis:
        note_try(tries, f"{_KPIS}{day_text(day)}", _KPIS, now)
    outdated = {*map(day_text, plan.history), *(f"{_KPIS}{day_text(day)}" for day in plan.kpis)}
    return outdated, list(day_requests(requested, f"heal {now.isoformat()}", HEALING))


def _outdated_months(
    store: LakeStore, catalog: Catalog, spans: Iterable[Span], incomplete: Collection[date]
) -> dict[str, str]:
    """Return the outdated months of the spans as text, but for the incomplete ones, with their digests."""
    months: dict[date, str] = {}
    for first, last in spans:
        months |= outdated_months(store, catalog, first, last)
    return {month_text(month): digest for month, digest in months.items() if month not in incomplete}


def _months_due(texts: Mapping[str, str], tries: Tries, now: datetime) -> list[dg.RunRequest]:
    """Return the runs of those of these outdated months that are due."""
    due = [text for text, digest in texts.items() if is_due(tries, text, digest, now)][:MAX_MONTHS]
    for text in due:
        note_try(tries, text, texts[text], now)
    return [month_request(text, f"heal {now.isoformat()}", HEALING) for text in due]


def _forget_days(tries: Tries, spans: Iterable[Span], outdated: Collection[str]) -> None:
    """Forget the tries of the checked days that are current now."""
    for first, last in spans:
        for text in [text for text in tries if text not in outdated and not _is_month(text)]:
            if day_text(first) <= text.removeprefix(_KPIS) <= day_text(last):
                del tries[text]


def _forget_months(tries: Tries, spans: Iterable[Span], outdated: Collection[str]) -> None:
    """Forget the tries of the months of the checked days that are current now."""
    for first, last in spans:
        for text in [text for text in tries if text not in outdated and _is_month(text)]:
            if month_text(first) <= text <= month_text(last):
                del tries[text]


def _is_month(text: str) -> bool:
    return len(text) == len("2022-06")
