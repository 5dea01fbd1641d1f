"""The translation from Athena's SQL to DuckDB's, where sqlglot's alone would silently give other values."""

import re
from functools import lru_cache

import sqlglot
from sqlglot import exp
from sqlglot.errors import ErrorLevel, SqlglotError

from velib_assets.query.engine import QueryError

_Type = exp.DataType.Type
_TIMES = {_Type.DATE, _Type.DATE32, _Type.TIMESTAMP, _Type.TIMESTAMPTZ}
_WALL_CLOCK = (
    exp.Extract, exp.Date, exp.TsOrDsToDate, exp.TimeToStr, exp.Year, exp.Quarter, exp.Month, exp.Week,
    exp.WeekOfYear, exp.Day, exp.DayOfMonth, exp.DayOfWeek, exp.DayOfWeekIso, exp.DayOfYear, exp.Hour,
    exp.Minute, exp.Second,
)  # fmt: skip
"""Functions of a time that need no more than its wall clock."""

_SAME_TYPE = (exp.DateTrunc, exp.TimestampTrunc, exp.Paren)


def to_duckdb(tree: exp.Expr) -> str:
    """Return a tree as DuckDB's SQL.

    Raises:
        QueryError: If DuckDB has no equivalent.
    """
    try:
        return tree.sql("duckdb", unsupported_level=ErrorLevel.RAISE, identify=True)
    except SqlglotError as error:
        raise QueryError(f"the local engine has no equivalent: {one_line(error)}") from error
    except RecursionError:
        raise QueryError("the statement is nested too deeply") from None


@lru_cache(maxsize=64)
def own_sql_to_duckdb(statement: str) -> str:
    """Return a statement of this package as DuckDB's SQL.

    Its tables and types need no check; only AT TIME ZONE and `date_diff` differ between the engines.
    """
    tree = sqlglot.parse_one(statement, read="athena")
    for node in tree.find_all(exp.AtTimeZone):
        node.set("this", _utc_instant(node.this))
    for difference in list(tree.find_all(exp.DateDiff)):
        difference.replace(_whole_units(difference))
    return to_duckdb(tree)


def rewrite(tree: exp.Expr) -> exp.Expr:
    """Return a tree with annotated types in which every expression has Athena's value on DuckDB.

    Raises:
        QueryError: If an expression has no equivalent.
    """
    for node in list(tree.walk(bfs=True))[::-1]:
        changed = _rewritten(node)
        if changed is not node:
            changed.type = node.type
            if node is tree:
                tree = changed
            else:
                node.replace(changed)
    return tree


def one_line(error: SqlglotError) -> str:
    """Return sqlglot's message without colours and line breaks."""
    text = re.sub(r"\x1b\[\d*m", "", str(error))
    return " ".join(text.replace("Invalid expression / Unexpected token", "cannot parse the SQL").split())


def _rewritten(node: exp.Expr) -> exp.Expr:  # noqa: PLR0911 - one rule each
    if isinstance(node, exp.Cast):
        return _cast(node)
    if isinstance(node, exp.AtTimeZone):
        return _at_time_zone(node, node.this, node.args["zone"])
    if isinstance(node, exp.Anonymous) and node.name.lower() == "at_timezone":
        return _at_time_zone(node, *node.expressions)
    if isinstance(node, exp.Div):
        return _division(node)
    if isinstance(node, (exp.Add, exp.Sub, exp.DateAdd, exp.DateSub)):
        return _date_arithmetic(node)
    if isinstance(node, exp.DateDiff):
        return _whole_units(node)
    if isinstance(node, exp.Extract) and node.name.upper() in ("DOW", "DAY_OF_WEEK", "DAYOFWEEK"):
        return exp.Extract(this=exp.var("ISODOW"), expression=node.expression.copy())  # Sunday is 7
    if isinstance(node, exp.RegexpExtract):  # without a match null in Athena, '' in DuckDB
        matches = exp.RegexpLike(this=node.this.copy(), expression=node.expression.copy())
        return exp.Case().when(matches, node.copy())
    if isinstance(node, exp.Format):
        raise QueryError(
            "format() differs in the local engine: use round(), CAST(... AS varchar), date_format() or ||"
        )
    return node


def _type(node: exp.Expr) -> exp.DType | None:
    """Return an expression's annotated type; truncating a time keeps its type."""
    while isinstance(node, _SAME_TYPE):
        node = node.this
    return node.type.this if isinstance(node.type, exp.DataType) else None


