"""Where sqlglot's DuckDB would quietly answer otherwise than Athena: rewritten, or refused.

Belongs here: rewrites of a tree with annotated types, before it is written as DuckDB's SQL. Does not:
refusals by type (athena_types), or what sqlglot already gets right. Each rule names what Athena does.
"""

from sqlglot import exp

from velib_assets.query.athena_types import TIME, kind_of, type_of
from velib_assets.query.query_error import QueryError

_FLOATS = exp.DataType.REAL_TYPES
_WALL_CLOCK = (
    exp.Extract,
    exp.Date,
    exp.TsOrDsToDate,
    exp.TimeToStr,
    exp.Year,
    exp.Quarter,
    exp.Month,
    exp.Week,
    exp.WeekOfYear,
    exp.Day,
    exp.DayOfMonth,
    exp.DayOfWeek,
    exp.DayOfWeekIso,
    exp.DayOfYear,
    exp.Hour,
    exp.Minute,
    exp.Second,
)
_THROUGH = (exp.DateTrunc, exp.TimestampTrunc, exp.Paren)


def rewrite(tree: exp.Expr) -> exp.Expr:
    """The tree with every rule applied.

    Raises:
        QueryError: for what has no local form.
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


def _rewritten(node: exp.Expr) -> exp.Expr:
    if isinstance(node, exp.Cast):
        return _cast(node)
    if isinstance(node, exp.AtTimeZone):
        return _at_time_zone(node, node.this, node.args["zone"])
    if isinstance(node, exp.Anonymous) and node.name.lower() == "at_timezone":
        return _at_time_zone(node, *node.expressions)
    if isinstance(node, exp.Format):
        raise QueryError(
            "format() formats otherwise in the local engine: use round(), CAST(... AS varchar), "
            "date_format() or ||"
        )
    if isinstance(node, exp.Div):
        return _division(node)
    if isinstance(node, (exp.Add, exp.Sub, exp.DateAdd, exp.DateSub)):
        return _date_arithmetic(node)
    return _function(node)


def whole_units(node: exp.DateDiff) -> exp.Expr:
    """Athena counts whole units, DuckDB's date_diff the borders crossed."""
    unit = exp.Literal.string(node.text("unit").lower() or "day")
    return exp.Anonymous(this="date_sub", expressions=[unit, node.expression.copy(), node.this.copy()])


def _function(node: exp.Expr) -> exp.Expr:
    if isinstance(node, exp.DateDiff):
        return whole_units(node)
    if isinstance(node, exp.Extract) and node.name.upper() in ("DOW", "DAY_OF_WEEK", "DAYOFWEEK"):
        return exp.Extract(this=exp.var("ISODOW"), expression=node.expression.copy())  # Sunday is 7
    if isinstance(node, exp.RegexpExtract):  # no match is null, DuckDB gives ''
        matches = exp.RegexpLike(this=node.this.copy(), expression=node.expression.copy())
        return exp.Case().when(matches, node.copy())
    return node


def _cast(node: exp.Cast) -> exp.Expr:
    source, target = type_of(node.this), node.to
    if source is None:
        return node
    if target.this in exp.DataType.INTEGER_TYPES and source.this in _FLOATS:  # Athena rounds half up
        return _like(node, exp.Round(this=node.this.copy()))
    if target.this in exp.DataType.TEXT_TYPES and _is_stored_time(node.this, source):
        form = exp.Literal.string("%Y-%m-%d %H:%M:%S.%g")  # milliseconds are always shown
        return exp.Anonymous(this="strftime", expressions=[node.this.copy(), form])
    return node


def _like(node: exp.Cast, operand: exp.Expr) -> exp.Expr:
    copy = node.copy()
    copy.set("this", operand)
    return copy


def _is_stored_time(node: exp.Expr, source: exp.DataType) -> bool:
    return source.this == exp.DataType.Type.TIMESTAMP and node.find(exp.Column) is not None


def _at_time_zone(node: exp.Expr, moment: exp.Expr, zone: exp.Expr) -> exp.Expr:
    """The wall clock in a zone, where no more is asked for: a value with a zone has no local form."""
    user = node.parent
    while isinstance(user, _THROUGH):
        user = user.parent
    plain = isinstance(user, exp.Cast) and user.to.this in (
        exp.DataType.Type.TIMESTAMP,
        exp.DataType.Type.DATE,
    )
    if kind_of(moment) != TIME or not (plain or isinstance(user, _WALL_CLOCK)):
        raise QueryError(
            "AT TIME ZONE gives a timestamp with time zone, which the local engine has not. The columns are "
            f"UTC; for the wall clock of a zone write CAST({moment.sql('athena')} AT TIME ZONE "
            f"{zone.sql('athena')} AS timestamp), or hour(...), date_format(...) of it"
        )
    return exp.Paren(this=exp.AtTimeZone(this=utc_instant(moment), zone=zone.copy()))


def utc_instant(moment: exp.Expr) -> exp.Expr:
    """A plain timestamp before AT TIME ZONE: UTC in Athena, in DuckDB a wall clock unless it is said."""
    return exp.cast(moment.copy(), exp.DataType.Type.TIMESTAMPTZ)


def _date_arithmetic(node: exp.Expr) -> exp.Expr:
    """A date and an interval give a date; in DuckDB a timestamp."""
    found = type_of(node.this)
    other = type_of(node.expression)
    if isinstance(node, exp.Sub) and found and other and {found.this, other.this} == {exp.DataType.Type.DATE}:
        raise QueryError("a date minus a date is an interval in Athena: write date_diff('day', ..., ...)")
    whole = isinstance(node, (exp.DateAdd, exp.DateSub)) or isinstance(node.expression, exp.Interval)
    if whole and found is not None and found.this == exp.DataType.Type.DATE:
        return exp.cast(node.copy(), exp.DataType.Type.DATE)
    return node


def _division(node: exp.Div) -> exp.Expr:
    """A quotient of decimals keeps the longer scale: 7 / 4.0 is 1.8 in Athena."""
    scale = _decimal_scale(node)
    if scale is None:
        return node
    quotient = exp.Round(this=node.copy(), decimals=exp.Literal.number(scale))
    return exp.cast(quotient, exp.DataType.build(f"DECIMAL(38, {scale})"))


def _decimal_scale(node: exp.Expr) -> int | None:
    exact = _exact(node)
    return exact[1] if exact and exact[0] else None


def _exact(node: exp.Expr) -> tuple[bool, int] | None:
    """(is decimal, scale) of a decimal or an integer; None for a double and whatever is unknown."""
    if isinstance(node, (exp.Paren, exp.Neg)):
        return _exact(node.this)
    if isinstance(node, exp.Literal) and not node.is_string:
        return None if "e" in node.this.lower() else ("." in node.this, len(node.this.partition(".")[2]))
    if isinstance(node, exp.Cast) and node.to.this == exp.DataType.Type.DECIMAL:
        parameters = node.to.expressions
        return True, int(parameters[1].name) if len(parameters) > 1 else 0
    if isinstance(node, (exp.Add, exp.Sub, exp.Mul, exp.Div, exp.Mod)):
        left, right = _exact(node.this), _exact(node.expression)
        if left is None or right is None:
            return None
        longest = left[1] + right[1] if isinstance(node, exp.Mul) else max(left[1], right[1])
        return left[0] or right[0], longest
    found = type_of(node)
    return (False, 0) if found and found.this in exp.DataType.INTEGER_TYPES else None
