"""How much of each line of the bill the deployed stack uses in a month.

Belongs here: from inputs and measured work to quantities, by the names of prices.toml. Does not: prices, or
the first version's design (first_version). A month has 30 days; of what grows, its mean counts.
"""

import math

from velib_assets.cost.inputs import Inputs
from velib_assets.cost.work import Counted, Work
from velib_assets.query import kpis

Usage = dict[str, float]

DAYS, HOURS = 30, 720
GB, TB = 1e9, 1e12
LEAST_QUESTION = 10e6  # bytes, as billed
LEAST_CRAWL, LEAST_RUN = 600, 60  # seconds, as billed
LEAST_COLD, NEVER_COLD = 128 * 1024, 32 * 1024  # bytes: billed at least; not moved below (infra/storage.tf)
OLDER = 0.8  # size of an hour's earlier files, measured against its last
WINDOW = 3  # partitions at most that a tick's question reads
WEEKS = 672  # partitions that the typical week is read from, once a day
WEEKS_GET = 3  # of each of them: its footer, and a column or two
OLD_REPORT_DAYS = 2  # infra/storage.tf keeps a day's old ones; S3 deletes within another
VIEWS, HOURLY, DAILY = (  # all; and how many hold the newest hours, or days, and are written anew with them
    len(kpis.VIEWS),
    sum(view.window is not None and not view.cached for view in kpis.VIEWS),
    sum(view.cached for view in kpis.VIEWS),
)
ALARMS, METRICS = 4, 1  # infra/alarms.tf
POLL = 30  # seconds between the state machine's looks at the crawler


def ticks_of(i: Inputs) -> float:
    """Ticks in a month."""
    return HOURS * 60 / i.every


def usage(i: Inputs, work: Counted, month: int) -> Usage:
    """What the stack uses in its `month`-th month."""
    return {
        **_compute(i),
        **_steps(i, work),
        **_requests(i, work, month),
        **_storage(i, work, month),
        **_watching(i, month),
    }


def bytes_out(i: Inputs, work: Counted) -> float:
    """What reaches the Dagster host in a month."""
    return sum(times * part.bytes for times, part in _parts(i, work)) if i.orchestrator == "dagster" else 0


def crawls_of(i: Inputs) -> float:
    """Crawls in a month: the state machine starts one each tick, Dagster only for an hour that is new."""
    if i.catalog_mode != "crawler":
        return 0
    return min(ticks_of(i), HOURS) if i.orchestrator == "dagster" else ticks_of(i)


def crawl_hours(i: Inputs) -> float:
    """DPU-hours of one crawl, as billed."""
    return i.crawl_dpu * max(LEAST_CRAWL, i.crawl_seconds) / 3600


def days_until(month: int) -> float:
    """The age of the lake in the middle of a month."""
    return DAYS * (month - 0.5)


def _parts(i: Inputs, work: Counted) -> list[tuple[float, Work]]:
    """The kinds of work, and how often each happens in a month."""
    ticks = (ticks_of(i), work.tick[i.orchestrator])
    if i.orchestrator != "dagster":
        return [ticks]
    seconds = HOURS * 3600
    return [
        ticks,
        (seconds / i.healing_seconds, work.healing),
        (seconds / i.staleness_seconds, work.staleness),
    ]


def _run(i: Inputs) -> tuple[float, float]:
    """DPU and seconds of a run of the Glue job."""
    return (i.shell_dpu, i.shell_seconds) if i.job_type == "pythonshell" else (i.spark_dpu, i.spark_seconds)


def _compute(i: Inputs) -> Usage:
    ticks, (dpu, seconds) = ticks_of(i), _run(i)
    return {
        "lambda_requests": ticks,
        "lambda_gb_seconds": ticks * i.lambda_seconds * i.memory / 1024,
        "glue_dpu_hours": ticks * dpu * max(LEAST_RUN, seconds) / 3600,
        "crawler_dpu_hours": crawls_of(i) * crawl_hours(i),
    }


def _steps(i: Inputs, work: Counted) -> Usage:
    """The clock and the state machines, where Dagster is neither."""
    if i.orchestrator == "dagster":
        return {"transitions": 0, "scheduler": 0}
    crawl = 1 + 3 * math.ceil(i.crawl_seconds / POLL) if i.catalog_mode == "crawler" else 0
    transitions = work.tick[i.orchestrator].transitions + crawl
    return {
        "transitions": ticks_of(i) * transitions + DAYS * (1 + VIEWS),
        "scheduler": ticks_of(i) + DAYS,
    }


def _requests(i: Inputs, work: Counted, month: int) -> Usage:
    parts = _parts(i, work)
    questions = sum(times * part.questions for times, part in parts)
    # By its state machine every view is written anew each day.
    weeks = DAYS * WEEKS if i.orchestrator == "dagster" else 0
    statements = HOURLY * HOURS + DAILY * DAYS if i.orchestrator == "dagster" else DAYS * VIEWS
    waiting = ticks_of(i) * (i.lambda_seconds + _run(i)[1]) if i.orchestrator == "dagster" else 0
    cold = i.raw_bytes > NEVER_COLD and days_until(month) > i.raw_cold_after
    crawled = crawls_of(i) * min(HOURS, ticks_of(i)) * (month - 0.5)  # files, each time all of them
    return {
        "athena_tb": (questions * max(LEAST_QUESTION, WINDOW * i.clean_bytes) + weeks * i.clean_bytes) / TB,
        "s3_put": sum(times * part.put for times, part in parts) + (questions + statements) * i.athena_put,
        "s3_list": sum(times * part.list for times, part in parts)
        + questions * i.athena_list
        + weeks
        + crawled / 1000,
        "s3_get": sum(times * part.get for times, part in parts)
        + questions * i.athena_get
        + weeks * WEEKS_GET
        + waiting
        + crawled,
        "s3_moves": ticks_of(i) if cold else 0,
        "catalog_requests": sum(times * part.catalog for times, part in parts) + questions * WINDOW,
    }


def _storage(i: Inputs, work: Counted, month: int) -> Usage:
    """What lies in the bucket: raw by class, clean, its older versions, and query results."""
    age, last_26_hours = days_until(month), 1440 / i.every
    hours = min(24, last_26_hours)
    warm = age if i.raw_bytes <= NEVER_COLD else min(age, i.raw_cold_after)
    older = max(0.0, last_26_hours / 24 - 1) * OLDER * min(age, i.old_version_days)
    results = work.tick[i.orchestrator].questions * last_26_hours * i.answer_bytes
    reports = last_26_hours * OLD_REPORT_DAYS * i.report_bytes if i.orchestrator == "dagster" else 0
    standard = (
        last_26_hours * warm * i.raw_bytes
        + hours * (age + older) * i.clean_bytes
        + results * min(age, i.temporary_days + i.old_version_days)
        + reports
    )
    return {
        "s3_standard": standard / GB,
        "s3_cold": last_26_hours * (age - warm) * max(i.raw_bytes, LEAST_COLD) / GB,
        "catalog_objects": hours * age + VIEWS + 2,
    }


def _watching(i: Inputs, month: int) -> Usage:
    last_26_hours = 1440 / i.every * i.log_bytes
    return {
        "log_gb": last_26_hours * DAYS / GB,
        "log_stored_gb": last_26_hours * min(days_until(month), i.log_days) / GB,
        "metrics": METRICS,
        "alarms": ALARMS,
        "traces": ticks_of(i),
        "emails": i.emails,
        "budgets": 1,
    }
