"""Hints for conditions on the partition keys that cannot mean what they say: `hour = '7'` matches nothing.

`date` and `hour` are text. Comparing them with text of another form is valid SQL, and silently selects
no rows.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from typing import NamedTuple

from sqlglot import exp
from sqlglot.optimizer.scope import Scope, traverse_scope

from velib_assets.query.daily_kpis import DAILY_KPIS
from velib_assets.query.duckdb_guard import parse
from velib_assets.query.engine import QueryError
from velib_assets.query.kpis import HOURLY
from velib_assets.query.lake_tables import LAKE_TABLES

_DAILY = {name for kpi in DAILY_KPIS for name in (kpi.name, kpi.table)}
_PARTITIONED = HOURLY | _DAILY | {table.name for table in LAKE_TABLES if table.hourly}
_EXACT = (exp.EQ, exp.NEQ, exp.In)
_ORDERED = (exp.GT, exp.GTE, exp.LT, exp.LTE, exp.Between)
_LAST_HOUR = 23
_DATE_START = re.compile(r"\d{4}(-\d{2}(-\d{2})?)?", re.ASCII)  # also a useful bound: date >= '2022-06'
_NUMBERS = re.compile(r"\d+", re.ASCII)


class _Comparison(NamedTuple):
    key: str
    value: exp.Literal
    exact: bool


def partition_hints(sql: str) -> list[str]:
    """Return one hint for each literal that no partition key can equal, in the order of the query.

    A query that cannot be parsed gets none: running it reports why.
    """
    try:
        tree = parse(sql)
    except QueryError:
        return []
    hints = [_hint(comparison) for scope in traverse_scope(tree) for comparison in _comparisons(scope)]
    return list(dict.fromkeys(hint for hint in hints if hint))


def _comparisons(scope: Scope) -> Iterator[_Comparison]:
    for node in scope.find_all(*_EXACT, *_ORDERED):
        if isinstance(node, exp.Between):
            parts = [node.this, node.args["low"], node.args["high"]]
        elif isinstance(node, exp.In):
            parts = [node.this, *node.expressions]
        else:
            parts = [node.this, node.args["expression"]]
        parts = [part.unnest() for part in parts]
        key = next((key for part in parts if (key := _partition_key(part, scope))), None)
        if key:
            exact = isinstance(node, _EXACT)
            yield from (_Comparison(key, part, exact) for part in parts if isinstance(part, exp.Literal))


def _partition_key(node: exp.Expr, scope: Scope) -> str | None:
    """Return `date` or `hour` if a node is that key of a table, also through WITH and subqueries."""
    if not isinstance(node, exp.Column):
        return None
    source = scope.sources.get(node.table)
    if isinstance(source, exp.Table):
        return node.name if source.name in _PARTITIONED and node.name in ("date", "hour") else None
    if isinstance(source, Scope) and isinstance(source.expression, exp.Select):
        selected = next((part for part in source.expression.selects if part.alias_or_name == node.name), None)
        return _partition_key(selected.unalias(), source) if selected else None
    return None


def _hint(comparison: _Comparison) -> str | None:
    text, is_text = comparison.value.name, comparison.value.is_string
    if comparison.key == "hour":
        return _hour_hint(text, is_text=is_text, exact=comparison.exact)
    return _date_hint(text, is_text=is_text, exact=comparison.exact)


def _hour_hint(text: str, *, is_text: bool, exact: bool) -> str | None:
    is_number = _NUMBERS.fullmatch(text) is not None
    in_range = is_number and int(text) <= _LAST_HOUR
    if not is_text:  # Athena refuses it; the local engine compares numbers
        return None if in_range or not exact else "hint: hour is text of two digits, '00' to '23'"
    if is_number and len(text) == 2 and (in_range or not exact):  # noqa: PLR2004 - two digits
        return None
    return (
        f"hint: hour is text of two digits: '{int(text):02}'"
        if in_range
        else ("hint: hour is text of two digits, '00' to '23'")
    )


def _date_hint(text: str, *, is_text: bool, exact: bool) -> str | None:
    if is_text and (_is_day(text) or (not exact and _DATE_START.fullmatch(text))):
        return None
    numbers = _NUMBERS.findall(text)
    if len(numbers) == 1 and len(text) == 8:  # noqa: PLR2004 - 20241105
        numbers = [text[:4], text[4:6], text[6:]]
    for parts in (numbers[:3], numbers[2::-1]):  # year first or last
        if len(parts) == 3 and len(parts[0]) == 4:  # noqa: PLR2004 - year, month, day
            day = f"{parts[0]}-{parts[1]:0>2}-{parts[2]:0>2}"
            if _is_day(day):
                return f"hint: date is text of the form YYYY-MM-DD: '{day}'"
            if is_text and day == text:
                return f"hint: there is no day '{day}'"
    return "hint: date is text of the form YYYY-MM-DD"


def _is_day(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False
