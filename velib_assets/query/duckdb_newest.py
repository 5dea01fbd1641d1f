"""Recognises queries for the newest rows, for which the newest partitions are enough.

These are `SELECT max(ingested_ts)` and `ORDER BY ingested_ts DESC LIMIT n`. A newer partition contains only
newer rows.
"""

from datetime import datetime

from sqlglot import exp

from velib_assets.lake.schema import DATABASE
from velib_assets.query.kpis import HOURLY

_ORDERED = ("date", "ingested_ts")
_PLAIN = {"expressions", "from_", "where"}
_COMPUTED = (exp.AggFunc, exp.Window, exp.Unnest, exp.Explode)


def newest_value_selects(tree: exp.Expr) -> list[exp.Select]:
    """Return the SELECTs in a query that return the newest `ingested_ts` or `date` of one table or view."""
    return [select for select in tree.find_all(exp.Select) if _is_newest_value(select)]


def replace_by_value(select: exp.Select, value: str | datetime | None) -> None:
    """Replace a SELECT by one that returns a constant, without FROM."""
    constant: exp.Expr = exp.Null() if value is None else exp.Literal.string(str(value))
    if isinstance(value, datetime):
        constant = exp.cast(constant, "timestamp")
    name = select.selects[0].alias_or_name
    select.set("expressions", [exp.alias_(constant, name, quoted=True) if name else constant])
    select.set("from_", None)
    select.set("where", None)


def newest_rows(tree: exp.Expr) -> int | None:
    """Return n for a query on one table that ends in ORDER BY ingested_ts DESC LIMIT n, else None."""
    if not isinstance(tree, exp.Select) or not _reads_one_table(tree, "order", "limit"):
        return None
    order, limit = tree.args.get("order"), tree.args.get("limit")
    if not order or not isinstance(limit, exp.Limit) or not isinstance(limit.expression, exp.Literal):
        return None
    first = order.expressions[0]
    by = first.this
    if isinstance(by, exp.Column) and not by.table:  # refers to a column of the result
        by = next((p.unalias() for p in tree.selects if p.alias == by.name), by)
    by_time = isinstance(by, exp.Column) and bool(by.table) and by.name == "ingested_ts"
    if not by_time or not first.args.get("desc") or any(p.find(*_COMPUTED) for p in tree.selects):
        return None
    return int(limit.expression.this)


def _is_newest_value(select: exp.Select) -> bool:
    value = select.expressions[0].unalias() if len(select.expressions) == 1 else None
    return (
        isinstance(value, exp.Max)
        and not value.expressions
        and isinstance(value.this, exp.Column)
        and value.this.name in _ORDERED
        and _reads_one_table(select)
    )


def _reads_one_table(select: exp.Select, *other_clauses: str) -> bool:
    """Return whether a SELECT has only columns of one hourly table or view, FROM, WHERE and these clauses."""
    parts = {name for name, value in select.args.items() if value}
    table = select.args["from_"].this if "from_" in parts else None
    if parts - _PLAIN - {*other_clauses} or not isinstance(table, exp.Table) or table.db != DATABASE:
        return False
    nodes = [*select.expressions, *([select.args["where"]] if "where" in parts else [])]
    columns = [column for node in nodes for column in node.find_all(exp.Column)]
    return (
        table.name in HOURLY
        and not select.find(exp.Rand, exp.Subquery, exp.Exists)
        and all(column.table == table.alias_or_name for column in columns)
    )
