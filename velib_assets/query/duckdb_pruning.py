"""Selects the partitions that a query needs, by its conditions on `date`, `hour` and `ingested_ts`.

The conditions are evaluated on the list of partitions. DuckDB's own pruning starts with the list of all
files, and opens each file for a condition on `ingested_ts`, which takes seconds for a year of hours
(docs/benchmarks.md).
"""

from collections.abc import Iterator, Sequence
from datetime import datetime

import duckdb
from sqlglot import exp
from sqlglot.optimizer.scope import Scope, traverse_scope

from velib_assets.catalog.catalog import Partition
from velib_assets.query.duckdb_guard import catalog_tables
from velib_assets.query.duckdb_rewrites import to_duckdb
from velib_assets.query.kpis import HOURLY, VIEWS

_WINDOWS = {view.name: view.window for view in VIEWS if view.window}
_KEYS = {"date", "hour"}
_NOT_CONSTANT = (exp.From, exp.AggFunc, exp.Window, exp.Rand)
_FIRST, _LAST = exp.column("first_ts"), exp.column("last_ts")  # of a partition's hour
_MATCHING = """
SELECT first_ts FROM (
    SELECT first_ts, strftime(first_ts, '%Y-%m-%d') AS "date", strftime(first_ts, '%H') AS "hour",
        first_ts + INTERVAL 3599999 MILLISECOND AS last_ts
    FROM (SELECT unnest($hours::TIMESTAMP[]) AS first_ts)
) WHERE {}
"""


def partitions_needed(
    db: duckdb.DuckDBPyConnection, tree: exp.Expr, partitions: Sequence[Partition], newest: datetime | None
) -> list[Partition]:
    """Return the partitions that a parsed query needs, in the given order.

    Args:
        db: Evaluates the conditions.
        tree: The query.
        partitions: All partitions.
        newest: The newest hour whose file exists.
    """
    hours, needed = [partition.hour for partition in partitions], set[datetime]()
    tables = _scoped_tables(tree)
    if tables is None:
        return list(partitions)
    for table, scope in tables:
        if table.name in _WINDOWS:
            needed.update(_WINDOWS[table.name].hours(newest))
        elif table.name in HOURLY:
            needed.update(_matching(db, list(_conditions(table, scope)), hours))
    return [partition for partition in partitions if partition.hour in needed]


def hours_needed(
    db: duckdb.DuckDBPyConnection, tree: exp.Expr, name: str, hours: list[datetime]
) -> list[datetime]:
    """Return those of the given hours that a parsed query needs of one table with `date` and `hour`."""
    tables = _scoped_tables(tree)
    if tables is None:
        return hours
    chosen = [list(_conditions(table, scope)) for table, scope in tables if table.name == name]
    if not all(chosen):  # one of them has no condition
        return hours
    needed = {hour for conditions in chosen for hour in _matching(db, conditions, hours)}
    return [hour for hour in hours if hour in needed]


def _scoped_tables(tree: exp.Expr) -> list[tuple[exp.Table, Scope]] | None:
    """Return the catalog's tables in a query with their scopes; None if sqlglot has no scope for one."""
    tables = [(table, scope) for scope in traverse_scope(tree) for table in scope.tables if table.db]
    return tables if len(tables) == len(catalog_tables(tree)) else None


def _matching(
    db: duckdb.DuckDBPyConnection, conditions: Sequence[exp.Expr], hours: list[datetime]
) -> list[datetime]:
    """Return the hours whose partition may hold matching rows; all if the conditions cannot be run."""
    if not conditions or not hours:
        return hours
    sql = _MATCHING.format(to_duckdb(exp.and_(*conditions)))
    try:
        starts = db.execute(sql, {"hours": [hour.replace(tzinfo=None) for hour in hours]}).fetchall()
    except duckdb.Error:
        return hours
    return [start.replace(tzinfo=hours[0].tzinfo) for (start,) in starts]


def _conditions(table: exp.Table, scope: Scope) -> Iterator[exp.Expr]:
    """Yield conditions on a table's partitions, from WHERE and from ON of inner joins."""
    source = table.parent
    select = source.parent if isinstance(source, (exp.From, exp.Join)) else None
    if not isinstance(select, exp.Select):
        return
    joins = select.args.get("joins") or []
    if (isinstance(source, exp.Join) and source.side) or any(
        join.side in ("RIGHT", "FULL") for join in joins
    ):
        return  # rows that an outer join fills with nulls could pass the condition
    where = select.args.get("where")
    for node in (where and where.this, *(join.args.get("on") for join in joins if not join.side)):
        if node is not None and (condition := _on_partition(node, table, scope)) is not None:
            yield condition


def _on_partition(node: exp.Expr, table: exp.Table, scope: Scope) -> exp.Expr | None:
    """Turn a condition on rows into one on partitions; None if it does not restrict them."""
    node = node.unnest()
    if isinstance(node, (exp.And, exp.Or)):
        parts = [_on_partition(part, table, scope) for part in node.flatten()]
        known = [part for part in parts if part is not None]
        if isinstance(node, exp.And):
            return exp.and_(*known) if known else None
        return exp.or_(*known) if len(known) == len(parts) else None
    node = _with_constants(node, scope)
    columns = list(node.find_all(exp.Column))
    if node.find(*_NOT_CONSTANT) or any(column.table != table.alias_or_name for column in columns):
        return None
    if columns and {column.name for column in columns} <= _KEYS:
        for column in columns:
            column.set("table", None)
        return node
    return _on_times(node) if [column.name for column in columns] == ["ingested_ts"] else None


def _on_times(node: exp.Expr) -> exp.Expr | None:
    """Turn a comparison of `ingested_ts` with constants into one of a partition's first and last time."""
    left = isinstance(node.this, exp.Column)
    match node:
        case exp.Between() if left:
            reaches_low = exp.GTE(this=_LAST.copy(), expression=node.args["low"])
            return exp.and_(reaches_low, exp.LTE(this=_FIRST.copy(), expression=node.args["high"]))
        case exp.In() if left and (values := node.expressions or [node.args.get("query")])[0]:
            return exp.or_(*(_contains(value) for value in values))
        case exp.EQ() if left or isinstance(node.expression, exp.Column):
            return _contains(node.expression if left else node.this)
        case exp.GT() | exp.GTE() | exp.LT() | exp.LTE() if left or isinstance(node.expression, exp.Column):
            # If it is true for any time of the hour, it is true for the first or the last one.
            return exp.or_(_at(node, _FIRST), _at(node, _LAST))
    return None


def _contains(value: exp.Expr) -> exp.Expr:
    return exp.Between(this=value.copy(), low=_FIRST.copy(), high=_LAST.copy())


def _at(node: exp.Expr, moment: exp.Column) -> exp.Expr:
    return node.transform(lambda part: moment.copy() if isinstance(part, exp.Column) else part)


def _with_constants(node: exp.Expr, scope: Scope) -> exp.Expr:
    """Return a copy in which columns of sources without FROM are replaced by their values."""

    def replaced(part: exp.Expr) -> exp.Expr:
        source = scope.sources.get(part.table) if isinstance(part, exp.Column) else None
        select = source.expression if isinstance(source, Scope) else None
        if not isinstance(select, exp.Select) or select.args.get("from_"):
            return part
        return next((exp.paren(p.unalias()) for p in select.selects if p.alias == part.name), part)

    return node.transform(replaced)
