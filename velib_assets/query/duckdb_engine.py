"""The query engine: asks the table and the views in Athena's SQL. Local form: DuckDB; on AWS Athena.

Belongs here: the interface and the order of a question's steps. Does not: the dialect (athena_dialect),
which partitions are needed (partition_pruning), DuckDB's set-up (duckdb_session). DuckDB and sqlglot are
imported when the first question comes.
"""

import re
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Protocol, TypeVar

from velib_assets.catalog.catalog import Partition
from velib_assets.catalog.sqlite_catalog import LocalCatalog
from velib_assets.query.kpis import KPIS, LIVE_VIEWS, VIEWS, Kpi, hours_read, render
from velib_assets.query.lake_files import LakeFiles, WatchedFiles, pinned
from velib_assets.query.query_error import LakeReadError, QueryError
from velib_assets.query.windows import last_26_hours

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

    from velib_assets.query.local_query import LocalQuery

T = TypeVar("T")

__all__ = ["KpiState", "LakeReadError", "LocalQueryEngine", "QueryEngine", "QueryError"]


class KpiState(NamedTuple):
    """A view's newest state: whether its definition changed, its rows, its headline numbers.

    The rows are those at the table's newest snapshot; a number that is unknown is left out.
    """

    changed: bool
    newest: "pa.Table"
    headline: dict[str, float]


class QueryEngine(Protocol):
    """Asks the lake. Timestamps are UTC without a zone."""

    def query(self, sql: str) -> "pd.DataFrame":
        """The rows of one question (SELECT, WITH, VALUES, SHOW, DESCRIBE) in Athena's SQL, for people.

        Raises:
            QueryError: where it is refused or cannot be answered.
        """
        ...

    def read(self, kpi: Kpi) -> KpiState:
        """Define the view over the newest hours where that changed, and read its newest state.

        What it costs does not depend on the history.

        Raises:
            QueryError: where the view does not run or has other columns than those declared.
        """
        ...

    def query_recent(self, sql: str) -> "pa.Table":
        """The rows of a statement of this package over the table's newest 26 hours; Athena is not asked.

        Raises:
            QueryError: where it cannot be answered.
        """
        ...

    def read_all(self) -> dict[str, KpiState]:
        """The newest state of every view but the kept ones, by name; on AWS without asking Athena.

        Raises:
            QueryError: where one of them does not answer.
        """
        ...


class _Read(NamedTuple):
    """A state, and the newest partitions when it was read."""

    parts: tuple[Partition, ...]
    state: KpiState


