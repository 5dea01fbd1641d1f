"""The Glue crawler: runs it, and compares the table that it inferred with the declared one."""

import time
from typing import Any

from velib_assets.aws.api import AwsError, call, client
from velib_assets.aws.names import Names
from velib_assets.catalog.catalog import CatalogError
from velib_assets.catalog.glue_table import differences, table_input
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
        arguments = {"DatabaseName": self._names.database, "Name": table}
        response = call(self._glue(), "get_table", f"the table {self._names.database}.{table}", **arguments)
        return differences(response["Table"], table_input(self._names.bucket))

    def _describe(self) -> dict[str, Any]:
        response = call(self._glue(), "get_crawler", f"the crawler {self.name}", Name=self.name)
        return dict(response["Crawler"])

    def _start(self) -> bool:
        try:
            call(self._glue(), "start_crawler", f"the crawler {self.name}", Name=self.name)
        except AwsError as error:
            if error.code != "CrawlerRunningException":
                raise
            return False
        return True

    def _glue(self) -> Any:  # noqa: ANN401 - boto3's client
        return client("glue", self._names.region)
