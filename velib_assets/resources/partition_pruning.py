"""Which partitions a question can need, read from its conditions; and `max(ingested_ts)` without a scan.

Belongs here: conclusions from conditions on `date`, `hour` and `ingested_ts` (an hour's rows lie within
it). Does not: running anything. Where it concludes nothing, every partition is needed.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from operator import ge, gt, le, lt
from typing import Any

from sqlglot import exp

from velib_assets.core.kpis import KPIS
from velib_assets.resources.athena_dialect import TABLES, tables_of
from velib_assets.resources.catalog import Partition

Constant = Callable[[exp.Expr, str], str | datetime | None]
"""The value of an expression without columns: text, or a plain UTC timestamp; None where unknown."""

ORDERED = ("date", "ingested_ts")
_PRUNES = {"date", "hour", "ingested_ts"}
_WINDOWED = {kpi.name for kpi in KPIS if not kpi.hourly}
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
    tree: exp.Expr, partitions: Sequence[Partition], window: Sequence[datetime], constant: Constant
) -> list[Partition]:
    """The partitions that a parsed question can need; `window` is what kpi_top10_2hour reads."""
    found: set[Partition] = set()
    for table in tables_of(tree):
        if table.name in _WINDOWED:
            found.update(p for p in partitions if p.hour in window)
            continue
        kept: Iterable[Partition] = partitions
        for test in _tests(table, constant):
            kept = list(filter(test, kept))
        found.update(kept)
    return sorted(found)


def newest_selects(tree: exp.Expr) -> list[exp.Select]:
    """The parts of a question that only ask for the newest `ingested_ts` or `date` of one table or view."""
    return [select for select in tree.find_all(exp.Select) if _asks_newest(select)]


def put_value(select: exp.Select, value: str | datetime | None) -> None:
    """Write the value of such a part in its place."""
    if isinstance(value, datetime):
        constant: exp.Expr = exp.cast(exp.Literal.string(value.isoformat(" ")), "timestamp")
    else:
        constant = exp.Null() if value is None else exp.Literal.string(value)
    holder = select.parent if isinstance(select.parent, exp.Subquery) else None
    user = holder.parent if holder else None
    if isinstance(user, exp.In) and user.args.get("query") is holder:
        user.set("query", None)
        user.set("expressions", [constant])
    elif holder and isinstance(user, (exp.Binary, exp.Between, exp.Paren)) and not holder.alias:
        holder.replace(constant)
    else:
        select.set("from_", None)
        select.set("where", None)
        select.set("expressions", [exp.alias_(constant, select.selects[0].alias_or_name, quoted=True)])


def _asks_newest(select: exp.Select) -> bool:
    parts = {name for name, value in select.args.items() if value and name not in ("kind", "hint")}
    if parts - {"expressions", "from_", "where"} or len(select.expressions) != 1 or "from_" not in parts:
        return False
    newest, table = select.expressions[0].unalias(), select.args["from_"].this
    if not isinstance(newest, exp.Max) or not isinstance(newest.this, exp.Column) or newest.expressions:
        return False
    if not isinstance(table, exp.Table) or table not in tables_of(select):
        return False
    where = select.args.get("where")
    inner = list(select.find_all(exp.Column))
    return (
        newest.this.name in ORDERED
        and table.name not in _WINDOWED
        and not (where and where.find(exp.Query, exp.Rand))
        and all(column.table == table.alias_or_name and column.name in _names(table) for column in inner)
    )


def _names(table: exp.Table) -> set[str]:
    return {column.name for column in TABLES[table.name]}


def _tests(table: exp.Table, constant: Constant) -> Iterator[Callable[[Partition], bool]]:
    """What the WHERE over a table says of its partitions, one test a condition."""
    source = table.parent
    select = source.parent if isinstance(source, (exp.From, exp.Join)) else None
    where = select.args.get("where") if isinstance(select, exp.Select) else None
    for condition in where.this.flatten() if where and isinstance(where.this, exp.And) else [where]:
        part = condition.this if isinstance(condition, exp.Where) else condition
        for column, operator, options in _comparisons(part.unnest() if part else None):
            if column.table == table.alias_or_name and column.name in _PRUNES:
                values = [constant(option, column.name) for option in options]
                if None not in values:
                    yield _test(column.name, _MAY_FIT[operator], values)


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


def _test(
    name: str, may_fit: Callable[[Any, Any, Any], bool], values: list[Any]
) -> Callable[[Partition], bool]:
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
