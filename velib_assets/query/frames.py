"""Query results as Arrow tables and pandas frames, the same from both engines.

A tick does not import pandas, which takes as long as reading all views.
"""

from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from velib_assets.lake.schema import TYPES
from velib_assets.query.engine import KpiState
from velib_assets.query.kpis import Kpi
from velib_assets.query.view_sql import HEADLINE, PRESENT

if TYPE_CHECKING:
    import pandas as pd

ARROW = {name: pa.type_for_alias(names.arrow) for name, names in TYPES.items()}


def to_frame(table: pa.Table) -> "pd.DataFrame":
    """Return a frame in which integers stay integers beside nulls (None), and dates stay dates."""
    frame: pd.DataFrame = intervals_as_text(table).to_pandas(integer_object_nulls=True)
    return frame


def intervals_as_text(table: pa.Table) -> pa.Table:
    """Return a table whose intervals are text in Athena's form."""
    for position, column in enumerate(table.columns):
        if pa.types.is_interval(column.type):
            texts = pa.array([_interval(value) for value in column.to_pylist()], pa.string())
            table = table.set_column(position, table.field(position).name, texts)
    return table


def iso_texts(times: pa.ChunkedArray) -> pa.ChunkedArray:
    """Format UTC timestamps as `2022-06-04T17:34:59Z`; milliseconds are included unless they are zero."""
    exact = times.cast(pa.timestamp("ms", "UTC"), safe=False)
    whole = exact.cast(pa.timestamp("s", "UTC"), safe=False)
    form = "%Y-%m-%dT%H:%M:%SZ"
    is_whole = pc.equal(whole.cast(exact.type), exact)
    return pc.if_else(is_whole, pc.strftime(whole, format=form), pc.strftime(exact, format=form))


def to_state(kpi: Kpi, result: pa.Table, *, changed: bool = False) -> KpiState:
    """Return the state from the result of a `state_sql` query; unknown headline numbers are left out."""
    newest = result.filter(pc.is_valid(result[PRESENT])).select([column.name for column in kpi.schema])
    numbers = {headline.name: result[HEADLINE + headline.name][0].as_py() for headline in kpi.headlines}
    known = {name: float(value) for name, value in numbers.items() if value is not None and value == value}  # noqa: PLR0124 - NaN differs from itself
    return KpiState(changed, newest, known)


def _interval(value: Any) -> str | None:  # noqa: ANN401 - Arrow's MonthDayNano
    """Format an interval as Athena does: days, then hours, minutes, seconds and milliseconds."""
    if value is None or value.months:
        return None if value is None else f"{value.months // 12}-{value.months % 12}"
    whole = value.days * 86_400_000 + value.nanoseconds // 1_000_000
    days, rest = divmod(abs(whole), 86_400_000)
    seconds, milliseconds = divmod(rest, 1000)
    clock = f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}.{milliseconds:03}"
    return f"{'-' if whole < 0 else ''}{days} {clock}"
