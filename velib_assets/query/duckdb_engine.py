"""The local query engine: DuckDB, with a new in-memory session per query, over the catalog's files.

DuckDB and sqlglot are imported with the first query.
"""

import sys
from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from velib_assets.catalog.sqlite_catalog import LocalCatalog
from velib_assets.query.duckdb_files import LakeFiles, pinned
from velib_assets.query.engine import KpiState, MissingLakeError, QueryError, Statements
from velib_assets.query.kpis import LIVE_VIEWS, Kpi
from velib_assets.query.view_sql import hours_read, render, state_sql
from velib_assets.query.windows import DAY

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

    from velib_assets.query.duckdb_query import DuckDBQuery

T = TypeVar("T")


class LocalQueryEngine:
    """Runs Athena's SQL on DuckDB."""

    history_by_month = False

    def __init__(self, lake: Path, catalog: LocalCatalog) -> None:
        self._lake, self._catalog = lake, catalog

    def query(self, sql: str) -> "pd.DataFrame":
        """See QueryEngine."""
        from velib_assets.query.frames import to_frame  # noqa: PLC0415 - imports pyarrow

        return to_frame(self.query_table(sql))

    def query_table(self, sql: str) -> "pa.Table":
        """See QueryEngine.

        Raises:
            MissingLakeError: There is no lake, and the query reads a table.
        """
        from velib_assets.query.duckdb_guard import catalog_tables, parse  # noqa: PLC0415 - imports sqlglot
        from velib_assets.query.duckdb_show import show  # noqa: PLC0415 - imports sqlglot

        newest = self._newest()
        shown = show(sql, self._catalog, newest)
        if shown is not None:
            return shown
        tree = parse(sql)
        rows = self._run(lambda query: query.rows(tree.copy()), None, newest)
        if catalog_tables(tree) and not self._lake.is_dir():
            raise MissingLakeError(f"there is no lake at {self._lake}")
        return rows

    def query_recent(self, statements: Statements) -> "list[pa.Table]":
        """See QueryEngine. Only the newest 26 hours of the catalog are read."""
        newest = self._newest()
        hours = DAY.hours(newest)
        return self._run(lambda query: query.own_rows(LIVE_VIEWS, statements(newest)), hours, newest)

    def read(self, views: Sequence[Kpi], history_days: Collection[date] = ()) -> list[KpiState]:
        """See QueryEngine. The views are read in one session."""
        from velib_assets.query.frames import to_state  # noqa: PLC0415 - imports pyarrow

        newest = self._newest()
        hours = {
            hour
            for view in views
            for hour in hours_read(view, newest)
            if not (view.cached and hour.date() in history_days)
        }
        statements = [state_sql(view, newest) for view in views]
        results = self._run(lambda query: query.own_rows(views, statements, history_days), hours, newest)
        return [
            to_state(view, result, changed=self._catalog.record_view(view.name, render(view, newest)))
            for view, result in zip(views, results, strict=True)
        ]

    def _run(
        self, step: "Callable[[DuckDBQuery], T]", hours: Iterable[datetime] | None, newest: datetime | None
    ) -> "T":
        """Run a step in its own session; again on pinned files if a file was replaced meanwhile."""
        import duckdb  # noqa: PLC0415 - slow to import
        import pyarrow as pa  # noqa: PLC0415 - likewise

        from velib_assets.query.duckdb_query import DuckDBQuery  # noqa: PLC0415 - imports DuckDB
        from velib_assets.query.duckdb_session import session  # noqa: PLC0415 - likewise

        def run(files: LakeFiles) -> "T":
            with session(self._lake) as db:
                return step(DuckDBQuery(db, files, self._catalog, hours, newest))

        # A damaged footer can put bytes into DuckDB's message that are no text: a UnicodeDecodeError.
        failures = (duckdb.Error, pa.ArrowException, UnicodeDecodeError)
        files = LakeFiles(self._lake)
        try:
            result = run(files)
            if files.unchanged():
                return result
        except failures as error:
            if files.unchanged():
                raise self._to_query_error(error, files, hours) from error
        try:
            with pinned(self._lake) as links:
                return run(links)
        except failures as error:
            raise self._to_query_error(error, links, hours) from error

    def _to_query_error(
        self, error: Exception, files: LakeFiles, hours: Iterable[datetime] | None
    ) -> QueryError:
        """Return what failed: a file that the query read and that is damaged, or the query itself."""
        from velib_assets.query.damaged_files import damaged_file_error  # noqa: PLC0415 - imports DuckDB
        from velib_assets.query.error_words import query_error  # noqa: PLC0415 - imports sqlglot

        damaged = damaged_file_error(error, self._lake, files.read, self._catalog, hours)
        return damaged or QueryError(query_error(error))

    def define_station_events(self) -> None:
        """See QueryEngine. Nothing to do: each query that names the view defines it."""

    def define_daily_views(self) -> None:
        """See QueryEngine. Nothing to do: each query that names one defines it."""

    def _newest(self) -> datetime | None:
        """Return the newest registered hour whose file exists, or None for an empty table."""
        for count in (1, sys.maxsize):  # the newest file is missing only if someone deleted it
            for hour in self._catalog.newest_hours(count):
                if any((self._lake / part.key).is_file() for part in self._catalog.partitions([hour])):
                    return hour
        return None
