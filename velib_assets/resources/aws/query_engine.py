"""The query engine as Amazon Athena.

Belongs here: a question's way through Athena, and keeping the views defined. Does not: the SQL (core),
typing the answers (answers). dagster-aws's AthenaClientResource is not used: it sends no database, gives
untyped text, and leaves the query running where the run is cancelled.
"""

import contextlib
import re
import time
from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any

from velib_assets.aws_names import Names
from velib_assets.core.kpi_queries import state_sql
from velib_assets.core.kpis import Kpi, render
from velib_assets.core.schema import DATABASE
from velib_assets.resources.catalog import Catalog
from velib_assets.resources.query_engine import KpiState
from velib_assets.resources.query_error import LakeReadError, QueryError
from velib_assets.runtime.aws_call import AwsError, call, client
from velib_assets.runtime.store import Change, LakeStore

if TYPE_CHECKING:
    import pandas as pd

_ENDED = {"SUCCEEDED", "FAILED", "CANCELLED"}
_ITS_FAULT = "InvalidRequestException"  # no statement, or no workgroup of that name
_DEADLINE = 1800.0  # seconds; Athena's own is 30 minutes
_READING = re.compile(r"\s*\(*\s*(SELECT|WITH|VALUES|TABLE|SHOW|DESCRIBE|DESC|EXPLAIN)\b", re.IGNORECASE)
_COMMENT = re.compile(r"--[^\n]*|/\*.*?\*/", re.DOTALL)
_DEFINED = "athena-results/views/{}.sql"


class AthenaQueryEngine:
    """Asks Athena, in the workgroup that Terraform made, which decides limits and where results lie."""

    def __init__(self, names: Names, catalog: Catalog, store: LakeStore) -> None:
        self._names, self._catalog, self._store = names, catalog, store

    def query(self, sql: str) -> "pd.DataFrame":
        """See QueryEngine."""
        if not _READING.match(_COMMENT.sub(" ", sql)):
            raise QueryError("only questions are asked here: SELECT, WITH, VALUES, SHOW, DESCRIBE")
        return self._frame(sql)

    def read(self, kpi: Kpi) -> KpiState:
        """See QueryEngine. What defined a view last is kept in the bucket: Athena keeps it in other words."""
        from velib_assets.resources.frames import state_of  # noqa: PLC0415 - pandas is slow to import

        try:
            newest = self._newest()
            statement = self._named(render(kpi, newest))
            changed = self._kept(kpi) != statement
            if changed:
                self._define(kpi, statement)
            question = self._named(state_sql(kpi, newest))
            try:
                frame = self._frame(question)
            except QueryError as error:
                if changed or "_NOT_FOUND" not in str(error):
                    raise
                self._define(kpi, statement)  # somebody dropped it
                frame, changed = self._frame(question), True
        except AwsError as error:
            raise LakeReadError(str(error)) from error
        return KpiState(changed, *state_of(kpi, frame))

    def _named(self, statement: str) -> str:
        """A statement of ours, over the deployment's database."""
        return statement.replace(f"{DATABASE}.", f"{self._names.database}.")

    def _newest(self) -> datetime | None:
        return next(iter(self._catalog.newest_hours(1)), None)

    def _kept(self, kpi: Kpi) -> str:
        try:
            return self._store.read(_DEFINED.format(kpi.name)).decode()
        except FileNotFoundError:
            return ""

    def _define(self, kpi: Kpi, statement: str) -> None:
        self._run(statement)
        self._store.publish([Change(_DEFINED.format(kpi.name), statement.encode())], lambda: True)

    def _frame(self, sql: str) -> "pd.DataFrame":
        from velib_assets.resources.aws.answers import frame_of_pages  # noqa: PLC0415 - imports pandas

        query = self._run(sql)
        return frame_of_pages(self._pages(query))

    def _run(self, sql: str) -> str:
        """Run a statement to its end; its id.

        Raises:
            QueryError: where Athena refused the question or stopped it, with its own reason.
            LakeReadError: where it could not be asked.
        """
        context = {"Catalog": "AwsDataCatalog", "Database": self._names.database}
        try:
            answer = self._call(
                "start_query_execution",
                QueryString=sql,
                QueryExecutionContext=context,
                WorkGroup=self._names.workgroup,
            )
            query = str(answer["QueryExecutionId"])
            status = self._wait(query)
        except AwsError as error:
            kind = QueryError if error.code == _ITS_FAULT else LakeReadError
            raise kind(str(error)) from error
        if status["State"] != "SUCCEEDED":
            reason = status.get("StateChangeReason", "no reason was given")
            raise QueryError(f"{reason} ({status['State'].lower()}: {self._names.query_link(query)})")
        return query

    def _wait(self, query: str) -> dict[str, Any]:
        """The final status. A query that nobody waits for any more is stopped: it would go on to cost."""
        end, pause, ended = time.monotonic() + _DEADLINE, 0.1, False
        try:
            while time.monotonic() < end:
                status = self._call("get_query_execution", QueryExecutionId=query)["QueryExecution"]["Status"]
                ended = status["State"] in _ENDED
                if ended:
                    return dict(status)
                time.sleep(pause)
                pause = min(2.0, pause * 1.5)
        finally:
            if not ended:
                with contextlib.suppress(AwsError):  # what ends the wait is what counts
                    self._call("stop_query_execution", QueryExecutionId=query)
        raise QueryError(f"it ran for over 30 minutes and was stopped ({self._names.query_link(query)})")

    def _pages(self, query: str) -> Iterator[dict[str, Any]]:
        token: dict[str, str] = {}
        while True:
            page = self._call("get_query_results", QueryExecutionId=query, MaxResults=1000, **token)
            yield page
            if not page.get("NextToken"):
                return
            token = {"NextToken": page["NextToken"]}

    def _call(self, method: str, **arguments: Any) -> Any:  # noqa: ANN401 - boto3's
        athena = client("athena", self._names.region)
        return call(athena, method, f"the workgroup {self._names.workgroup}", **arguments)
