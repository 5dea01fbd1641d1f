"""Requests to the Glue Data Catalog about the tables of one database."""

from __future__ import annotations

from typing import Any, Dict, List

from velib_assets.aws.api import AwsError, call, client, pages
from velib_assets.catalog.declared_tables import DeclaredTable, differences, table_input

MISSING, EXISTS = "EntityNotFoundException", "AlreadyExistsException"


class GlueCalls:
    """The tables of a database, whose files are in a bucket. The constructor sends no request."""

    def __init__(self, database: str, bucket: str, region: str = "") -> None:
        self.bucket = bucket
        self._database, self._region = database, region or None

    def call(self, method: str, table: str, **arguments: Any) -> Any:  # noqa: ANN401 - boto3's
        """Send a request about a table.

        Raises:
            AwsError: if it fails.
        """
        arguments.update(DatabaseName=self._database)
        return call(client("glue", self._region), method, self._resource(table), **arguments)

    def pages(self, method: str, table: str, **arguments: Any) -> List[Dict[str, Any]]:  # noqa: ANN401 - boto3's
        """Return all pages of a response about partitions; none if the table does not exist.

        Raises:
            AwsError: if a request fails.
        """
        arguments.update(DatabaseName=self._database, TableName=table)
        try:
            return list(pages(client("glue", self._region), method, self._resource(table), **arguments))
        except AwsError as error:
            if error.code == MISSING:
                return []
            raise

    def declare(self, table: DeclaredTable) -> None:
        """Create a table, or correct it if it differs.

        Raises:
            AwsError: if a request fails.
        """
        declared, method = table_input(table, self.bucket), "update_table"
        try:
            if not differences(self.call("get_table", table.name, Name=table.name)["Table"], declared):
                return
        except AwsError as error:
            if error.code != MISSING or "Database" in str(error):
                raise
            method = "create_table"
        try:
            self.call(method, table.name, TableInput=declared)
        except AwsError as error:
            if error.code != EXISTS:  # another writer created it
                raise

    def _resource(self, table: str) -> str:
        return f"the table {self._database}.{table}"
