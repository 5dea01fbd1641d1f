"""Rows as Arrow tables and as pandas frames, the same from either engine.

Belongs here: types of their columns, and the parts of a KPI's state. Does not: asking an engine. A tick does
without pandas, which takes as long to import as five views to answer.
"""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from velib_assets.query.kpi_queries import HEADLINE, PRESENT
from velib_assets.query.kpis import Kpi
from velib_assets.query.union import PART

if TYPE_CHECKING:
    import pandas as pd

ARROW = {
    "string": pa.string(),
    "int": pa.int32(),
    "bigint": pa.int64(),
    "double": pa.float64(),
    "boolean": pa.bool_(),
    "timestamp": pa.timestamp("us"),
}


def frame_of(table: pa.Table) -> "pd.DataFrame":
    """A table as a frame, for people: whole numbers stay whole beside nulls (None), dates stay dates."""
    import pandas as pd  # noqa: PLC0415 - see above

    columns: list[Any] = []
    for column in table.columns:
        if pa.types.is_integer(column.type) and column.null_count:
            columns.append(pd.Series(column.to_pylist(), dtype=object))
        elif pa.types.is_interval(column.type):
            columns.append(pd.Series([_interval(value) for value in column.to_pylist()], dtype=object))
        else:
            columns.append(column.to_pandas())
    result = pd.concat(columns, axis=1) if columns else pd.DataFrame()
    result.columns = pd.Index(table.column_names)
    return result


def rows_of_part(table: pa.Table, part: str) -> pa.Table:
    """The rows of one part of an answer to `union.union_sql`."""
    return table.filter(pc.equal(table[PART], part))


def state_of(kpi: Kpi, answer: pa.Table) -> tuple[pa.Table, dict[str, float]]:
    """The newest rows and the known headline numbers, from the answer to `kpi_queries.state_sql`."""
    newest = answer.filter(pc.is_valid(answer[PRESENT])).select([column.name for column in kpi.schema])
    numbers = {headline.name: answer[HEADLINE + headline.name][0].as_py() for headline in kpi.headlines}
    known = {name: float(value) for name, value in numbers.items() if value is not None and value == value}  # noqa: PLR0124 - NaN is unlike itself
    return newest, known


def states_of(
    views: Sequence[Kpi], answer: pa.Table
) -> Iterator[tuple[Kpi, tuple[pa.Table, dict[str, float]]]]:
    """`state_of` each of the views, from the answer to `kpi_queries.states_sql`."""
    for view in views:
        yield view, state_of(view, rows_of_part(answer, view.name))


def _interval(value: Any) -> str | None:  # noqa: ANN401 - a MonthDayNano of Arrow
    """An interval as Athena prints it: days, then hours, minutes, seconds and milliseconds."""
    if value is None or value.months:
        return None if value is None else f"{value.months // 12}-{value.months % 12}"
    whole = value.days * 86_400_000 + value.nanoseconds // 1_000_000
    days, rest = divmod(abs(whole), 86_400_000)
    seconds, milliseconds = divmod(rest, 1000)
    clock = f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}.{milliseconds:03}"
    return f"{'-' if whole < 0 else ''}{days} {clock}"
