"""The views on Athena: keeps them defined, and reads the newest state of all KPIs in one query."""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from velib_assets.aws.api import AwsError
from velib_assets.catalog.catalog import Catalog, Partition, newest_hour
from velib_assets.lake.schema import DATABASE
from velib_assets.lake.store import Change, LakeStore
from velib_assets.query.athena_mirror import Mirror
from velib_assets.query.engine import KpiState, LakeReadError, QueryError
from velib_assets.query.frames import rows_of_part, state_of
from velib_assets.query.kpis import KPIS, Kpi
from velib_assets.query.state_sql import states_sql
from velib_assets.query.view_sql import render
from velib_assets.query.windows import two_hours

if TYPE_CHECKING:
    from velib_assets.query.athena_engine import AthenaQueryEngine

_DEFINITION_KEY = "athena-results/views/{}.sql"


class _Result(NamedTuple):
    """The states of all KPIs, and the partitions that they were read from."""

    parts: list[Partition]
    states: dict[str, KpiState]


class ViewStates:
    """The newest states of the views.

    A tick reads the KPIs one by one. One query serves all of them while its partitions are unchanged, as
    Athena charges each query for at least 10 MB. Views over a day are read from the mirror.
    """

    def __init__(
        self, athena: "AthenaQueryEngine", database: str, catalog: Catalog, store: LakeStore, mirror: Mirror
    ) -> None:
        self._athena, self._database, self._catalog, self._store = athena, database, catalog, store
        self._mirror = mirror
        self._result: _Result | None = None

    def read(self, view: Kpi) -> KpiState:
        """See QueryEngine. If the query for all KPIs fails, the view is read alone."""
        newest = newest_hour(self._catalog)
        try:
            if view in KPIS:
                return self._shared(view, newest) or self._read([view], newest)[view.name]
            if view.cached:
                return self._read([view], newest)[view.name]
            changed = self._update_definition(view, newest)
            return self._mirror.engine().read(view)._replace(changed=changed)
        except AwsError as error:
            raise LakeReadError(str(error)) from error

    def _shared(self, view: Kpi, newest: datetime | None) -> KpiState | None:
        """Return the view's state from one result for all KPIs; a changed definition is reported once.

        It is None if one of the KPIs fails, or if a partition has no digest.
        """
        parts = self._catalog.partitions(two_hours(newest) if newest else [])
        if not all(part.digest for part in parts):  # registered by the crawler: a change would go unnoticed
            return None
        if self._result is None or self._result.parts != parts:
            try:
                self._result = _Result(parts, self._read(KPIS, newest))
            except QueryError:
                return None
        state = self._result.states[view.name]
        self._result.states[view.name] = state._replace(changed=False)
        return state

    def _read(self, views: Sequence[Kpi], newest: datetime | None) -> dict[str, KpiState]:
        changed = {view.name for view in views if self._update_definition(view, newest)}
        sql = self._localized(states_sql(views, newest))
        try:
            rows = self._athena.rows(sql)
        except QueryError as error:
            if len(views) > 1 or changed or "_NOT_FOUND" not in str(error):
                raise
            self._define(views[0], self._localized(render(views[0], newest)))  # somebody dropped the view
            rows, changed = self._athena.rows(sql), {views[0].name}
        return {
            view.name: state_of(view, rows_of_part(rows, view.name), changed=view.name in changed)
            for view in views
        }

    def _update_definition(self, view: Kpi, newest: datetime | None) -> bool:
        """Define the view if its statement changed; return whether it did.

        The last statement is stored in the bucket, as Athena stores it in another form.
        """
        statement = self._localized(render(view, newest))
        try:
            if self._store.read(_DEFINITION_KEY.format(view.name)).decode() == statement:
                return False
        except FileNotFoundError:
            pass
        self._define(view, statement)
        return True

    def _define(self, view: Kpi, statement: str) -> None:
        self._athena.run(statement)
        self._store.publish([Change(_DEFINITION_KEY.format(view.name), statement.encode())], lambda: True)

    def _localized(self, statement: str) -> str:
        """Return a statement of this package for the deployment's database."""
        return statement.replace(f"{DATABASE}.", f"{self._database}.")
