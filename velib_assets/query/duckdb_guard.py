"""The guard of the local engine: accepts one read-only query on the catalog's tables, and resolves its names.

The security boundary is DuckDB's locked configuration (`duckdb_session`); the guard adds clear messages.
"""

import difflib
import re
from functools import lru_cache

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.optimizer.annotate_types import annotate_types
from sqlglot.optimizer.qualify import qualify
from sqlglot.schema import MappingSchema

from velib_assets.lake.schema import COLUMNS, DATABASE, PARTITION_COLUMNS, TABLE, TYPES
from velib_assets.query.daily_kpis import DAILY_KPIS
from velib_assets.query.duckdb_rewrites import rewrite
from velib_assets.query.engine import READ_ONLY, QueryError
from velib_assets.query.error_words import statement_error, syntax_error
from velib_assets.query.kpis import VIEWS
from velib_assets.query.lake_tables import LAKE_TABLES

TABLES = (
    {TABLE: (*COLUMNS, *PARTITION_COLUMNS)}
    | {kpi.name: kpi.schema for kpi in VIEWS}
    | {table.name: table.schema for table in LAKE_TABLES}
    | {name: kpi.schema for kpi in DAILY_KPIS for name in (kpi.name, kpi.table)}
)
_CATALOG = "awsdatacatalog"
_COMMENTS = re.compile(r"\A(?:\s|--[^\n]*(?:\n|\Z)|/\*.*?\*/)+", re.DOTALL)
_CHANGES = (exp.DML, exp.DDL, exp.Into, exp.Command)
# Functions that reveal or change the state of DuckDB; Athena has none of them.
_ENGINE_FUNCTION = re.compile(
    r"(pg_|has_\w+_privilege|inet_|txid_|current_(setting|query|connection|transaction)|getvariable|write_log"
    r"|nextval|currval|query|\w*duckdb)",
    re.IGNORECASE,
)
# What sqlglot raises on syntax that it supports in part.
_SQLGLOT_BUGS = (AttributeError, IndexError, KeyError, TypeError, ValueError)


def parse(sql: str) -> exp.Expr:
    """Parse one query in Athena's SQL into a tree with resolved tables, columns and types, ready for DuckDB.

    Raises:
        QueryError: If it is not one read-only query on the catalog's tables, or has no equivalent in DuckDB.
    """
    try:
        tree = _qualified(_single_query(sql))
        return rewrite(annotate_types(tree, schema=_schema(), dialect="athena"))
    except SqlglotError as error:
        raise QueryError(syntax_error(error)) from error
    except RecursionError:
        raise QueryError("the statement is nested too deeply") from None
    except _SQLGLOT_BUGS as error:
        raise QueryError(f"the local engine cannot parse this SQL ({type(error).__name__})") from error


def catalog_tables(tree: exp.Expr) -> list[exp.Table]:
    """Return the references to the catalog's tables and views in a parsed tree, without names from WITH."""
    return [table for table in tree.find_all(exp.Table) if table.db == DATABASE]


def without_comments(sql: str) -> str:
    """Return a statement without its leading comments."""
    return _COMMENTS.sub("", sql)


def _single_query(sql: str) -> exp.Expr:
    word = re.match(r"[(\s]*(\w*)", without_comments(sql))
    if not word or word.group(1).lower() not in ("select", "with", "values", "table", ""):
        raise QueryError(statement_error(word.group(1) if word else ""))
    statements = [
        tree for tree in sqlglot.parse(sql, read="athena") if tree and not isinstance(tree, exp.Semicolon)
    ]
    if len(statements) != 1:
        raise QueryError(f"write exactly one statement, not {len(statements)}")
    tree = statements[0]
    if not isinstance(tree, (exp.Query, exp.Values)) or tree.find(*_CHANGES):
        raise QueryError(READ_ONLY)
    return exp.select("*").from_(exp.alias_(tree, "v", table=True)) if isinstance(tree, exp.Values) else tree


def _qualified(tree: exp.Expr) -> exp.Expr:
    common = {cte.alias.lower() for cte in tree.find_all(exp.CTE)}
    for table in tree.find_all(exp.Table):
        _check_table(table, common)
    _check_functions(tree)
    for column in tree.find_all(exp.Column):
        if column.args.get("catalog"):
            column.set("catalog", None)
    tree = qualify(
        tree,
        schema=_schema(),
        db=DATABASE,
        dialect="athena",
        validate_qualify_columns=False,
        quote_identifiers=False,
    )
    for alias in list(tree.find_all(exp.Alias)):  # its alias of an unknown column hides DuckDB's message
        if isinstance(alias.this, exp.Column) and not alias.this.table and alias.this.name == alias.alias:
            alias.replace(alias.this)
    for table in catalog_tables(tree):  # also a name that belongs to another WITH
        if table.name not in TABLES:
            raise _unknown(table)
    return tree


def _check_table(table: exp.Table, common: set[str]) -> None:
    """Allow only the catalog's tables and names from WITH in FROM: no files and no table functions."""
    if not isinstance(table.this, exp.Identifier):
        raise QueryError(f"Athena has no table function {table.sql('athena')[:60]}")
    name, database, catalog = table.name.lower(), table.db.lower(), table.catalog.lower()
    if catalog == _CATALOG:
        table.set("catalog", None)
    elif catalog:
        raise QueryError(f"there is no catalog {table.catalog!r}: leave it out")
    if database not in ("", DATABASE):
        raise QueryError(f"there is no database {table.db!r}: the only one is {DATABASE}")
    if name not in TABLES and (database or name not in common):
        raise _unknown(table)


def _unknown(table: exp.Table) -> QueryError:
    close = difflib.get_close_matches(table.name.lower(), TABLES, n=1, cutoff=0.5)
    hint = f"did you mean {close[0]}?" if close else f"there are {', '.join(TABLES)}"
    return QueryError(f"TABLE_NOT_FOUND: there is no table or view {table.name!r}; {hint}")


def _check_functions(tree: exp.Expr) -> None:
    """Refuse table functions in LATERAL, functions with a schema, and functions of DuckDB itself."""
    for lateral in tree.find_all(exp.Lateral):
        if not isinstance(lateral.this, (exp.Subquery, exp.Unnest)):
            raise QueryError(f"Athena has no table function {lateral.this.sql('athena')[:60]}")
    for dot in tree.find_all(exp.Dot):
        if isinstance(dot.expression, exp.Func):
            raise QueryError(f"Athena has no function {dot.sql('athena')[:60]}")
    for function in tree.find_all(exp.Anonymous, exp.Columns):
        if isinstance(function, exp.Columns) or _ENGINE_FUNCTION.match(function.name):
            raise QueryError(f"FUNCTION_NOT_FOUND: Athena has no function {function.sql('athena')[:60]}")


@lru_cache(maxsize=1)
def _schema() -> MappingSchema:
    tables = {
        name: {column.name: TYPES[column.type].duckdb for column in columns}
        for name, columns in TABLES.items()
    }
    return MappingSchema({DATABASE: tables}, dialect="athena")
