"""The interface of the query engines: what they run, what they return and how they fail."""

from collections.abc import Callable, Collection, Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING, NamedTuple, Protocol

from velib_assets.query.kpis import Kpi

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

READ_ONLY = "only read-only queries are allowed: SELECT, WITH, VALUES, SHOW, DESCRIBE"

Statements = Callable[[datetime | None], Sequence[str]]
"""Returns statements for the newest hour of the table, which is None for an empty table."""


class QueryError(Exception):
    """A query was refused or failed; the message is for the person who wrote it."""


class LakeReadError(QueryError):
    """A file in the lake cannot be read; the query itself is valid."""


class MissingLakeError(LakeReadError):
    """There is no lake to query."""


class KpiState(NamedTuple):
    """The newest state of a view: its rows at the table's newest snapshot, and its headline numbers.

    `changed` is true if the view's definition changed. Headline numbers that are null are left out.
    """

    changed: bool
    newest: "pa.Table"
    headline: dict[str, float]


class QueryEngine(Protocol):
    """Runs queries on the lake. Timestamps are UTC and have no time zone.

    `history_by_month` says whether the table `velib_history` has the partition key `month`.
    """

    history_by_month: bool

    def query(self, sql: str) -> "pd.DataFrame":
        """Run one read-only statement (SELECT, WITH, VALUES, SHOW, DESCRIBE) in Athena's SQL.

        Raises:
            QueryError: If the statement is refused or fails.
        """
        ...

    def query_table(self, sql: str) -> "pa.Table":
        """Run a statement as `query` does, and return its rows as an Arrow table, which keeps their types."""
        ...

    def query_recent(self, statements: "Statements") -> "list[pa.Table]":
        """Run statements of this package on the newest 26 hours of the table, without using Athena.

        They may read the views too. All of them read the same files.

        Raises:
            QueryError: If a statement fails.
        """
        ...

    def read(self, views: Sequence[Kpi], history_days: Collection[date] = ()) -> list[KpiState]:
        """Update the definitions that changed, and read the newest states of the views, in the given order.

        The views are read together. The cost does not depend on the length of the history.

        Args:
            views: The views.
            history_days: The UTC days that are read from `velib_history` instead of their hours, for cached
                views.

        Raises:
            QueryError: If a view fails, or its columns differ from the declared ones.
        """
        ...

    def define_station_events(self) -> None:
        """Create the view `station_events` over the table `stations`, or replace it if its statement changed.

        Raises:
            QueryError: If the view cannot be created; the table must exist.
        """
        ...

    def define_daily_views(self) -> None:
        """Create the views of the daily KPIs over the tables of their days, or replace those that changed.

        Raises:
            QueryError: If a view cannot be created; the tables must exist.
        """
        ...