class LocalQueryEngine:
    """DuckDB in memory, made anew for each question, over the files that the catalog names."""

    def __init__(self, lake: Path, catalog: LocalCatalog) -> None:
        self._lake, self._catalog = lake, catalog
        self._states: dict[str, _Read] = {}  # what was read last
        self._ahead: dict[str, _Read] = {}  # what was read with another view, and not yet asked for

    def query(self, sql: str) -> "pd.DataFrame":
        """See QueryEngine."""
        from velib_assets.query.show_statements import show  # noqa: PLC0415 - imports sqlglot

        shown = show(sql, self._catalog, self._definition)
        if shown is not None:
            return shown
        from velib_assets.query.athena_dialect import parse  # noqa: PLC0415 - imports sqlglot
        from velib_assets.query.frames import frame_of  # noqa: PLC0415 - imports pyarrow

        tree = parse(sql)
        return frame_of(self._answer(lambda answer: answer.rows(tree.copy()), None, self._newest()))

    def query_recent(self, sql: str) -> "pa.Table":
        """See QueryEngine. The catalog is not read any further either."""
        newest = self._newest()
        hours = last_26_hours(newest) if newest else []
        return self._answer(lambda answer: answer.of_table(sql), hours, newest)

    def read(self, kpi: Kpi) -> KpiState:
        """See QueryEngine. The five KPIs are read in one session, and each answer is given once."""
        parts = self._parts()  # first: a change in between is seen the next time
        newest = self._newest()
        found = self._ahead.pop(kpi.name, None)
        if not found or found.parts != parts:
            self._ahead = {name: _Read(parts, state) for name, state in self._read_with(kpi, newest).items()}
            found = self._ahead.pop(kpi.name)
        self._states[kpi.name] = found
        return found.state._replace(changed=self._catalog.record_view(kpi.name, render(kpi, newest)))

    def read_all(self) -> dict[str, KpiState]:
        """See QueryEngine. What a tick has just read is not read again, as long as its partitions hold."""
        parts, found = self._parts(), {}
        for view in LIVE_VIEWS:
            then = self._states.get(view.name)
            found[view.name] = then.state if then and then.parts == parts else self.read(view)
        return found

    def _read_with(self, kpi: Kpi, newest: datetime | None) -> dict[str, KpiState]:
        """The state of a view, and of those that a tick asks for next; where one fails, of this one alone."""
        together = KPIS if kpi in KPIS else (kpi,)
        try:
            return self._read_views(together, newest)
        except QueryError:
            if together == (kpi,):
                raise
            return self._read_views((kpi,), newest)

    def _read_views(self, views: Sequence[Kpi], newest: datetime | None) -> dict[str, KpiState]:
        """The states of views over the same hours."""
        from velib_assets.query.frames import state_of  # noqa: PLC0415 - imports pyarrow

        answers = self._answer(lambda answer: answer.states(views), hours_read(views[0], newest), newest)
        return {
            view.name: KpiState(False, *state_of(view, answer))
            for view, answer in zip(views, answers, strict=True)
        }

    def _parts(self) -> tuple[Partition, ...]:
        """The newest partitions that views are read from."""
        hours = self._catalog.newest_hours(1)
        return tuple(self._catalog.partitions(last_26_hours(hours[0]))) if hours else ()

    def _answer(
        self, step: "Callable[[LocalQuery], T]", hours: Sequence[datetime] | None, newest: datetime | None
    ) -> "T":
        """Run a step in a session of its own; once more over pinned files where one was replaced under it."""
        import duckdb  # noqa: PLC0415 - slow to import

        from velib_assets.query.duckdb_session import session  # noqa: PLC0415 - imports DuckDB
        from velib_assets.query.local_query import LocalQuery  # noqa: PLC0415 - likewise

        def run(files: LakeFiles) -> "T":
            with session(self._lake) as db:
                return step(LocalQuery(db, files, self._catalog.partitions(hours), newest))

        files = WatchedFiles(self._lake)
        try:
            answer = run(files)
            if files.unchanged():
                return answer
        except duckdb.Error as error:
            if files.unchanged():
                raise _error(error) from error
        try:
            with pinned(self._lake) as still:
                return run(still)
        except duckdb.Error as error:
            raise _error(error) from error

    def _newest(self) -> datetime | None:
        """The newest registered hour whose file is there; None for an empty table."""
        count = 1
        while hours := self._catalog.newest_hours(count):
            for hour in hours:
                if any((self._lake / part.key).is_file() for part in self._catalog.partitions([hour])):
                    return hour
            if len(hours) < count:
                break
            count *= 32
        return None

    def _definition(self, name: str) -> str:
        return next(render(kpi, self._newest()) for kpi in VIEWS if kpi.name == name)


def _error(error: Exception) -> QueryError:
    words = plain(error)
    if re.search(r"\.parquet\b", words) and "date=" in words:
        return LakeReadError(f"{words}; rebuild that hour: velib backfill YYYY-MM-DDTHH YYYY-MM-DDTHH")
    return QueryError(words)


def plain(error: Exception) -> str:
    """An engine's error in one line: its first, and the names that it suggests."""
    if "Division by zero" in str(error):
        return "DIVISION_BY_ZERO: Division by zero"
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    kept = [line for line in lines[1:] if line.startswith(("Candidate", "Did you mean"))]
    return "; ".join([*lines[:1], *kept]) or type(error).__name__