def _cast(node: exp.Cast) -> exp.Expr:
    source, target = _type(node.this), node.to.this
    if target in exp.DataType.INTEGER_TYPES and source in exp.DataType.REAL_TYPES:  # Athena rounds half up
        return exp.cast(exp.Round(this=node.this.copy()), node.to.copy())
    if target in exp.DataType.TEXT_TYPES and source == _Type.TIMESTAMP and node.this.find(exp.Column):
        form = exp.Literal.string("%Y-%m-%d %H:%M:%S.%g")  # Athena always shows the columns' milliseconds
        return exp.Anonymous(this="strftime", expressions=[node.this.copy(), form])
    return node


def _at_time_zone(node: exp.Expr, moment: exp.Expr, zone: exp.Expr) -> exp.Expr:
    """Return the wall clock in a zone, if the query uses only that: DuckDB's values have no time zone."""
    user = node.parent
    while isinstance(user, _SAME_TYPE):
        user = user.parent
    plain = isinstance(user, exp.Cast) and user.to.this in (_Type.TIMESTAMP, _Type.DATE)
    if _type(moment) not in _TIMES or not (plain or isinstance(user, _WALL_CLOCK)):
        raise QueryError(
            "the local engine has no timestamp with time zone. The columns are UTC; for the wall clock of a "
            f"zone write CAST({moment.sql('athena')} AT TIME ZONE {zone.sql('athena')} AS timestamp), or use "
            "AT TIME ZONE within hour(...) or date_format(...)"
        )
    return exp.Paren(this=exp.AtTimeZone(this=_utc_instant(moment), zone=zone.copy()))


def _utc_instant(moment: exp.Expr) -> exp.Expr:
    """Mark a timestamp as UTC for AT TIME ZONE; DuckDB would take it for the zone's wall clock."""
    return exp.cast(moment.copy(), _Type.TIMESTAMPTZ)


def _whole_units(node: exp.DateDiff) -> exp.Expr:
    """Count whole units, as Athena does; DuckDB's date_diff counts the boundaries crossed."""
    unit = exp.Literal.string(node.text("unit").lower() or "day")
    return exp.Anonymous(this="date_sub", expressions=[unit, node.expression.copy(), node.this.copy()])


def _date_arithmetic(node: exp.Expr) -> exp.Expr:
    """Keep a date plus an interval a date; in DuckDB it is a timestamp."""
    if _type(node.this) != _Type.DATE:
        return node
    if isinstance(node, exp.Sub) and _type(node.expression) == _Type.DATE:
        raise QueryError("a date minus a date is an interval in Athena: write date_diff('day', ..., ...)")
    whole = isinstance(node, (exp.DateAdd, exp.DateSub)) or isinstance(node.expression, exp.Interval)
    return exp.cast(node.copy(), _Type.DATE) if whole else node


def _division(node: exp.Div) -> exp.Expr:
    """Keep the longer scale of a quotient of decimals: 7 / 4.0 is 1.8 in Athena."""
    is_decimal, scale = _scale(node) or (False, 0)
    if not is_decimal:
        return node
    quotient = exp.Round(this=node.copy(), decimals=exp.Literal.number(scale))
    return exp.cast(quotient, exp.DataType.build(f"DECIMAL(38, {scale})"))


def _scale(node: exp.Expr) -> tuple[bool, int] | None:
    """Return (is decimal, scale) of a decimal or an integer; None for a double or an unknown type."""
    if isinstance(node, (exp.Paren, exp.Neg)):
        return _scale(node.this)
    if isinstance(node, exp.Literal) and not node.is_string:
        return None if "e" in node.this.lower() else ("." in node.this, len(node.this.partition(".")[2]))
    if isinstance(node, exp.Cast) and node.to.this == _Type.DECIMAL:
        parameters = node.to.expressions
        return True, int(parameters[1].name) if len(parameters) > 1 else 0
    if isinstance(node, (exp.Add, exp.Sub, exp.Mul, exp.Div, exp.Mod)):
        left, right = _scale(node.this), _scale(node.expression)
        if left is None or right is None:
            return None
        longest = left[1] + right[1] if isinstance(node, exp.Mul) else max(left[1], right[1])
        return left[0] or right[0], longest
    return (False, 0) if _type(node) in exp.DataType.INTEGER_TYPES else None
