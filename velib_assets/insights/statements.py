"""The SQL of this folder's queries: the .sql files with the shared conditions and constants filled in."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, datetime
from string import Template
from typing import Any

from velib_assets.lake.keys import day_text
from velib_assets.lake.local_days import day_bounds
from velib_assets.lake.months import month_text
from velib_assets.lake.network import time_zone
from velib_assets.query.engine import QueryEngine, QueryError
from velib_assets.query.network_sql import sql_file
from velib_assets.query.view_sql import conditions
from velib_assets.query.windows import DAY, partition_filter

_UNDECLARED = re.compile(r"TABLE_NOT_FOUND|INVALID_VIEW|VIEW_IS_(STALE|INVALID)")


def recent_statement(name: str, newest: datetime | None, **texts: str) -> str:
    """Return a statement over the newest 26 hours; `texts` are quoted."""
    hours = partition_filter(DAY.hours(newest))
    return _filled(name, {DAY.placeholder: hours}, texts)


def days_statement(name: str, days: Sequence[date], **texts: str) -> str:
    """Return a statement over the stored rows of these local days; `texts` are quoted."""
    listed = ", ".join(quoted(day_text(day)) for day in days)
    return _filled(name, {"days": f'"date" IN ({listed})'}, texts)


def period_statement(name: str, first: date, last: date, **texts: str) -> str:
    """Return a statement over the stored rows of the local days `first` to `last`; `texts` are quoted."""
    days = f'"date" BETWEEN {quoted(day_text(first))} AND {quoted(day_text(last))}'
    return _filled(name, {"days": days}, texts)


def history_statement(name: str, first: date, last: date, *, by_month: bool = False, **texts: str) -> str:
    """Return a statement over the history of the local days `first` to `last`; `texts` are quoted.

    With `by_month`, the history has the partition key `month`, which is then filtered too.
    """
    start, end = day_bounds(first)[0], day_bounds(last)[1]
    filters = [f"\"date\" BETWEEN '{day_text(start.date())}' AND '{day_text(end.date())}'"]
    if by_month:
        filters.append(f"\"month\" BETWEEN '{month_text(start.date())}' AND '{month_text(end.date())}'")
    filters += [f"ingested_ts >= {_timestamp(start)}", f"ingested_ts < {_timestamp(end)}"]
    return _filled(name, {"span": " AND ".join(filters)}, texts)


def events_statement(name: str, day: date) -> str:
    """Return a statement over the events of a local day."""
    start, end = day_bounds(day)
    return _filled(name, {"day": f"event_ts >= {_timestamp(start)} AND event_ts < {_timestamp(end)}"}, {})


def stored_rows(engine: QueryEngine, sql: str) -> list[dict[str, Any]]:
    """Return the rows of a statement; none if its tables are not declared on AWS yet: no day was stored.

    Raises:
        QueryError: The query failed for another reason.
    """
    try:
        rows: list[dict[str, Any]] = engine.query_table(sql).to_pylist()
    except QueryError as error:
        if not _UNDECLARED.search(str(error)):
            raise
        return []
    return rows


def quoted(text: str) -> str:
    """Return text as a literal of SQL."""
    return "'" + text.replace("'", "''") + "'"


def _filled(name: str, parts: dict[str, str], texts: dict[str, str]) -> str:
    sql = sql_file("velib_assets.insights", name)
    values = parts | {key: quoted(text) for key, text in texts.items()}
    return Template(sql).substitute(conditions(), time_zone=quoted(time_zone()), **values)


def _timestamp(moment: datetime) -> str:
    return f"TIMESTAMP '{moment:%Y-%m-%d %H:%M:%S}.000'"
