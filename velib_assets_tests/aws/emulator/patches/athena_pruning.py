"""Partition pruning: the registered partitions that a table in a query can need, according to constants."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
from sqlglot import exp

from velib_assets_tests.aws.emulator.patches.athena_catalog import CatalogTable, Partition, duckdb_type


def needed(node: exp.Table, table: CatalogTable) -> list[Partition]:
    """Return the partitions that match all conditions on keys."""
    partitions = table.partitions
    conditions = list(_conditions(node, node.alias_or_name, {name: name for name in table.keys}))
    if not conditions or not partitions:
        return partitions
    where = " AND ".join(f"({condition.sql('duckdb')})" for condition in conditions)
    try:
        return fitting(table, where)
    except duckdb.Error:
        return partitions


def fitting(table: CatalogTable, where: str) -> list[Partition]:
    """Return the partitions of a table that match a condition on its keys, in DuckDB's SQL."""
    keys = [f'"{name}" {duckdb_type(kind)}' for name, kind in table.keys.items()]
    values = [[partition.values[n] for partition in table.partitions] for n in range(len(keys))]
    unnested = ", ".join("unnest(?)" for _ in range(len(keys) + 1))
    with duckdb.connect() as connection:
        connection.execute(f"CREATE TABLE p ({', '.join(['n INTEGER', *keys])})")
        connection.execute(f"INSERT INTO p SELECT {unnested}", [list(range(len(table.partitions))), *values])
        matching = connection.execute(f"SELECT n FROM p WHERE {where} ORDER BY n").fetchall()  # noqa: S608
    return [table.partitions[n] for (n,) in matching]


def _conditions(source: exp.Expr, alias: str, names: dict[str, str]) -> Iterator[exp.Expr]:
    """Yield conditions of the SELECT around a source and, if they apply to it, of the outer ones.

    `names` says which of the source's columns are partition keys.
    """
    parent = source.parent
    select = parent.parent if isinstance(parent, (exp.From, exp.Join)) else None
    if not isinstance(select, exp.Select) or (isinstance(parent, exp.Join) and parent.side):
        return
    alone = not select.args.get("joins")
    where = select.args.get("where")
    if where and not any(join.side for join in select.args.get("joins") or ()):
        for condition in where.this.flatten() if isinstance(where.this, exp.And) else [where.this]:
            renamed = _over_keys(condition, alias, names, alone)
            if renamed is not None:
                yield renamed
    outer = _reader(select)
    if outer is not None and not _cuts(select):
        yield from _conditions(outer, outer.alias_or_name, _forwarded_keys(select, alias, names, alone))


def _over_keys(condition: exp.Expr, alias: str, names: dict[str, str], alone: bool) -> exp.Expr | None:
    """Rename the columns of a condition to the keys; return None if it uses anything else."""
    if condition.find(exp.Query, exp.AggFunc, exp.Window):
        return None
    columns = list(condition.find_all(exp.Column))
    if not columns or not all(_is_key(column, alias, names, alone) for column in columns):
        return None
    copy = condition.copy()
    for column in list(copy.find_all(exp.Column)):
        key = exp.column(exp.to_identifier(names[column.name.lower()], quoted=True))
        if column is copy:
            return key
        column.replace(key)
    return copy


def _is_key(column: exp.Column, alias: str, names: dict[str, str], alone: bool) -> bool:
    ours = column.table.lower() == alias.lower() if column.table else alone
    return ours and column.name.lower() in names


def _reader(select: exp.Select) -> exp.Expr | None:
    """Find the only reader of a SELECT: as a subquery in FROM, or by its name from WITH."""
    parent = select.parent
    if isinstance(parent, exp.Subquery):
        return parent
    if not isinstance(parent, exp.CTE):
        return None
    mentions = [t for t in select.root().find_all(exp.Table) if t.name == parent.alias and not t.db]
    return mentions[0] if len(mentions) == 1 else None


def _cuts(select: exp.Select) -> bool:
    """Return whether the result depends on rows that an outer condition would drop."""
    return any(select.args.get(part) for part in ("limit", "offset", "qualify")) or bool(
        select.find(exp.Window)
    )


def _forwarded_keys(select: exp.Select, alias: str, names: dict[str, str], alone: bool) -> dict[str, str]:
    group = select.args.get("group")
    grouped = {e.name.lower() for e in group.expressions} if group else None
    passed: dict[str, str] = {}
    for projection in select.expressions:
        column = projection.unalias()
        is_grouping_key = grouped is None or column.name.lower() in grouped
        if isinstance(column, exp.Star) and alone:
            passed |= names
        elif is_grouping_key and isinstance(column, exp.Column) and _is_key(column, alias, names, alone):
            passed[projection.alias_or_name.lower()] = names[column.name.lower()]
    return passed
