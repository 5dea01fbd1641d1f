"""Rows as pandas frames, the same from either engine: whole numbers stay whole beside nulls (None).

Belongs here: types of a frame's columns, and the parts of a KPI's state. Does not: asking an engine.
"""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from velib_assets.core.kpi_queries import HEADLINE, PRESENT
from velib_assets.core.kpis import Kpi
from velib_assets.core.union import PART

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa


_WHOLE = {"int": "int32", "bigint": "int64"}


def frame_of(table: "pa.Table", kinds: Sequence[str]) -> "pd.DataFrame":
    """Arrow columns as a frame; `kinds` are the engine's own names of their types."""
    import pandas as pd  # noqa: PLC0415 - takes a second to import
    import pyarrow as pa  # noqa: PLC0415 - likewise

    columns: list[Any] = []
    for column, kind in zip(table.columns, kinds, strict=True):
        if pa.types.is_integer(column.type) and column.null_count:
            columns.append(pd.Series(column.to_pylist(), dtype=object))
        elif kind == "INTERVAL":
            columns.append(pd.Series([_interval(value) for value in column.to_pylist()], dtype=object))
        else:
            columns.append(column.to_pandas())
    result = pd.concat(columns, axis=1) if columns else pd.DataFrame()
    result.columns = pd.Index(table.column_names)
    return result


def _interval(value: Any) -> str | None:  # noqa: ANN401 - a MonthDayNano of Arrow
    """An interval as Athena prints it: days, then hours, minutes, seconds and milliseconds."""
    if value is None or value.months:
        return None if value is None else f"{value.months // 12}-{value.months % 12}"
    whole = value.days * 86_400_000 + value.nanoseconds // 1_000_000
    days, rest = divmod(abs(whole), 86_400_000)
    seconds, milliseconds = divmod(rest, 1000)
    clock = f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}.{milliseconds:03}"
    return f"{'-' if whole < 0 else ''}{days} {clock}"


def state_of(kpi: Kpi, frame: "pd.DataFrame") -> tuple["pd.DataFrame", dict[str, float]]:
    """The newest rows and the known headline numbers, from the answer to `kpi_queries.state_sql`."""
    newest = frame[frame[PRESENT].notna()][[column.name for column in kpi.schema]]
    numbers = {headline.name: frame[HEADLINE + headline.name].iloc[0] for headline in kpi.headlines}
    known = {name: float(value) for name, value in numbers.items() if value is not None and value == value}  # noqa: PLR0124 - NaN is unlike itself
    return newest.reset_index(drop=True), known


def states_of(
    views: Sequence[Kpi], frame: "pd.DataFrame"
) -> Iterator[tuple[Kpi, tuple["pd.DataFrame", dict[str, float]]]]:
    """`state_of` each of the views, from the answer to `kpi_queries.states_sql`."""
    for view in views:
        yield view, state_of(view, _typed(view, frame[frame[PART] == view.name].infer_objects()))


def _typed(view: Kpi, frame: "pd.DataFrame") -> "pd.DataFrame":
    """A view's rows with its own whole numbers: beside rows that have no such column they lost their type."""
    whole = {column.name: _WHOLE[column.type] for column in view.schema if column.type in _WHOLE}
    return frame.astype({name: kind for name, kind in whole.items() if frame[name].notna().all()})
