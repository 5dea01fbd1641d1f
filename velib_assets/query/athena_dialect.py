"""Athena's SQL (Trino) on DuckDB: parsing, refusing what is not a question, translating.

Belongs here: what a statement may be and which tables it may name, and the way from text to DuckDB's
SQL. Does not: running it (query_engine), or which partitions it needs (partition_pruning).
"""

import difflib
import re
from functools import lru_cache

import sqlglot
from sqlglot import exp
from sqlglot.errors import ErrorLevel, SqlglotError
from sqlglot.optimizer.annotate_types import annotate_types
from sqlglot.optimizer.qualify import qualify
from sqlglot.schema import MappingSchema

from velib_assets.lake.schema import COLUMNS, DATABASE, PARTITION_COLUMNS, TABLE
from velib_assets.query.athena_rewrites import rewrite, utc_instant, whole_units
from velib_assets.query.athena_types import refuse_mismatches
from velib_assets.query.kpis import VIEWS
from velib_assets.query.query_error import QueryError

TABLES = {TABLE: (*COLUMNS, *PARTITION_COLUMNS)} | {kpi.name: kpi.schema for kpi in VIEWS}
CATALOG = "awsdatacatalog"
_TRINO = {"string": "varchar"}
_COMMENTS = re.compile(r"\A(?:\s|--[^\n]*(?:\n|\Z)|/\*.*?\*/)+", re.DOTALL)
_CHANGES = (exp.DML, exp.DDL, exp.Into, exp.Command)
# Functions of the local engine that tell or change something of itself; Athena has none of them.
_ENGINE_FUNCTION = re.compile(
    r"(pg_|has_\w+_privilege|inet_|txid_|current_(setting|query|connection|transaction)|getvariable|write_log"
    r"|nextval|currval|query|\w*duckdb)",
    re.IGNORECASE,
)
_ODD_TREE = (
    AttributeError,
    IndexError,
    KeyError,
    TypeError,
    ValueError,
)  # of sqlglot, on syntax it half knows


def parse(sql: str) -> exp.Expr:
    """One question in Athena's SQL as a tree with tables, columns and types resolved, traps closed.

    Raises:
        QueryError: for anything that is not one question, or that Athena would refuse.
    """
    try:
        tree = _qualified(_question(sql))
        _refuse_unknown_columns(tree)
        tree = annotate_types(tree, schema=_schema(), dialect="athena")
        refuse_mismatches(tree)
        return rewrite(tree)
    except SqlglotError as error:
        raise QueryError(_plain(error)) from error
    except RecursionError:
        raise QueryError("the statement is nested too deeply") from None
    except _ODD_TREE as error:
        raise QueryError(f"the local engine cannot read this SQL ({type(error).__name__})") from error


def to_duckdb(tree: exp.Expr) -> str:
    """A tree as DuckDB's SQL.

    Raises:
        QueryError: for what DuckDB has no form of.
    """
    try:
        return tree.sql("duckdb", unsupported_level=ErrorLevel.RAISE, identify=True)
    except SqlglotError as error:
        raise QueryError(f"this has no form in the local engine: {_plain(error)}") from error
    except RecursionError:
        raise QueryError("the statement is nested too deeply") from None


@lru_cache(maxsize=64)
def own_sql_to_duckdb(statement: str) -> str:
    """A statement of this package, a view's or one that is asked of it, as DuckDB's.

    Nothing in it needs refusing, nor names and types resolved. Its only traps are time zones and `date_diff`.
    """
    tree = sqlglot.parse_one(statement, read="athena")
    for node in tree.find_all(exp.AtTimeZone):
        node.set("this", utc_instant(node.this))
    for difference in list(tree.find_all(exp.DateDiff)):
        difference.replace(whole_units(difference))
    return to_duckdb(tree)


def tables_of(tree: exp.Expr) -> list[exp.Table]:
    """The catalog's tables and views in a parsed tree; a name in WITH is none of them."""
    return [table for table in tree.find_all(exp.Table) if table.db == DATABASE]


def first_words(sql: str) -> str:
    """A statement without leading comments."""
    return _COMMENTS.sub("", sql)


