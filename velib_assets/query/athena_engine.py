"""The query engine on AWS: Amazon Athena, and DuckDB on a copy of the newest hours."""

import re
from collections.abc import Collection, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from velib_assets.aws.api import AwsError
from velib_assets.aws.names import Names
from velib_assets.catalog.catalog import Catalog, newest_hour
from velib_assets.lake.schema import DATABASE
from velib_assets.lake.store import Change, LakeStore
from velib_assets.query.athena_mirror import Mirror
from velib_assets.query.athena_statements import AthenaStatements
from velib_assets.query.daily_kpis import DAILY_KPIS
from velib_assets.query.daily_sql import daily_view_sql
from velib_assets.query.engine import READ_ONLY, KpiState, LakeReadError, QueryError, Statements
from velib_assets.query.frames import to_frame, to_state
from velib_assets.query.kpis import KPIS, VIEWS, Kpi
from velib_assets.query.lake_tables import STATION_EVENTS, station_events_sql
from velib_assets.query.view_sql import VIEW, render, states_sql

if TYPE_CHECKING:
    import pandas as pd

_READS = re.compile(r"\s*\(*\s*(SELECT|WITH|VALUES|TABLE|SHOW|DESCRIBE|DESC|EXPLAIN)\b", re.IGNORECASE)
_COMMENT = re.compile(r"--[^\n]*|/\*.*?\*/", re.DOTALL)
# How Athena refuses a view that was dropped, or that does not match its tables any more, and what it names.
_LOST_VIEW = re.compile(r"_NOT_FOUND|VIEW_IS_STALE|INVALID_VIEW")
_NAMED = re.compile(r"'(?:\w+\.)*(\w+)'")
_FIXED_VIEWS = {STATION_EVENTS: station_events_sql()} | {kpi.name: daily_view_sql(kpi) for kpi in DAILY_KPIS}
"""The statements of the views that do not change with the newest hour."""
_DEFINITION_KEY = "athena-results/views/{}.sql"


class AthenaQueryEngine:
    """Runs queries on Athena and keeps the views defined there.

    `folder` holds copies of the newest files on this machine.
    """

    history_by_month = True

    def __init__(self, names: Names, catalog: Catalog, store: LakeStore, folder: Path) -> None:
        self._names, self._catalog, self._store = names, catalog, store
        self._athena, self._mirror = AthenaStatements(names), Mirror(folder, catalog, store)

    def query(self, sql: str) -> "pd.DataFrame":
        """See QueryEngine."""
        return to_frame(self.query_table(sql))

    def query_table(self, sql: str) -> pa.Table:
        """See QueryEngine. Views of this package that were lost are defined again first."""
        if not _READS.match(_COMMENT.sub(" ", sql)):
            raise QueryError(READ_ONLY)
        try:
            return self._athena.rows(sql)
        except QueryError as error:
            if not self._restore(_lost_views(error)):
                raise
        return self._athena.rows(sql)

    def query_recent(self, statements: Statements) -> list[pa.Table]:
        """See QueryEngine. The copy is read."""
        try:
            engine = self._mirror.engine()
        except AwsError as error:
            raise LakeReadError(str(error)) from error
        return engine.query_recent(statements)

    def read(self, views: Sequence[Kpi], history_days: Collection[date] = ()) -> list[KpiState]:
        """See QueryEngine. One Athena query reads all KPIs; views over a day are read from the copy."""
        try:
            newest = newest_hour(self._catalog)
            statements = {view.name: self._statement(view, newest, history_days) for view in views}
            changed = {
                name for name, statement in statements.items() if self._update_definition(name, statement)
            }
            copied = [view for view in views if view not in KPIS and not view.cached]
            states = dict(zip(copied, self._mirror.engine().read(copied), strict=True)) if copied else {}
            if on_athena := [view for view in views if view not in copied]:
                rows, restored = self._states(on_athena, newest, changed)
                changed |= restored
                states |= {v: to_state(v, rows.filter(pc.equal(rows[VIEW], v.name))) for v in on_athena}
        except AwsError as error:
            raise LakeReadError(str(error)) from error
        return [states[view]._replace(changed=view.name in changed) for view in views]

    def _statement(self, view: Kpi, newest: datetime | None, history_days: Collection[date]) -> str:
        days = history_days if view.cached else ()
        return render(view, newest, days, by_month=self.history_by_month)

    def _states(
        self, views: Sequence[Kpi], newest: datetime | None, changed: set[str]
    ) -> tuple[pa.Table, set[str]]:
        """Return the rows of `states_sql`, and the views that had been lost and were defined again."""
        sql = self._localized(states_sql(views, newest))
        try:
            return self._athena.rows(sql), set()
        except QueryError as error:
            if len(views) > 1 or views[0].name in changed or not _LOST_VIEW.search(str(error)):
                raise
        self._define(views[0].name, self._localized(render(views[0], newest)))
        return self._athena.rows(sql), {views[0].name}

    def define_station_events(self) -> None:
        """See QueryEngine."""
        try:
            self._update_definition(STATION_EVENTS, station_events_sql())
        except AwsError as error:
            raise LakeReadError(str(error)) from error

    def define_daily_views(self) -> None:
        """See QueryEngine."""
        try:
            for kpi in DAILY_KPIS:
                self._update_definition(kpi.name, daily_view_sql(kpi))
        except AwsError as error:
            raise LakeReadError(str(error)) from error

    def _restore(self, lost: Sequence[str]) -> bool:
        """Define views again; return false if there are none, or if that fails."""
        try:
            newest = newest_hour(self._catalog) if lost else None
            statements = {view.name: render(view, newest) for view in VIEWS} | _FIXED_VIEWS
            for name in lost:
                self._define(name, self._localized(statements[name]))
        except (QueryError, OSError):  # the first error says what is missing
            return False
        return bool(lost)

    def _update_definition(self, view: str, statement: str) -> bool:
        """Define a view if its statement changed; return whether it did.

        The last statement is stored in the bucket, as Athena stores it in another form.
        """
        localized = self._localized(statement)
        try:
            if self._store.read(_DEFINITION_KEY.format(view)).decode() == localized:
                return False
        except FileNotFoundError:
            pass
        self._define(view, localized)
        return True

    def _define(self, view: str, statement: str) -> None:
        self._athena.run(statement)
        self._store.publish([Change(_DEFINITION_KEY.format(view), statement.encode())], lambda: True)

    def _localized(self, statement: str) -> str:
        """Return a statement of this package for the deployment's database."""
        return statement.replace(f"{DATABASE}.", f"{self._names.database}.")


def _lost_views(error: QueryError) -> list[str]:
    """Return the views of this package that an error names as dropped, stale or invalid."""
    text = str(error)
    named = _NAMED.findall(text) if _LOST_VIEW.search(text) else []
    return [name for name in (*(view.name for view in VIEWS), *_FIXED_VIEWS) if name in named]
