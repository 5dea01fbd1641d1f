"""Athena's SQL run by DuckDB over the catalog's registered partitions."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import zip_longest
from typing import Any

import duckdb
from sqlglot import exp

from velib_assets_tests.aws.emulator.patches import athena_catalog, athena_pruning
from velib_assets_tests.aws.emulator.patches.athena_catalog import (
    CatalogTable,
    DataFile,
    QueryFailed,
    duckdb_type,
)
from velib_assets_tests.aws.emulator.patches.athena_views import columns_of, query_of, stored_columns

# Athena's names of DuckDB's result types.
_TYPES = {"HUGEINT": "bigint", "FLOAT": "float", "TIMESTAMP WITH TIME ZONE": "timestamp with time zone"}
_MAX_DEPTH = 20


@dataclass
class QueryResult:
    """Rows, the names and types of their columns, and the number of bytes read."""

    columns: list[str] = field(default_factory=list)
    types: list[str] = field(default_factory=list)
    rows: list[tuple[Any, ...]] = field(default_factory=list)
    scanned: int = 0


class Engine:
    """The run of one query; another thread can `interrupt` it."""

    def __init__(self, database: str, limit: int | None = None) -> None:
        self._database = database
        self._limit = limit
        self._scanned = 0
        self._connection = duckdb.connect()
        self._lock = threading.Lock()
        for setting in ("TimeZone = 'UTC'", "integer_division = true", "threads = 2"):
            self._connection.execute(f"SET {setting}")

    def interrupt(self) -> None:
        """Stop the query."""
        self._connection.interrupt()

    def execute(self, query: exp.Expr) -> QueryResult:
        """Run a query."""
        return self._run(query, self._with_data, lambda relation: relation.fetchall())

    def types(self, query: exp.Expr) -> QueryResult:
        """Return only the columns of a query, without reading data."""
        return self._run(query, self._without_data, lambda _: [])

    def _run(
        self,
        query: exp.Expr,
        relation: Callable[[exp.Table, CatalogTable], str],
        rows: Callable[[Any], list[tuple[Any, ...]]],
    ) -> QueryResult:
        tree = self._resolved(query.copy(), self._database, 0)
        for number, (node, table) in enumerate(self._tables(tree)):
            self._connection.execute(f'CREATE VIEW "table {number}" AS {relation(node, table)}')
            node.replace(
                exp.alias_(
                    exp.to_table(f'"table {number}"', dialect="duckdb"),
                    node.alias_or_name,
                    quoted=True,
                    table=True,
                )
            )
        for column in tree.find_all(exp.Column):
            column.set("db", None)
            column.set("catalog", None)
        tree = tree.transform(_in_zone)
        try:
            result = self._connection.execute(tree.sql("duckdb"))
            description = result.description or []
            fetched = rows(result)
        except duckdb.Error as error:
            raise QueryFailed(_in_athenas_words(error)) from error
        types = [athena_type(str(column[1])) for column in description]
        return QueryResult(_names(tree, [column[0] for column in description]), types, fetched, self._scanned)

    def _resolved(self, tree: exp.Expr, database: str, depth: int) -> exp.Expr:
        """Insert views as subqueries, and resolve the database and record of every table."""
        if depth > _MAX_DEPTH:
            raise QueryFailed("VIEW_IS_RECURSIVE: the views call each other")
        cte_names = {cte.alias.lower() for cte in tree.find_all(exp.CTE)}
        for node in list(tree.find_all(exp.Table)):
            if not isinstance(node.this, exp.Identifier) or (not node.db and node.name.lower() in cte_names):
                continue
            table = _table(node, (node.db or database).lower())
            if table.is_view:
                inner = self._resolved(_checked_view(node, table), table.database, depth + 1)
                node.replace(exp.Subquery(this=inner, alias=exp.TableAlias(this=_alias(node))))
            else:
                node.meta["table"] = table
        return tree

    @staticmethod
    def _tables(tree: exp.Expr) -> list[tuple[exp.Table, CatalogTable]]:
        return [(node, node.meta["table"]) for node in tree.find_all(exp.Table) if "table" in node.meta]

    def _with_data(self, node: exp.Table, table: CatalogTable) -> str:
        files = table.files(athena_pruning.needed(node, table))
        self._scanned += sum(file.size for file in files)
        if self._limit and self._scanned > self._limit:
            raise QueryFailed("Query cancelled! : Bytes scanned limit was exceeded")
        for file in files:
            table.check(file)
        return _relation(table, files) if files else self._without_data(node, table)

    @staticmethod
    def _without_data(_: exp.Table, table: CatalogTable) -> str:
        columns = {**table.columns, **table.keys}
        empty = ", ".join(f'CAST(NULL AS {duckdb_type(kind)}) AS "{name}"' for name, kind in columns.items())
        return f"SELECT {empty} WHERE false"


def _checked_view(node: exp.Table, table: CatalogTable) -> exp.Expr:
    """Return the query of a view whose stored columns are those that it returns now."""
    name, where = f"'awsdatacatalog.{table.database}.{table.name}'", _position(node)
    try:
        query = query_of(table.view_text)
        result = Engine(table.database).types(query)
    except (ValueError, QueryFailed) as error:
        raise QueryFailed(f"INVALID_VIEW: {where}Failed analyzing stored view {name}: {error}") from error
    returned = stored_columns(list(zip(result.columns, result.types, strict=True)))
    for position, (now, then) in enumerate(zip_longest(returned, columns_of(table.view_text))):
        if now != then:
            raise QueryFailed(
                f"VIEW_IS_STALE: {where}View {name} is stale or in invalid state: column {now} projected "
                f"from query view at position {position} cannot be coerced to column {then} stored in view "
                "definition"
            )
    return query


def _in_zone(node: exp.Expr) -> exp.Expr:
    """Rewrite AT TIME ZONE of a plain timestamp, which is UTC in Athena but local time in DuckDB."""
    if isinstance(node, exp.Anonymous) and node.name.lower() == "at_timezone":
        moment, zone = node.expressions
    elif isinstance(node, exp.AtTimeZone) and not isinstance(node.this, exp.Cast):
        moment, zone = node.this, node.args["zone"]
    else:
        return node
    return exp.AtTimeZone(this=exp.cast(moment.copy(), exp.DataType.Type.TIMESTAMPTZ), zone=zone.copy())


def _names(tree: exp.Expr, names: list[str]) -> list[str]:
    """Return the names of the columns; an expression without one is named by its position."""
    projections = tree.selects if isinstance(tree, exp.Query) else []
    if any(isinstance(p, exp.Star) or (isinstance(p, exp.Column) and p.is_star) for p in projections):
        return [name.lower() for name in names]
    nameless = {n for n, p in enumerate(projections) if not isinstance(p, (exp.Alias, exp.Column, exp.Dot))}
    return [f"_col{n}" if n in nameless else name.lower() for n, name in enumerate(names)]


def athena_type(duckdb_name: str) -> str:
    """Translate the name of a DuckDB type to Athena."""
    name = duckdb_name.partition("(")[0].upper()
    if name.startswith("TIMESTAMP") and name not in _TYPES:
        return "timestamp"
    return _TYPES.get(name, name.lower())


def _relation(table: CatalogTable, files: list[DataFile]) -> str:
    """Read the declared columns of all files by name, with the key values from the catalog."""
    paths = ", ".join(f"'{file.path}'" for file in files)
    stored = f"read_parquet([{paths}], union_by_name = true, hive_partitioning = false, filename = '_path')"
    present = {name for file in files for name in athena_catalog._schema(file.path).names}
    stored_as = {name: f'f."{name}"' if name in present else "NULL" for name in table.columns}
    columns = [
        f'CAST({stored_as[name]} AS {duckdb_type(kind)}) AS "{name}"' for name, kind in table.columns.items()
    ]
    columns += [f'CAST(p."{name}" AS {duckdb_type(kind)}) AS "{name}"' for name, kind in table.keys.items()]
    values = ", ".join(
        "(" + ", ".join(_quoted(text) for text in (str(file.path), *file.values)) + ")" for file in files
    )
    names = ", ".join(f'"{name}"' for name in ("_path", *table.keys))
    return (
        f"SELECT {', '.join(columns)} FROM {stored} f JOIN (VALUES {values}) p({names}) ON f._path = p._path"  # noqa: S608
    )


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _table(node: exp.Table, database: str) -> CatalogTable:
    where = _position(node)
    if node.catalog and node.catalog.lower() != "awsdatacatalog":
        raise QueryFailed(f"CATALOG_NOT_FOUND: {where}Catalog '{node.catalog}' does not exist")
    if not athena_catalog.database_exists(database):
        raise QueryFailed(f"SCHEMA_NOT_FOUND: {where}Schema '{database}' does not exist")
    table = athena_catalog.find(database, node.name.lower())
    if table is None:
        raise QueryFailed(
            f"TABLE_NOT_FOUND: {where}Table 'awsdatacatalog.{database}.{node.name.lower()}' does not exist"
        )
    return table


def _position(node: exp.Table) -> str:
    first = node.args.get("catalog") or node.args.get("db") or node.this
    line, end = first.meta.get("line"), first.meta.get("col")
    if line is None or end is None:
        return ""
    length = first.meta["end"] - first.meta["start"] + 1
    return f"line {line}:{end - length + 1}: "


def _alias(node: exp.Table) -> exp.Identifier:
    return exp.to_identifier(node.alias_or_name, quoted=True)


def _in_athenas_words(error: duckdb.Error) -> str:
    text = str(error)
    column = re.search(r'Referenced column "([^"]+)" not found|does not have a column named "([^"]+)"', text)
    if column:
        name = column.group(1) or column.group(2)
        return (
            f"COLUMN_NOT_FOUND: line 1:1: Column '{name}' cannot be resolved or requester is not authorized "
            "to access requested resources"
        )
    if isinstance(error, duckdb.ConversionException):
        return f"INVALID_CAST_ARGUMENT: {text.partition(': ')[2].splitlines()[0]}"
    if isinstance(error, duckdb.InterruptException):
        return "Query cancelled by user"
    return f"SYNTAX_ERROR: line 1:1: {text.splitlines()[0]}"
