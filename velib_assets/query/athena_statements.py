"""Runs statements on Amazon Athena.

dagster-aws's AthenaClientResource is not used: it sets no database, returns untyped text, and leaves the
query running when the run is cancelled.
"""

import contextlib
import time
from collections.abc import Iterator
from typing import Any

import pyarrow as pa

from velib_assets.aws.api import AwsError, call, client
from velib_assets.aws.names import Names
from velib_assets.query.athena_results import pages_to_table
from velib_assets.query.engine import LakeReadError, QueryError

_FINAL_STATES = {"SUCCEEDED", "FAILED", "CANCELLED"}
_INVALID = "InvalidRequestException"  # the statement is empty, or the workgroup does not exist
_MAX_SECONDS = 1800.0  # Athena's own limit is 30 minutes


class AthenaStatements:
    """Runs statements in the workgroup that Terraform created, which sets limits and the result location."""

    def __init__(self, names: Names) -> None:
        self._names = names

    def rows(self, sql: str) -> pa.Table:
        """Return the rows of a statement; raises as `run` does."""
        return pages_to_table(self._pages(self.run(sql)))

    def run(self, sql: str) -> str:
        """Run a statement to its end and return its id.

        Raises:
            QueryError: If Athena refuses or stops the query, with Athena's reason.
            LakeReadError: If Athena cannot be reached.
        """
        context = {"Catalog": "AwsDataCatalog", "Database": self._names.database}
        try:
            started = self._call(
                "start_query_execution",
                QueryString=sql,
                QueryExecutionContext=context,
                WorkGroup=self._names.workgroup,
            )
            query = str(started["QueryExecutionId"])
            status = self._wait(query)
        except AwsError as error:
            kind = QueryError if error.code == _INVALID else LakeReadError
            raise kind(str(error)) from error
        if status["State"] != "SUCCEEDED":
            reason = status.get("StateChangeReason", "Athena gave no reason")
            raise QueryError(f"{reason} ({status['State'].lower()}: {self._names.query_link(query)})")
        return query

    def _wait(self, query: str) -> dict[str, Any]:
        """Return the final status. An abandoned query is stopped, as it would go on to cost money."""
        end, pause, ended = time.monotonic() + _MAX_SECONDS, 0.1, False
        try:
            while time.monotonic() < end:
                status = self._call("get_query_execution", QueryExecutionId=query)["QueryExecution"]["Status"]
                ended = status["State"] in _FINAL_STATES
                if ended:
                    return dict(status)
                time.sleep(pause)
                pause = min(2.0, pause * 1.5)
        finally:
            if not ended:
                with contextlib.suppress(AwsError):  # the exception that ended the wait matters more
                    self._call("stop_query_execution", QueryExecutionId=query)
        raise QueryError(f"the query was stopped after 30 minutes ({self._names.query_link(query)})")

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
