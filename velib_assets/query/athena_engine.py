"""The query engine as Amazon Athena.

Belongs here: a question's way through Athena. Does not: the SQL (core), typing the answers (answers), the
views' definitions and states (view_states). dagster-aws's AthenaClientResource is not used: it sends no
database, gives untyped text, and leaves the query running where the run is cancelled.
"""

import contextlib
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from velib_assets.aws.api import AwsError, call, client
from velib_assets.aws.names import Names
from velib_assets.catalog.catalog import Catalog
from velib_assets.lake.store import LakeStore
from velib_assets.query.athena_results import table_of_pages
from velib_assets.query.athena_views import ViewStates
from velib_assets.query.duckdb_engine import KpiState, LocalQueryEngine
from velib_assets.query.frames import frame_of
from velib_assets.query.kpis import Kpi
from velib_assets.query.mirror import Mirror
from velib_assets.query.query_error import LakeReadError, QueryError

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

_ENDED = {"SUCCEEDED", "FAILED", "CANCELLED"}
_ITS_FAULT = "InvalidRequestException"  # no statement, or no workgroup of that name
_DEADLINE = 1800.0  # seconds; Athena's own is 30 minutes
_READING = re.compile(r"\s*\(*\s*(SELECT|WITH|VALUES|TABLE|SHOW|DESCRIBE|DESC|EXPLAIN)\b", re.IGNORECASE)
_COMMENT = re.compile(r"--[^\n]*|/\*.*?\*/", re.DOTALL)


class AthenaQueryEngine:
    """Asks Athena, in the workgroup that Terraform made, which decides limits and where results lie.

    `folder` is where copies of the newest day's files are kept, on this machine.
    """

    def __init__(self, names: Names, catalog: Catalog, store: LakeStore, folder: Path) -> None:
        self._names = names
        self._mirror = Mirror(folder, catalog, store)
        self._views = ViewStates(self, names.database, catalog, store, self._mirror)

    def query(self, sql: str) -> "pd.DataFrame":
        """See QueryEngine."""
        if not _READING.match(_COMMENT.sub(" ", sql)):
            raise QueryError("only questions are asked here: SELECT, WITH, VALUES, SHOW, DESCRIBE")
        return frame_of(self.rows(sql))

    def read(self, kpi: Kpi) -> KpiState:
        """See QueryEngine."""
        return self._views.read(kpi)

    def query_recent(self, sql: str) -> "pa.Table":
        """See QueryEngine."""
        return self._near().query_recent(sql)

    def read_all(self) -> dict[str, KpiState]:
        """See QueryEngine."""
        return self._near().read_all()

    def _near(self) -> LocalQueryEngine:
        try:
            return self._mirror.engine()
        except AwsError as error:
            raise LakeReadError(str(error)) from error

    def rows(self, sql: str) -> "pa.Table":
        """The rows of a statement; raises as `run` does."""
        query = self.run(sql)
        return table_of_pages(self._pages(query))

    def run(self, sql: str) -> str:
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
