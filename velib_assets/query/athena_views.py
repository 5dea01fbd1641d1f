"""The views on Athena: keeping them defined, and reading the newest states of the five in one question.

Belongs here: when a view is defined anew, and when an answer still holds. Does not: a question's way through
Athena (query_engine), or the SQL (core).
"""

from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple, Protocol

from velib_assets.aws.api import AwsError
from velib_assets.catalog.catalog import Catalog, Partition
from velib_assets.lake.schema import DATABASE
from velib_assets.lake.store import Change, LakeStore
from velib_assets.query.duckdb_engine import KpiState
from velib_assets.query.frames import state_of, states_of
from velib_assets.query.kpi_queries import state_sql, states_sql
from velib_assets.query.kpis import KPIS, Kpi, render
from velib_assets.query.mirror import Mirror
from velib_assets.query.query_error import LakeReadError, QueryError
from velib_assets.query.windows import two_hours

if TYPE_CHECKING:
    import pyarrow as pa

_DEFINED = "athena-results/views/{}.sql"


class StatementRunner(Protocol):
    """What Athena is asked by."""

    def run(self, sql: str) -> str:
        """Run a statement to its end."""
        ...

    def rows(self, sql: str) -> "pa.Table":
        """The rows of a question."""
        ...


class _Answer(NamedTuple):
    """The states of all views, and the partitions that they were read from."""

    parts: list[Partition]
    states: dict[str, KpiState]


class ViewStates:
    """The newest states of the views. One answer serves all five KPIs, as long as its partitions hold.

    A tick reads them one by one: asked one by one, each would be charged for 10 MB. A view over a day is
    read from the mirror.
    """

    def __init__(
        self, athena: StatementRunner, database: str, catalog: Catalog, store: LakeStore, mirror: Mirror
    ) -> None:
        self._athena, self._database, self._catalog, self._store = athena, database, catalog, store
        self._mirror = mirror
        self._answer: _Answer | None = None

    def read(self, view: Kpi) -> KpiState:
        """See QueryEngine.read. Where not all of them answer, this one is asked for by itself."""
        try:
            if view in KPIS:
                found = self._shared()
                return self._taken(found, view) if found else self._alone(view)
            if view.cached:
                return self._alone(view)
            changed = self._defined(view, self._newest())
            return self._mirror.engine().read(view)._replace(changed=changed)
        except AwsError as error:
            raise LakeReadError(str(error)) from error

    def _shared(self) -> _Answer | None:
        """One answer for all; None where one of the views does not answer, or nothing tells what is new."""
        newest = self._newest()
        parts = self._catalog.partitions(two_hours(newest) if newest else [])
        if not all(part.digest for part in parts):  # a crawler's
            return None
        if self._answer is None or self._answer.parts != parts:
            try:
                self._answer = _Answer(parts, self._ask_all(newest))
            except QueryError:
                return None
        return self._answer

    def _ask_all(self, newest: datetime | None) -> dict[str, KpiState]:
        changed = {view.name for view in KPIS if self._defined(view, newest)}
        answer = self._athena.rows(self._named(states_sql(KPIS, newest)))
        return {view.name: KpiState(view.name in changed, *state) for view, state in states_of(KPIS, answer)}

    def _taken(self, answer: _Answer, view: Kpi) -> KpiState:
        """A view's state; that its definition changed is told once."""
        state = answer.states[view.name]
        answer.states[view.name] = state._replace(changed=False)
        return state

    def _alone(self, view: Kpi) -> KpiState:
        newest = self._newest()
        changed = self._defined(view, newest)
        question = self._named(state_sql(view, newest))
        try:
            answer = self._athena.rows(question)
        except QueryError as error:
            if changed or "_NOT_FOUND" not in str(error):
                raise
            self._define(view, self._statement(view, newest))  # somebody dropped it
            answer, changed = self._athena.rows(question), True
        return KpiState(changed, *state_of(view, answer))

    def _defined(self, view: Kpi, newest: datetime | None) -> bool:
        """Define the view unless it is as it should be; whether there was anything to do.

        What defined it last is kept in the bucket: Athena keeps it in other words.
        """
        statement = self._statement(view, newest)
        if self._kept(view) == statement:
            return False
        self._define(view, statement)
        return True

    def _define(self, view: Kpi, statement: str) -> None:
        self._athena.run(statement)
        self._store.publish([Change(_DEFINED.format(view.name), statement.encode())], lambda: True)

    def _kept(self, view: Kpi) -> str:
        try:
            return self._store.read(_DEFINED.format(view.name)).decode()
        except FileNotFoundError:
            return ""

    def _statement(self, view: Kpi, newest: datetime | None) -> str:
        return self._named(render(view, newest))

    def _named(self, statement: str) -> str:
        """A statement of ours, over the deployment's database."""
        return statement.replace(f"{DATABASE}.", f"{self._database}.")

    def _newest(self) -> datetime | None:
        return next(iter(self._catalog.newest_hours(1)), None)
