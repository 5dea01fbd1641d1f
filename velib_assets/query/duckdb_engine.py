"""The local query engine: DuckDB, with a new in-memory session per query, over the catalog's files.

DuckDB and sqlglot are imported with the first query.
"""

import re
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from velib_assets.catalog.catalog import Partition, newest_hour
from velib_assets.catalog.sqlite_catalog import LocalCatalog
from velib_assets.query.duckdb_files import LakeFiles, pinned
from velib_assets.query.engine import KpiState, LakeReadError, QueryError
from velib_assets.query.kpis import KPIS, LIVE_VIEWS, Kpi
from velib_assets.query.view_sql import hours_read, render
from velib_assets.query.windows import last_26_hours

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

    from velib_assets.query.duckdb_query import DuckDBQuery

T = TypeVar("T")


class _Read(NamedTuple):
    """A state, the newest partitions at the time it was read, and whether `read` has returned it."""

    parts: list[Partition]
    state: KpiState
    returned: bool = False


class LocalQueryEngine:
    """Runs Athena's SQL on DuckDB."""

    def __init__(self, lake: Path, catalog: LocalCatalog) -> None:
        self._lake, self._catalog = lake, catalog
        self._reads: dict[str, _Read] = {}

    def query(self, sql: str) -> "pd.DataFrame":
        """See QueryEngine."""
        from velib_assets.query.duckdb_guard import parse  # noqa: PLC0415 - imports sqlglot
        from velib_assets.query.duckdb_show import show  # noqa: PLC0415 - imports sqlglot
        from velib_assets.query.frames import frame_of  # noqa: PLC0415 - imports pyarrow

        shown = show(sql, self._catalog, lambda view: render(view, self._newest()))
        if shown is not None:
            return shown
        tree = parse(sql)
        return frame_of(self._run(lambda query: query.rows(tree.copy()), None, self._newest()))

    def query_recent(self, statements: Sequence[str]) -> "list[pa.Table]":
        """See QueryEngine. Only the newest 26 hours of the catalog are read."""
        newest = self._newest()
        hours = last_26_hours(newest) if newest else []
        return self._run(lambda query: query.rows_from_table(statements), hours, newest)

    def read(self, kpi: Kpi) -> KpiState:
        """See QueryEngine. All KPIs are read in one session; each result is returned once."""
        parts = self._parts()  # first, so that a later change is noticed by the next read
        newest = self._newest()
        read = self._reads.get(kpi.name)
        if not read or read.returned or read.parts != parts:
            self._reads |= {name: _Read(parts, state) for name, state in self._read_with(kpi, newest).items()}
            read = self._reads[kpi.name]
        self._reads[kpi.name] = read._replace(returned=True)
        return read.state._replace(changed=self._catalog.record_view(kpi.name, render(kpi, newest)))

    def read_all(self) -> dict[str, KpiState]:
        """See QueryEngine. States returned by `read` are used again if their partitions are unchanged."""
        parts, states = self._parts(), {}
        for view in LIVE_VIEWS:
            last = self._reads.get(view.name)
            known = last is not None and last.returned and last.parts == parts
            states[view.name] = last.state if last and known else self.read(view)
        return states

    def _read_with(self, kpi: Kpi, newest: datetime | None) -> dict[str, KpiState]:
        """Read a view and the other KPIs, which a tick reads next; if one of them fails, the view alone."""
        together = KPIS if kpi in KPIS else (kpi,)
        try:
            return self._read_views(together, newest)
        except QueryError:
            if together == (kpi,):
                raise
            return self._read_views((kpi,), newest)

    def _read_views(self, views: Sequence[Kpi], newest: datetime | None) -> dict[str, KpiState]:
        """Read views over the same hours."""
        from velib_assets.query.frames import state_of  # noqa: PLC0415 - imports pyarrow

        results = self._run(lambda query: query.states(views), hours_read(views[0], newest), newest)
        return {view.name: state_of(view, result) for view, result in zip(views, results, strict=True)}

    def _parts(self) -> list[Partition]:
        """Return the newest partitions, which the live views are read from."""
        newest = newest_hour(self._catalog)
        return self._catalog.partitions(last_26_hours(newest)) if newest else []

    def _run(
        self, step: "Callable[[DuckDBQuery], T]", hours: Sequence[datetime] | None, newest: datetime | None
    ) -> "T":
        """Run a step in its own session; again on pinned files if a file was replaced meanwhile."""
        import duckdb  # noqa: PLC0415 - slow to import

        from velib_assets.query.duckdb_query import DuckDBQuery  # noqa: PLC0415 - imports DuckDB
        from velib_assets.query.duckdb_session import session  # noqa: PLC0415 - likewise

        def run(files: LakeFiles) -> "T":
            with session(self._lake) as db:
                return step(DuckDBQuery(db, files, self._catalog.partitions(hours), newest))

        files = LakeFiles(self._lake)
        try:
            result = run(files)
            if files.unchanged():
                return result
        except duckdb.Error as error:
            if files.unchanged():
                raise _to_query_error(error) from error
        try:
            with pinned(self._lake) as links:
                return run(links)
        except duckdb.Error as error:
            raise _to_query_error(error) from error

    def _newest(self) -> datetime | None:
        """Return the newest registered hour whose file exists, or None for an empty table."""
        count = 1
        while hours := self._catalog.newest_hours(count):
            for hour in hours:
                if any((self._lake / part.key).is_file() for part in self._catalog.partitions([hour])):
                    return hour
            if len(hours) < count:
                break
            count *= 32
        return None


def _to_query_error(error: Exception) -> QueryError:
    message = _one_line(error)
    if re.search(r"\.parquet\b", message) and "date=" in message:
        return LakeReadError(f"{message}; rebuild that hour: velib backfill YYYY-MM-DDTHH YYYY-MM-DDTHH")
    return QueryError(message)


def _one_line(error: Exception) -> str:
    """Return the first line of DuckDB's message and the names that it suggests."""
    if "Division by zero" in str(error):
        return "DIVISION_BY_ZERO: Division by zero"
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    suggestions = [line for line in lines[1:] if line.startswith(("Candidate", "Did you mean"))]
    return "; ".join([*lines[:1], *suggestions]) or type(error).__name__
