"""The crawler of the clean layer: registers partitions in `crawler` mode, and audits the declared table."""

import time
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from velib_assets.aws.api import AwsError, call, client
from velib_assets.aws.names import Names
from velib_assets.catalog.catalog import CatalogError, Partition
from velib_assets.catalog.declared_tables import SOURCE_VELIB, differences, table_input
from velib_assets.catalog.glue_table import GlueTable
from velib_assets.lake.schema import TABLE

POLL = 5.0  # seconds
_DEADLINE = 3600.0  # seconds


class Crawler:
    """The crawler of the `clean/` layer, polled every `poll` seconds."""

    def __init__(self, names: Names, poll: float = POLL) -> None:
        self.name, self.link = names.crawler, names.crawler_link()
        self._names, self._poll = names, poll

    def run(self) -> None:
        """Run one crawl. Waits first for a crawl in progress, which may have started too early.

        Raises:
            CatalogError: if the crawl fails or takes over an hour.
            AwsError: if the crawler cannot be started or polled.
        """
        end = time.monotonic() + _DEADLINE
        started = False
        while time.monotonic() < end:
            crawler = self._describe()
            if crawler["State"] == "READY" and started:
                last = crawler.get("LastCrawl", {})
                if last.get("Status") != "SUCCEEDED":
                    reason = f"{last.get('Status')}: {last.get('ErrorMessage', 'no reason was given')}"
                    raise CatalogError(f"the crawler {self.name} ended {reason} ({self.link})")
                return
            if crawler["State"] == "READY":
                started = self._start()
            time.sleep(self._poll)
        raise CatalogError(f"the crawler {self.name} took over an hour ({self.link})")

    def audit(self) -> list[str]:
        """Run a crawl and return how the inferred table differs from the declared one.

        In `api` mode the crawler writes to a separate table with a prefix.

        Raises:
            CatalogError, AwsError: see `run`; also if the crawler created no table.
        """
        self.run()
        table = self._describe().get("TablePrefix", "") + TABLE
        glue, database = client("glue", self._names.region), self._names.database
        response = call(glue, "get_table", f"the table {database}.{table}", DatabaseName=database, Name=table)
        return differences(response["Table"], table_input(SOURCE_VELIB, self._names.bucket))

    def _describe(self) -> dict[str, Any]:
        return dict(self._call("get_crawler")["Crawler"])

    def _start(self) -> bool:
        try:
            self._call("start_crawler")
        except AwsError as error:
            if error.code != "CrawlerRunningException":
                raise
            return False
        return True

    def _call(self, method: str) -> Any:  # noqa: ANN401 - boto3's response
        return call(client("glue", self._names.region), method, f"the crawler {self.name}", Name=self.name)


class CrawledCatalog(GlueTable):
    """A Glue table whose partitions the crawler registers.

    A crawl is billed at least ten minutes of a DPU. Therefore it runs only for hours that the table does not
    have yet.
    """

    def __init__(self, names: Names, poll: float = POLL) -> None:
        super().__init__(names.database, names.bucket, names.region)
        self._crawler = Crawler(names, poll)

    def register(self, partitions: Iterable[Partition]) -> int:
        """See Catalog.

        Raises:
            CatalogError: if the crawler fails or does not find an hour.
        """
        missing = self._missing([part.hour for part in partitions])
        if missing:
            self._crawler.run()
            if still_missing := self._missing(missing):
                raise CatalogError(
                    f"the crawler {self._crawler.name} ended without {len(still_missing)} of {len(missing)} "
                    f"hours ({self._crawler.link})"
                )
        return len(missing)

    def _missing(self, hours: Sequence[datetime]) -> list[datetime]:
        registered = {part.hour for part in self.partitions(hours)}
        return [hour for hour in hours if hour not in registered]
