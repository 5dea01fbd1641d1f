"""`velib cost`: the monthly bill, which is quantities times prices, as JSON data or as a table."""

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

from tabulate import tabulate

from velib_assets.catalog.declared_tables import OTHER_TABLES
from velib_assets.cost.inputs import DAYS, GB, HOURS, DeployedInputs, Inputs
from velib_assets.cost.rebuild_bill import rebuild_quantities, warm_and_cold_days
from velib_assets.lake.folder_store import FolderStore
from velib_assets.query import kpis
from velib_assets.settings import Settings

Input = float | str | None
MONTHS = {"month_1": 1, "month_12": 12}
TB = 1e12
VIEWS = len(kpis.VIEWS) + 1  # and station_events
_HEAD = ("US dollars", "per month", "unit", "price", "per", "free", "month 1", "month 12")
_FORMATS = ("", ",.2f", "", *[",.8g"] * 3, ",.2f", ",.2f")
TABLES = len(OTHER_TABLES) + 2  # and source_velib, velib_history
REGISTER_GETS = 2  # to replace the station register, besides the requests of every tick
PREVIOUS_HOUR_LISTS = 2  # its raw and quarantine, by the first tick of an hour
WEEK_LISTS = 3  # of history: by the host to find current days, and by the query for two months
HOURLY = sum(view.window is not None and not view.cached for view in kpis.VIEWS)  # replaced every hour
DAILY = sum(view.cached for view in kpis.VIEWS)  # replaced every day


def cost_report(settings: Settings, given: Mapping[str, Input], form: str) -> tuple[str, list[str]]:
    """Return the bill as `table` or `json`, and one warning per call that AWS refused.

    `given` holds the options of the command line by name; None if not used.
    """
    aws = settings.target == "aws"
    inputs = (
        DeployedInputs(settings.names, settings.catalog_mode, settings.clean_runtime) if aws else Inputs()
    )
    if settings.clean_runtime == "lambda":
        inputs.set("set: VELIB_CLEAN_RUNTIME", job_type="lambda")
    if not aws:
        inputs.set_sizes(FolderStore(settings.lake))
    for name, value in given.items():
        inputs.set(f"given: --{name.replace('_', '-')}", **{name: value})
    bill = make_bill(inputs)
    return json.dumps(bill, indent=2) if form == "json" else to_table(bill), inputs.warnings


def make_bill(inputs: Inputs) -> dict[str, Any]:
    """Compute the lines, their totals without the host of Dagster, and what they are based on.

    `host` and `rebuild` have lines of their own, which are in no total: a host may be outside AWS, and all
    hours are cleaned again once, if ever.
    """
    used = {column: quantities(inputs, month) for column, month in MONTHS.items()}
    lines = [_line(name, price, used) for name, price in inputs.prices["bill"].items()]
    paid = {m: sum(line[m]["quantity"] * line["price"] / line["per"] for line in lines) for m in MONTHS}
    hosts = inputs.prices["host"] if inputs.by_dagster else {}
    again = {column: rebuild_quantities(inputs, month) for column, month in MONTHS.items()}
    rebuild = [_line(name, price, again) for name, price in inputs.prices["rebuild"].items()]
    return {
        "currency": "USD",
        "prices": {name: inputs.prices[name] for name in ("collected", "region")},
        "lines": lines,
        "total": {column: sum(line[column]["cost"] for line in lines) for column in MONTHS},
        "total_without_free_tiers": paid,
        "host": [_line(name, price, used) for name, price in hosts.items()],
        "rebuild": rebuild,
        "rebuild_total": {column: sum(line[column]["cost"] for line in rebuild) for column in MONTHS},
        "inputs": [{"name": name, **entry} for name, entry in inputs.table.items()],
        "work": inputs.counts,
    }


def _line(name: str, price: dict[str, Any], used: Mapping[str, Mapping[str, float]]) -> dict[str, Any]:
    line = {"name": name, "per": 1, "free": 0, **price}
    for column in MONTHS:
        quantity = used[column][name] if name in used[column] else price["quantity"]
        cost = max(0, quantity - line["free"]) * line["price"] / line["per"]
        line[column] = {"quantity": quantity, "cost": cost}
    return line


