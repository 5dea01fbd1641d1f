"""What Athena refuses and DuckDB would quietly convert: text beside numbers or dates, and the like.

Belongs here: refusals by type over a tree whose types sqlglot has annotated. Does not: rewriting
(athena_rewrites). It refuses only where every type is known; an unknown type is let through.
"""

from collections.abc import Iterable

from sqlglot import exp

from velib_assets.query.query_error import QueryError

TEXT, NUMBER, BOOLEAN, TIME = "text", "number", "boolean", "time"
_DATE = {exp.DataType.Type.DATE, exp.DataType.Type.DATE32}
_KINDS: dict[exp.DType, str] = {
    **dict.fromkeys(exp.DataType.TEXT_TYPES, TEXT),
    **dict.fromkeys(exp.DataType.NUMERIC_TYPES, NUMBER),
    **dict.fromkeys(_DATE, TIME),
    exp.DataType.Type.BOOLEAN: BOOLEAN,
    exp.DataType.Type.TIMESTAMP: TIME,
    exp.DataType.Type.TIMESTAMPTZ: TIME,
}
_SIGNS: dict[type[exp.Expr], str] = {
    exp.EQ: "=",
    exp.NEQ: "<>",
    exp.GT: ">",
    exp.GTE: ">=",
    exp.LT: "<",
    exp.LTE: "<=",
    exp.NullSafeEQ: "IS NOT DISTINCT FROM",
    exp.NullSafeNEQ: "IS DISTINCT FROM",
    exp.Add: "+",
    exp.Sub: "-",
    exp.Mul: "*",
    exp.Div: "/",
    exp.Mod: "%",
}
_ARITHMETIC = (exp.Add, exp.Sub, exp.Mul, exp.Div, exp.Mod)


def type_of(node: exp.Expr) -> exp.DataType | None:
    """The annotated type of an expression; truncating a time keeps its type."""
    while isinstance(node, (exp.DateTrunc, exp.TimestampTrunc, exp.Paren)):
        node = node.this
    return node.type if isinstance(node.type, exp.DataType) else None


def kind_of(node: exp.Expr | None) -> str | None:
    """`text`, `number`, `boolean` or `time`; None where unknown, null or anything else."""
    if node is None or isinstance(node, exp.Null) or _is_difference(node):
        return None
    found = type_of(node)
    return _KINDS.get(found.this) if found else None


def refuse_mismatches(tree: exp.Expr) -> None:
    """Check every expression of a query.

    Raises:
        QueryError: for the first that Athena would refuse, naming both types and what to write.
    """
    for node in tree.walk():
        if type(node) in _SIGNS:
            _pair(_SIGNS[type(node)], node.this, node.expression, isinstance(node, _ARITHMETIC))
        elif isinstance(node, exp.Between):
            for bound in (node.args["low"], node.args["high"]):
                _pair("BETWEEN", node.this, bound)
        elif isinstance(node, exp.In):
            _membership(node)
        elif isinstance(node, exp.Case):
            _case(node)
        elif isinstance(node, exp.Coalesce):
            _alike("COALESCE", [node.this, *node.expressions])
        else:
            _operand(node)


def _operand(node: exp.Expr) -> None:
    """Operators and functions that want one kind of operand."""
    if isinstance(node, (exp.Where, exp.Having, exp.Not)):
        _want(node.this, BOOLEAN, "a condition")
    elif isinstance(node, (exp.And, exp.Or)):
        _want(node.this, BOOLEAN, "a condition")
        _want(node.expression, BOOLEAN, "a condition")
    elif isinstance(node, (exp.Like, exp.ILike)):
        _want(node.this, TEXT, "what is matched with LIKE")
    elif isinstance(node, (exp.DPipe, exp.Concat)):
        for part in [node.args.get("this"), node.args.get("expression"), *node.expressions]:
            _want(part, TEXT, "what is joined with || or concat()")
    elif isinstance(node, (exp.Sum, exp.Avg)):
        _want(node.this, NUMBER, f"the argument of {node.key}()")


def _pair(sign: str, left: exp.Expr, right: exp.Expr, arithmetic: bool = False) -> None:
    kinds = kind_of(left), kind_of(right)
    if None in kinds:
        return
    wrong = TEXT in kinds or BOOLEAN in kinds or kinds[0] != kinds[1] if arithmetic else kinds[0] != kinds[1]
    if wrong:
        raise QueryError(
            f"TYPE_MISMATCH: Cannot apply operator: {_name(left)} {sign} {_name(right)}, "
            f"in {_sql(left)} {sign} {_sql(right)}. {_advice(left, right)}"
        )


def _membership(node: exp.In) -> None:
    query = node.args.get("query")
    select = query.unnest() if query else None
    options = list(select.selects) if isinstance(select, exp.Query) else list(node.expressions)
    for option in options:
        _pair("IN", node.this, option)


def _case(node: exp.Case) -> None:
    branches = node.args["ifs"]
    for branch in branches:
        if node.this:
            _pair("=", node.this, branch.this)
        else:
            _want(branch.this, BOOLEAN, "a condition")
    _alike("CASE", [*(branch.args["true"] for branch in branches), node.args.get("default")])


def _alike(what: str, nodes: Iterable[exp.Expr | None]) -> None:
    known = [node for node in nodes if node is not None and kind_of(node)]
    for node in known[1:]:
        if kind_of(node) != kind_of(known[0]):
            raise QueryError(
                f"TYPE_MISMATCH: All {what} operands must have the same type: {_name(known[0])} and "
                f"{_name(node)}. {_advice(known[0], node)}"
            )


def _want(node: exp.Expr | None, kind: str, what: str) -> None:
    if node is not None and kind_of(node) not in (None, kind):
        wanted = {TEXT: "varchar", NUMBER: "a number", BOOLEAN: "boolean"}[kind]
        raise QueryError(
            f"TYPE_MISMATCH: {what} must be {wanted}, and {_sql(node)} is {_name(node)}. "
            + (f"Write CAST({_sql(node)} AS varchar)." if kind == TEXT else "Write a comparison or a CAST.")
        )


def _advice(left: exp.Expr, right: exp.Expr) -> str:
    text, other = (left, right) if kind_of(left) == TEXT else (right, left)
    if kind_of(text) != TEXT:
        return "Athena converts neither: write a CAST or another comparison."
    if isinstance(text, exp.Literal) and kind_of(other) == TIME:
        word = "DATE" if _name(other) == "date" else "TIMESTAMP"
        return f"Athena converts neither: write {word} '{text.this}'."
    if isinstance(other, exp.Literal):
        return f"Athena converts neither: write CAST({_sql(text)} AS {_name(other)}), or a text in quotes."
    if kind_of(other) == TIME:
        return f"Athena converts neither: write CAST({_sql(other)} AS varchar)."
    return f"Athena converts neither: write CAST({_sql(text)} AS {_name(other)})."


def _is_difference(node: exp.Expr) -> bool:
    """Time minus time is an interval, whatever its annotation says."""
    inner = node.unnest()
    return isinstance(inner, exp.Sub) and kind_of(inner.this) == TIME and kind_of(inner.expression) == TIME


def _name(node: exp.Expr) -> str:
    found = type_of(node)
    word = found.sql("athena").lower() if found else "unknown"
    return {"int": "integer", "timestamp": "timestamp(3)", "timestamp(0)": "timestamp(0)"}.get(word, word)


def _sql(node: exp.Expr) -> str:
    return node.sql("athena")
