"""Runs statements on Amazon Athena, and types their results, which are text.

dagster-aws's AthenaClientResource is not used: it sets no database, returns untyped text, and leaves the
query running when the run is cancelled.
"""

import contextlib
import time
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa

from velib_assets.aws.api import AwsError, call, client, pages
from velib_assets.aws.names import Names
from velib_assets.query.athena_listing import listing_rows
from velib_assets.query.engine import LakeReadError, QueryError

_FINAL_STATES = {"SUCCEEDED", "FAILED", "CANCELLED"}
_INVALID = "InvalidRequestException"  # the statement is empty, or the workgroup does not exist
_MAX_SECONDS = 1800.0  # Athena's own limit is 30 minutes
# Arrow's types of Athena's types. Other types stay text.
_TYPES = {
    "boolean": pa.bool_(),
    "tinyint": pa.int32(),
    "smallint": pa.int32(),
    "integer": pa.int32(),
    "bigint": pa.int64(),
    "float": pa.float64(),
    "double": pa.float64(),
    "date": pa.date32(),
    "timestamp": pa.timestamp("us"),
}


class AthenaStatements:
    """Runs statements in the workgroup that Terraform created, which sets limits and the result location."""

    def __init__(self, names: Names) -> None:
        self._names, self._resource = names, f"the workgroup {names.workgroup}"

    def rows(self, sql: str) -> pa.Table:
        """Return the rows of a statement; raises as `run` does."""
        athena, query = client("athena", self._names.region), self.run(sql)
        method = "get_query_results"
        return pages_to_table(pages(athena, method, self._resource, QueryExecutionId=query, MaxResults=1000))

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

    def _call(self, method: str, **arguments: Any) -> Any:  # noqa: ANN401 - boto3's
        return call(client("athena", self._names.region), method, self._resource, **arguments)


def pages_to_table(responses: Iterable[dict[str, Any]]) -> pa.Table:
    """Return all responses of GetQueryResults as one table.

    The first row of a SELECT repeats the column names; that of SHOW and DESCRIBE does not, and their rows may
    have fewer cells than columns.
    """
    results = [response["ResultSet"] for response in responses]
    columns = results[0]["ResultSetMetadata"]["ColumnInfo"]
    names, kinds = [column["Name"] for column in columns], [column["Type"] for column in columns]
    rows = [
        [cell.get("VarCharValue") for cell in row["Data"]] for result in results for row in result["Rows"]
    ]
    rows = rows[1:] if rows and rows[0] == names else listing_rows(names, rows)
    arrays = [_array(kind, [row[position] for row in rows]) for position, kind in enumerate(kinds)]
    return pa.table(arrays, names=names)


def _array(kind: str, texts: list[str | None]) -> pa.Array:
    try:
        if kind == "timestamp with time zone":
            return pa.array([None if text is None else _in_utc(text) for text in texts], pa.timestamp("us"))
        return pa.array(texts, pa.string()).cast(_TYPES.get(kind, pa.string()))
    except (ValueError, KeyError):  # text that cannot be parsed stays as it is; KeyError: an unknown zone
        return pa.array(texts, pa.string())


def _in_utc(text: str) -> datetime:
    """Parse `2022-06-04 17:34:59.000 Europe/Paris` as a naive UTC time; without a zone it is UTC.

    Raises:
        ValueError: If it is no such time.
        KeyError: If the zone is unknown.
    """
    day, clock, zone = [*text.split(" "), "UTC"][:3]
    if zone[0] in "+-":
        aware = datetime.fromisoformat(f"{day} {clock}{zone}")
    else:
        aware = datetime.fromisoformat(f"{day} {clock}").replace(tzinfo=ZoneInfo(zone))
    return aware.astimezone(UTC).replace(tzinfo=None)
