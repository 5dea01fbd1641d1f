"""Which partitions a question can need, read from its conditions.

Belongs here: conclusions from conditions on `date`, `hour` and `ingested_ts` (an hour's rows lie within
it). Does not: running anything. Where it concludes nothing, every partition is needed.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from operator import ge, gt, le, lt
from typing import Any

from sqlglot import exp

from velib_assets.catalog.catalog import Partition
from velib_assets.query.athena_dialect import tables_of
from velib_assets.query.kpis import VIEWS

Constant = Callable[[exp.Expr, str], str | datetime | None]
"""The value of an expression without columns: text, or a plain UTC timestamp; None where unknown."""

Test = Callable[[Partition], bool]
"""Whether a partition may hold what is asked for."""

_PRUNES = {"date", "hour", "ingested_ts"}
_WINDOWS = {view.name: view.window.hours for view in VIEWS if view.window}
_SAME_HOUR = timedelta(hours=1) - timedelta(milliseconds=1)
_TURNED: dict[type[exp.Expr], type[exp.Expr]] = {
    exp.GT: exp.LT,
    exp.GTE: exp.LTE,
    exp.LT: exp.GT,
    exp.LTE: exp.GTE,
    exp.EQ: exp.EQ,
}
# For each operator: may a partition whose values lie in first..last hold one that fits the constant?
_MAY_FIT: dict[type[exp.Expr], Callable[[Any, Any, Any], bool]] = {
    exp.EQ: lambda first, last, value: bool(first <= value <= last),
    exp.GT: lambda _, last, value: gt(last, value),
    exp.GTE: lambda _, last, value: ge(last, value),
    exp.LT: lambda first, _, value: lt(first, value),
    exp.LTE: lambda first, _, value: le(first, value),
}


def needed(
    tree: exp.Expr, partitions: Sequence[Partition], newest: datetime | None, constant: Constant
) -> list[Partition]:
    """The partitions that a parsed question can need; `newest` is the newest hour that can be read."""
    found: set[Partition] = set()
    for table in tables_of(tree):
        if table.name in _WINDOWS:
            window = set(_WINDOWS[table.name](newest) if newest else ())
            found.update(p for p in partitions if p.hour in window)
            continue
        kept: Iterable[Partition] = partitions
        for test in _tests(table, constant):
            kept = list(filter(test, kept))
        found.update(kept)
    return sorted(found)


def _tests(table: exp.Table, constant: Constant) -> Iterator[Test]:
    """What the conditions over a table say of its partitions, one test a condition."""
    source = table.parent
    select = source.parent if isinstance(source, (exp.From, exp.Join)) else None
    for condition in _conditions(select) if isinstance(select, exp.Select) else ():
        if (test := _test_of(condition, table, constant)) is not None:
            yield test


def _test_of(node: exp.Expr, table: exp.Table, constant: Constant) -> Test | None:
    """Whether a partition may hold a row that fulfils a condition; None where nothing can be concluded."""
    condition = node.unnest()
    if isinstance(condition, exp.And):
        known = [test for part in condition.flatten() if (test := _test_of(part, table, constant))]
        return _every(known) if known else None
    if isinstance(condition, exp.Or):
        options = [_test_of(part, table, constant) for part in condition.flatten()]
        told = [test for test in options if test]
        return _any(told) if len(told) == len(options) else None
    tests = []
    for column, operator, constants in _comparisons(condition):
        if column.table == table.alias_or_name and column.name in _PRUNES:
            values = [constant(_resolved(option), column.name) for option in constants]
            if None not in values:
                tests.append(_test(column.name, _MAY_FIT[operator], values))
    return _every(tests) if tests else None


def _every(tests: Sequence[Test]) -> Test:
    return lambda partition: all(test(partition) for test in tests)


def _any(tests: Sequence[Test]) -> Test:
    return lambda partition: any(test(partition) for test in tests)


def _conditions(select: exp.Select) -> Iterator[exp.Expr]:
    """What every row must fulfil that comes out of a select: its WHERE, and ON of its inner joins."""
    where = select.args.get("where")
    inner = [join.args.get("on") for join in select.args.get("joins") or () if not join.side]
    for condition in (where.this if where else None, *inner):
        if condition is not None:
            yield from condition.flatten() if isinstance(condition, exp.And) else [condition]


def _resolved(node: exp.Expr) -> exp.Expr:
    """What a column stands for where its source is one row of constants, else the node itself."""
    select = node.find_ancestor(exp.Select) if isinstance(node, exp.Column) and node.table else None
    if select is None:
        return node
    for source in [select.args["from_"].this, *(join.this for join in select.args.get("joins") or ())]:
        if source.alias_or_name == node.text("table"):
            query = source.this if isinstance(source, exp.Subquery) else _query_in_with(source)
            if isinstance(query, exp.Select) and not query.args.get("from_"):
                return next((p.unalias() for p in query.selects if p.alias == node.name), node)
    return node


def _query_in_with(source: exp.Expr) -> exp.Expr | None:
    if not isinstance(source, exp.Table) or source.db:
        return None
    ctes = source.root().find_all(exp.CTE)
    named = [cte.this for cte in ctes if cte.alias == source.name]
    return named[0] if len(named) == 1 else None


def _comparisons(
    node: exp.Expr | None,
) -> Iterator[tuple[exp.Column, type[exp.Expr], list[exp.Expr]]]:
    if isinstance(node, exp.Between) and isinstance(node.this, exp.Column):
        yield node.this, exp.GTE, [node.args["low"]]
        yield node.this, exp.LTE, [node.args["high"]]
    elif isinstance(node, exp.In) and isinstance(node.this, exp.Column) and node.expressions:
        yield node.this, exp.EQ, list(node.expressions)
    elif isinstance(node, exp.Binary) and type(node) in _TURNED:
        if isinstance(node.this, exp.Column):
            yield node.this, type(node), [node.expression]
        elif isinstance(node.expression, exp.Column):
            yield node.expression, _TURNED[type(node)], [node.this]


def _test(name: str, may_fit: Callable[[Any, Any, Any], bool], values: list[Any]) -> Test:
    def test(partition: Partition) -> bool:
        first, last = _range(name, partition.hour)
        return any(may_fit(first, last, value) for value in values)

    return test


def _range(name: str, hour: datetime) -> tuple[Any, Any]:
    """The least and the greatest value that a column may have in an hour's partition."""
    if name == "ingested_ts":
        start = hour.replace(tzinfo=None)
        return start, start + _SAME_HOUR
    text = hour.isoformat()
    value = text[:10] if name == "date" else text[11:13]
    return value, value