def _question(sql: str) -> exp.Expr:
    word = re.match(r"\(*\s*(\w*)", first_words(sql))
    if not word or word.group(1).lower() not in ("select", "with", "values", "table", ""):
        said = word.group(1).upper() if word else first_words(sql)[:20]
        raise QueryError(f"only questions are answered (SELECT, WITH, VALUES, SHOW, DESCRIBE), not {said}")
    statements = [
        tree for tree in sqlglot.parse(sql, read="athena") if tree and not isinstance(tree, exp.Semicolon)
    ]
    if len(statements) != 1:
        raise QueryError(f"write one statement; here are {len(statements)}")
    tree = statements[0]
    if not isinstance(tree, (exp.Query, exp.Values)) or tree.find(*_CHANGES):
        raise QueryError("only questions are answered: nothing can be written or changed here")
    return exp.select("*").from_(exp.alias_(tree, "v", table=True)) if isinstance(tree, exp.Values) else tree


def _qualified(tree: exp.Expr) -> exp.Expr:
    named = {cte.alias.lower() for cte in tree.find_all(exp.CTE)}
    for table in tree.find_all(exp.Table):
        _check_table(table, named)
    _refuse_functions(tree)
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
    for table in tables_of(tree):  # also a name that a WITH elsewhere has
        if table.name not in TABLES:
            raise _unknown(table)
    return tree


def _check_table(table: exp.Table, named: set[str]) -> None:
    """Only the catalog's tables, and names in WITH, may stand in FROM: no file and no table function."""
    if not isinstance(table.this, exp.Identifier):
        raise QueryError(f"Athena has no table function {table.sql('athena')[:60]}")
    name, database, catalog = table.name.lower(), table.db.lower(), table.catalog.lower()
    if catalog == CATALOG:
        table.set("catalog", None)
    elif catalog:
        raise QueryError(f"there is no catalog {table.catalog!r}: leave it out")
    if database not in ("", DATABASE):
        raise QueryError(f"there is no database {table.db!r}: the only one is {DATABASE}")
    if name not in TABLES and (database or name not in named):
        raise _unknown(table)


def _unknown(table: exp.Table) -> QueryError:
    close = difflib.get_close_matches(table.name.lower(), TABLES, n=1, cutoff=0.5)
    hint = f"did you mean {close[0]}?" if close else f"there are {', '.join(TABLES)}"
    return QueryError(f"TABLE_NOT_FOUND: there is no table or view {table.name!r}; {hint}")


def _refuse_functions(tree: exp.Expr) -> None:
    """Neither table functions behind LATERAL nor functions of a schema or of the engine itself."""
    for lateral in tree.find_all(exp.Lateral):
        if not isinstance(lateral.this, (exp.Subquery, exp.Unnest)):
            raise QueryError(f"Athena has no table function {lateral.this.sql('athena')[:60]}")
    for dot in tree.find_all(exp.Dot):
        if isinstance(dot.expression, exp.Func):
            raise QueryError(f"Athena has no function {dot.sql('athena')[:60]}")
    for function in tree.find_all(exp.Anonymous, exp.Columns):
        if isinstance(function, exp.Columns) or _ENGINE_FUNCTION.match(function.name):
            raise QueryError(f"FUNCTION_NOT_FOUND: Athena has no function {function.sql('athena')[:60]}")


def _refuse_unknown_columns(tree: exp.Expr) -> None:
    """Refuse a column that no table has; names of the result, and of lambdas and UNNEST, are let through."""
    bare = [column for column in tree.find_all(exp.Column) if not column.table]
    named = {a.alias for a in tree.find_all(exp.Alias) if a.this not in bare or a.this.name != a.alias}
    if tree.find(exp.Lambda, exp.Unnest, exp.Lateral):
        return
    for column in bare:
        if column.name not in named and isinstance(column.this, exp.Identifier):
            known = sorted({c.name for table in tables_of(tree) for c in TABLES.get(table.name, ())})
            close = difflib.get_close_matches(column.name, known, n=1, cutoff=0.5)
            hint = f"did you mean {close[0]}?" if close else f"there are {', '.join(known) or 'none'}"
            raise QueryError(f"COLUMN_NOT_FOUND: there is no column {column.name!r}; {hint}")


@lru_cache(maxsize=1)
def _schema() -> MappingSchema:
    tables = {
        name: {column.name: _TRINO.get(column.type, column.type) for column in columns}
        for name, columns in TABLES.items()
    }
    return MappingSchema({DATABASE: tables}, dialect="athena")


def _plain(error: SqlglotError) -> str:
    words = re.sub(r"\x1b\[\d*m", "", str(error))
    return " ".join(words.replace("Invalid expression / Unexpected token", "cannot read the SQL").split())
