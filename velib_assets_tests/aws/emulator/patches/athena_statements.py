"""The kinds of statements, and those about the catalog: views, SHOW, DESCRIBE."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from velib_assets_tests.aws.emulator.patches import athena_catalog, athena_views, patching
from velib_assets_tests.aws.emulator.patches.athena_catalog import CatalogTable, QueryFailed
from velib_assets_tests.aws.emulator.patches.athena_engine import Engine, QueryResult

_NAME = r'((?:[`"]?\w+[`"]?\.){0,2}[`"]?\w+[`"]?)'
_UTILITIES = (
    ("SHOW_TABLES", rf"SHOW\s+TABLES(?:\s+IN\s+{_NAME})?(?:\s+'(?P<like>[^']*)')?"),
    ("SHOW_VIEWS", rf"SHOW\s+VIEWS(?:\s+IN\s+{_NAME})?"),
    ("SHOW_DATABASES", r"SHOW\s+(?:DATABASES|SCHEMAS)"),
    ("SHOW_CREATE_VIEW", rf"SHOW\s+CREATE\s+VIEW\s+{_NAME}"),
    ("SHOW_COLUMNS", rf"SHOW\s+COLUMNS\s+(?:IN|FROM)\s+{_NAME}"),
    ("SHOW_PARTITIONS", rf"SHOW\s+PARTITIONS\s+{_NAME}"),
    ("DESCRIBE", rf"(?:DESCRIBE|DESC)\s+(?!INPUT\b|OUTPUT\b){_NAME}"),
)


@dataclass(frozen=True)
class Statement:
    """A submitted statement; `kind` is Athena's SubstatementType."""

    kind: str
    tree: exp.Expr | None = None
    name: str = ""
    stock: Any = None

    @property
    def type(self) -> str:
        """Return Athena's StatementType."""
        if self.kind == "SELECT":
            return "DML"
        return "UTILITY" if self.kind.startswith(("SHOW", "DESC")) else "DDL"


def parse(sql: str) -> Statement:
    """Parse one statement.

    Raises:
        ValueError: for what Athena refuses at submission.
    """
    text = sql.strip().rstrip(";").strip()
    for kind, pattern in _UTILITIES:
        match = re.fullmatch(pattern, text, re.IGNORECASE)
        if match:
            return Statement(kind, name=(match.group(1) if match.groups() else "") or "")
    ddl = patching.service("athena")._parse_ddl(text)
    if ddl is not None:
        return Statement("CREATE_TABLE" if "Create" in type(ddl).__name__ else "DROP_TABLE", stock=ddl)
    try:
        trees = [tree for tree in sqlglot.parse(text, read="athena") if tree is not None]
    except SqlglotError as error:
        message = re.sub(r"\x1b\[\d*m", "", str(error)).splitlines()[0]
        raise ValueError(f"line 1:1: mismatched input: {message}") from error
    if len(trees) != 1:
        raise ValueError("Only one sql statement is allowed. Got: " + sql)
    return Statement(_kind(trees[0]), trees[0])


def run(statement: Statement, database: str, engine: Engine) -> QueryResult:
    """Run the statement in a database.

    Raises:
        QueryFailed: with Athena's reason.
    """
    tree = statement.tree
    try:
        if statement.stock is not None:
            patching.service("athena")._run_ddl(statement.stock, database)
            return QueryResult()
        if statement.kind == "SELECT" and tree is not None:
            return engine.execute(tree)
        if statement.kind == "CREATE_VIEW" and tree is not None:
            return _create_view(tree, database)
        if statement.kind == "DROP_VIEW" and tree is not None:
            target = next(iter(tree.find_all(exp.Table)))
            athena_views.drop(target.db or database, target.name, bool(tree.args.get("exists")))
            return QueryResult()
        return _utility(statement, database)
    except (ValueError, RuntimeError) as error:
        raise QueryFailed(str(error)) from error


def _kind(tree: exp.Expr) -> str:
    if isinstance(tree, (exp.Query, exp.Values)):
        return "SELECT"
    if isinstance(tree, (exp.Create, exp.Drop)) and tree.args.get("kind", "").upper() == "VIEW":
        return "CREATE_VIEW" if isinstance(tree, exp.Create) else "DROP_VIEW"
    raise ValueError(f"the emulator runs no {tree.key.upper()} statement")


def _create_view(tree: exp.Expr, database: str) -> QueryResult:
    target = tree.this.this if isinstance(tree.this, exp.Schema) else tree.this
    schema = (target.db or database).lower()
    if not athena_catalog.database_exists(schema):
        raise QueryFailed(f"SCHEMA_NOT_FOUND: line 1:1: Schema '{schema}' does not exist")
    described = Engine(schema).types(tree.expression)
    columns = list(zip(described.columns, described.types, strict=True))
    athena_views.store(schema, target.name.lower(), tree.expression, columns, bool(tree.args.get("replace")))
    return QueryResult()


def _utility(statement: Statement, database: str) -> QueryResult:
    parts = [part.strip('`"').lower() for part in statement.name.split(".")] if statement.name else []
    if statement.kind == "SHOW_DATABASES":
        return _one_column("database_name", sorted(patching.service("glue")._databases.keys()))
    if statement.kind in ("SHOW_TABLES", "SHOW_VIEWS"):
        catalog_tables = athena_catalog.tables(parts[-1] if parts else database)
        names = [table.name for table in catalog_tables if table.is_view or statement.kind == "SHOW_TABLES"]
        return _one_column("tab_name" if statement.kind == "SHOW_TABLES" else "views", names)
    schema, name = (database, *parts)[-2:]
    table = athena_catalog.find(schema, name)
    if table is None:
        raise QueryFailed(f"FAILED: SemanticException [Error 10001]: Table not found {schema}.{name}")
    return _about(statement.kind, table)


def _about(kind: str, table: CatalogTable) -> QueryResult:
    if kind == "SHOW_CREATE_VIEW":
        text = athena_views.query_of(table.view_text).sql("athena", pretty=True)
        lines = [f"CREATE VIEW {table.database}.{table.name} AS", *text.splitlines()]
        return _one_column("Create View", lines)
    if kind == "SHOW_PARTITIONS":
        paths = [
            "/".join(f"{k}={v}" for k, v in zip(table.keys, p.values, strict=True)) for p in table.partitions
        ]
        return _one_column("partition", paths)
    if kind == "SHOW_COLUMNS":
        return _one_column("field", [f"{name:<20}" for name in (*table.columns, *table.keys)])
    return _described(table)


def _described(table: CatalogTable) -> QueryResult:
    """Answer DESCRIBE: three columns are announced, and each row is one line of Hive's text."""

    def line(name: str, kind: str) -> str:
        return f"{name:<20}\t{kind:<20}\t{table.comments.get(name, ''):<20}"

    keys = [line(name, kind) for name, kind in table.keys.items()]
    header = "# col_name            \tdata_type           \tcomment             "
    again = ["\t \t ", "# Partition Information\t \t ", header, "\t \t ", *keys] if keys else []
    lines = [*(line(name, kind) for name, kind in table.columns.items()), *keys, *again]
    names = ["col_name", "data_type", "comment"]
    return QueryResult(names, ["string"] * 3, [(text,) for text in lines])


def _one_column(name: str, values: list[str]) -> QueryResult:
    return QueryResult([name], ["string"], [(value,) for value in values])
