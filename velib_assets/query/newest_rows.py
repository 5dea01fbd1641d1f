"""Questions for what is newest, which the newest partitions alone can answer.

Belongs here: finding `max(ingested_ts)` and `ORDER BY ingested_ts DESC LIMIT n` in a question; an hour's
rows lie within it, so newer partitions hold newer rows. Does not: running anything.
"""

from datetime import datetime

from sqlglot import exp

from velib_assets.query.athena_dialect import TABLES, tables_of
from velib_assets.query.kpis import VIEWS

_ORDERED = ("date", "ingested_ts")
_WINDOWED = {kpi.name for kpi in VIEWS if not kpi.hourly}
_PLAIN = {"expressions", "from_", "where"}


def newest_value_selects(tree: exp.Expr) -> list[exp.Select]:
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


def newest_rows(tree: exp.Expr) -> int | None:
    """The n of a question that ends in ORDER BY ingested_ts DESC LIMIT n over one table; None for others."""
    if not isinstance(tree, exp.Select) or not _reads_one_table(tree, {"order", "limit"}):
        return None
    order, limit = tree.args.get("order"), tree.args.get("limit")
    if not order or not isinstance(limit, exp.Limit) or not isinstance(limit.expression, exp.Literal):
        return None
    first, computed = order.expressions[0], (exp.AggFunc, exp.Window, exp.Unnest, exp.Explode)
    by = first.this
    if isinstance(by, exp.Column) and not by.table:  # the name of a column of the result
        by = next((p.unalias() for p in tree.selects if p.alias == by.name), by)
    timely = isinstance(by, exp.Column) and bool(by.table) and by.name == "ingested_ts"
    if not timely or not first.args.get("desc") or any(p.find(*computed) for p in tree.selects):
        return None
    return int(limit.expression.this)


def _asks_newest(select: exp.Select) -> bool:
    newest = select.expressions[0].unalias() if len(select.expressions) == 1 else None
    return (
        isinstance(newest, exp.Max)
        and not newest.expressions
        and isinstance(newest.this, exp.Column)
        and newest.this.name in _ORDERED
        and _reads_one_table(select)
    )


def _reads_one_table(select: exp.Select, also: frozenset[str] | set[str] = frozenset()) -> bool:
    """Whether a select has no more than columns, one table with hours and a WHERE of its own columns."""
    parts = {name for name, value in select.args.items() if value}
    table = select.args["from_"].this if "from_" in parts else None
    if parts - _PLAIN - also or not isinstance(table, exp.Table) or table not in tables_of(select):
        return False
    names = {column.name for column in TABLES.get(table.name, ())}
    where = select.args.get("where")
    columns = [
        c for part in (*select.expressions, *([where] if where else [])) for c in part.find_all(exp.Column)
    ]
    return (
        table.name not in _WINDOWED
        and not any(select.find_all(exp.Rand, exp.Subquery, exp.Exists))
        and all(column.table == table.alias_or_name and column.name in names for column in columns)
    )