def quantities(i: Inputs, month: int) -> dict[str, float]:
    """Compute the quantity of each line of prices.toml in the `month`-th month; of what grows, the mean."""
    age = DAYS * (month - 0.5)  # days of history in the middle of the month
    function = i.job_type == "lambda"  # cleans instead of the Glue job
    shell = (i.shell_dpu, i.shell_seconds) if i.job_type == "pythonshell" else (i.spark_dpu, i.spark_seconds)
    dpu, seconds = (0, i.clean_seconds) if function else shell
    daily = DAYS + i.by_dagster  # runs for a day, of which the state machine's also compact a month
    calls = i.ticks + ((i.ticks + daily) if function else 0)
    cleaned = (i.ticks * i.clean_seconds + daily * i.history_seconds) * i.clean_memory if function else 0
    billed = i.ticks * max(i.min_run_seconds, seconds) + daily * max(i.min_run_seconds, i.history_seconds)
    crawls, polls = 0.0, 0
    if i.catalog_mode == "crawler":  # the state machine crawls at each tick, Dagster only for a new hour
        crawls = min(i.ticks, HOURS) if i.by_dagster else i.ticks
        polls = 1 + 3 * math.ceil(i.crawl_seconds / i.poll_seconds)
    crawled = crawls * min(HOURS, i.ticks) * (month - 0.5)  # files, each listed and read
    queries, logs = i.monthly("queries"), (i.ticks + daily) * i.log_bytes / GB
    scanned = queries * max(i.min_query_bytes, i.query_partitions * i.clean_bytes)
    replaced = min(i.ticks, HOURS)  # the register: at the first tick of an hour
    puts = i.monthly("put") + replaced
    gets = i.monthly("get") + queries * i.athena_get + crawled + replaced * REGISTER_GETS
    lists = i.monthly("list") + queries * i.athena_list + crawled / 1000
    if i.by_dagster:
        transitions, starts, statements = 0.0, 0.0, HOURLY * HOURS + DAILY * DAYS
        weeks = DAYS
        puts, gets = puts + statements, gets + statements  # the definition of a replaced view is stored
        lists += replaced * PREVIOUS_HOUR_LISTS + weeks * (i.week_hours + WEEK_LISTS)
        # For messages, one GET per second.
        polling = i.ticks * (i.lambda_seconds + seconds) + daily * i.history_seconds
        footers = HOURS * 3600 / i.daily_healing_seconds * i.daily_healing_gets
        gets += weeks * (i.week_days + i.week_hours) * i.week_gets + polling + footers
    else:
        transitions = i.monthly("transitions") + i.ticks * polls + DAYS * (1 + VIEWS)
        starts, statements, weeks = i.ticks + 2 * DAYS, VIEWS * DAYS, 0
    puts += (queries + statements + weeks) * i.athena_put
    return {
        "lambda_requests": calls,
        "lambda_gb_seconds": (i.ticks * i.lambda_seconds * i.memory + cleaned) / 1024,
        "glue_dpu_hours": dpu * billed / 3600,
        "crawler_dpu_hours": crawls * i.crawl_dpu * max(i.min_crawl_seconds, i.crawl_seconds) / 3600,
        "transitions": transitions,
        "scheduler": starts,
        "athena_tb": (scanned + weeks * (i.week_days * i.history_bytes + i.week_hours * i.clean_bytes)) / TB,
        "s3_put": puts,
        "s3_list": lists,
        "s3_get": gets,
        "catalog_requests": i.monthly("catalog") + queries * i.query_partitions,
        "log_gb": logs,
        "log_stored_gb": logs / DAYS * min(age, i.log_days),
        "traces": calls,
        "transfer": i.monthly("bytes") / GB,
        "emails": i.emails,
        **_storage(i, age),
        **_encryption(i, puts + gets),
    }


def _encryption(i: Inputs, requests: float) -> dict[str, float]:
    """The key, and its share of the requests that write or read an object; nothing without a key."""
    encrypted = i.encryption == "sse_kms"
    return {"kms_keys": float(encrypted), "kms_requests": encrypted * requests * i.kms_share}


def _storage(i: Inputs, age: float) -> dict[str, float]:
    """GB in the bucket: raw by storage class, clean and its old versions, the daily layer, results, reports.

    The history of a day is in a file of its own, and from the end of the month in the month's file too.
    """
    ticks, hours = i.per_day, min(24, i.per_day)
    warm, cold = warm_and_cold_days(i, age)
    older = max(0.0, ticks / 24 - 1) * i.older_size * min(age, i.old_version_days)
    results = i.monthly("queries") / DAYS * min(age, i.temporary_days + i.old_version_days)
    reports = ticks * i.old_report_days if i.by_dagster else 0
    clean = hours * (age + older) * i.clean_bytes
    register = (1 + hours * min(age, i.old_version_days)) * i.register_bytes  # replaced once per hour
    small = results * i.result_bytes + reports * i.report_bytes + register
    months = age // DAYS
    history = (age + months * DAYS) * i.history_bytes + (age * i.daily_kpi_bytes if i.by_dagster else 0)
    standard = ticks * warm * i.raw_bytes + clean + history + small
    return {
        "s3_moves": i.ticks if cold else 0,
        "s3_standard": standard / GB,
        "s3_cold": ticks * cold * max(i.raw_bytes, i.min_cold_bytes) / GB,
        "catalog_objects": 1 + TABLES + VIEWS + hours * age + months + 1,
    }


def to_table(bill: Mapping[str, Any]) -> str:
    """Format the bill for the terminal."""
    rows = _rows([*bill["lines"], *bill["host"]])
    totals = {"Total, without a host": bill["total"], "without free tiers": bill["total_without_free_tiers"]}
    rows += [(what, *[None] * 5, *costs.values()) for what, costs in totals.items()]
    lines = tabulate(rows, _HEAD, floatfmt=_FORMATS, intfmt=",")
    head = ("all hours cleaned again", "once", *_HEAD[2:6], "after month 1", "after 12")
    again = [
        *_rows(bill["rebuild"], "month_12"),
        ("Total, once", *[None] * 5, *bill["rebuild_total"].values()),
    ]
    once = tabulate(again, head, floatfmt=_FORMATS, intfmt=",")
    facts = [(entry["what"], entry["value"], entry["basis"]) for entry in bill["inputs"]]
    facts.append(("requests per tick and sensor", "work.toml", f"measured: {bill['work']['measured']}"))
    collected = "{region}, collected {collected}".format(**bill["prices"])
    facts.append(("list prices, without tax", "prices.toml", collected))
    basis = tabulate(facts, ("based on", "", ""), disable_numparse=True, colalign=("left", "right", "left"))
    return f"{lines}\n\n{once}\n\n{basis}"


def _rows(lines: Sequence[Mapping[str, Any]], shown: str = "month_1") -> list[tuple[Any, ...]]:
    """Return the rows of a table: the lines that have a quantity, of which that of one month is shown."""
    rows = []
    for line in lines:
        if any(line[column]["quantity"] for column in MONTHS):
            price, costs = [line[name] for name in _HEAD[2:6]], [line[column]["cost"] for column in MONTHS]
            rows.append((line["what"], line[shown]["quantity"], *price, *costs))
    return rows
