"""When a healing sensor requests again what it has requested before, and when it waits for other runs."""

from datetime import UTC, datetime, timedelta
from typing import Any

import dagster as dg

from velib_assets.defs.maintenance.orphans import UNFINISHED, waits_for_retry
from velib_assets.defs.own_runs import own_runs
from velib_assets.lake.network import IS_VELIB, KEY

RETRY_AFTER = tuple(timedelta(minutes=minutes) for minutes in (0, 1, 5, 30, 60))
BUSY = timedelta(minutes=30)
HEALING = {"velib/healing": "true" if IS_VELIB else KEY}
"""The tag of the sensors' runs, of which `dagster.yaml` lets one per network run at a time."""

Tries = dict[str, list[Any]]
"""Per hour, day or month as text: the digest that was requested, how often, and when last (UTC)."""


def is_busy(instance: dg.DagsterInstance) -> bool:
    """Return whether a run of the network is in progress or waits for its retry.

    It may write what seems outdated. A run that is older than half an hour is ignored: it may hang, and
    writing something twice is safe.
    """
    unfinished = [dg.DagsterRunStatus.QUEUED, *UNFINISHED]
    recent = datetime.now(UTC) - BUSY
    if any(own_runs(instance, dg.RunsFilter(statuses=unfinished, created_after=recent))):
        return True
    failed = dg.RunsFilter(statuses=[dg.DagsterRunStatus.FAILURE], updated_after=recent)
    return any(waits_for_retry(run) for run in own_runs(instance, failed))


def is_due(tries: Tries, period: str, digest: str, now: datetime) -> bool:
    """Return whether something outdated may be requested: at once, then ever less often, at last hourly."""
    known, count, last = tries.get(period, ("", 0, ""))
    if known != digest:
        return True
    return now >= datetime.fromisoformat(last) + RETRY_AFTER[min(count, len(RETRY_AFTER) - 1)]


def note_try(tries: Tries, period: str, digest: str, now: datetime) -> None:
    """Store that something is requested now."""
    known, count, _ = tries.get(period, ("", 0, ""))
    tries[period] = [digest, count + 1 if known == digest else 1, now.isoformat()]
