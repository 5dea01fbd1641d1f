"""Words for what is wrong with a query, instead of the words of DuckDB and sqlglot."""

import difflib
import re
from collections.abc import Iterable

from sqlglot.errors import ParseError, SqlglotError

from velib_assets.lake.schema import COLUMNS, PARTITION_COLUMNS
from velib_assets.query.daily_kpis import DAILY_KPIS
from velib_assets.query.duckdb_rewrites import one_line
from velib_assets.query.engine import READ_ONLY
from velib_assets.query.kpis import VIEWS
from velib_assets.query.lake_tables import LAKE_TABLES

_STARTS = ("SELECT", "WITH", "VALUES", "SHOW", "DESCRIBE")
_OTHER_STATEMENTS = re.compile(
    r"ALTER|ANALYZE|ATTACH|BEGIN|CALL|CHECKPOINT|COMMENT|COMMIT|COPY|CREATE|DEALLOCATE|DELETE|DENY|DETACH|DROP|"
    r"EXECUTE|EXPLAIN|EXPORT|GRANT|IMPORT|INSERT|INSTALL|LOAD|MERGE|MSCK|OPTIMIZE|PRAGMA|PREPARE|REFRESH|RENAME|"
    r"REPLACE|RESET|REVOKE|ROLLBACK|SET|START|TRUNCATE|UNLOAD|UPDATE|USE|VACUUM",
    re.IGNORECASE,
)
_SCHEMAS = (
    (*COLUMNS, *PARTITION_COLUMNS),
    *(table.schema for tables in (VIEWS, LAKE_TABLES, DAILY_KPIS) for table in tables),
)
_ALL_COLUMNS = sorted({column.name for schema in _SCHEMAS for column in schema})
_KIND = re.compile(r"\A(?:Binder|Catalog|Conversion|Invalid Input|Out of Range|Parser) Error: ")
_QUOTED = re.compile(r'"([^"]+)"')
_COLUMN = re.compile(r'(?:Referenced column|does not have a column named|Unknown column:) "?(\w[^"!;]*)"?')
_TABLE = re.compile(r'Referenced table "([^"]+)" not found')
_FUNCTION = re.compile(r"Function with name (\S+) does not exist")
_SUGGESTED = ("Candidate", "Did you mean")


def statement_error(word: str) -> str:
    """Return why a statement that starts with this word is refused: it changes something, or is misspelt."""
    if not word or _OTHER_STATEMENTS.fullmatch(word):
        return READ_ONLY
    meant = _meant(word.upper(), _STARTS) or f"; {READ_ONLY}"
    return f"SYNTAX_ERROR: a query cannot start with {word[:40]!r}{meant}"


def syntax_error(error: SqlglotError) -> str:
    """Return where a statement cannot be parsed, and what is expected there."""
    if match := _COLUMN.search(str(error)):
        return _no_column(match[1], ())
    if not isinstance(error, ParseError) or not error.errors:
        return one_line(error)
    first = error.errors[0]
    near = str(first.get("highlight") or "").strip()
    what = str(first.get("description") or "")
    if not what.startswith("Expecting"):  # its other words are those of its own classes
        what = "the statement ends too early or has a misspelt word before this"
    place = f"Line {first.get('line')}, column {first.get('col')}"
    return f"SYNTAX_ERROR: {place}{f', at {near!r}' if near else ''}: {what}"


def query_error(error: Exception) -> str:
    """Return the first line of DuckDB's message in the words of Athena, with the names that it suggests."""
    text = str(error)
    if "Division by zero" in text:
        return "DIVISION_BY_ZERO: Division by zero"
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    suggestions = " ".join(line for line in lines[1:] if line.startswith(_SUGGESTED))
    names = _QUOTED.findall(suggestions)
    first = lines[0] if lines else type(error).__name__
    if "FROM clause is missing" in first and (match := _COLUMN.search(first)):
        return f"COLUMN_NOT_FOUND: there is no column {match[1]!r}, because the query has no FROM"
    if match := _COLUMN.search(first):
        return _no_column(match[1], names)
    if match := _TABLE.search(first):
        return f"TABLE_NOT_FOUND: FROM has no table {match[1]!r}{_meant(match[1], names, others=True)}"
    if match := _FUNCTION.search(first):
        return f"FUNCTION_NOT_FOUND: there is no function {match[1]}{_meant(match[1], names, others=True)}"
    return "; ".join(filter(None, [_KIND.sub("", first), suggestions]))


def _no_column(name: str, names: Iterable[str]) -> str:
    known = list(names) or _ALL_COLUMNS
    return f"COLUMN_NOT_FOUND: there is no column {name!r}{_meant(name, known, others=bool(names))}"


def _meant(word: str, names: Iterable[str], *, others: bool = False) -> str:
    """Return a question with the closest name; with `others`, the names if none is close."""
    known = list(names)
    if close := difflib.get_close_matches(word, known, n=1):
        return f"; did you mean {close[0]}?"
    return f"; the closest names are {', '.join(known)}" if others and known else ""
