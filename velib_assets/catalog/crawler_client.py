"""The Glue crawler: run to its end, and what it inferred compared with what is declared.

Belongs here: one crawl, and the audit on demand. Does not: registering (catalog).
"""

import time
from typing import Any

from velib_assets.aws.api import AwsError, call, client
from velib_assets.aws.names import Names
from velib_assets.catalog.glue_table import differences, table_input
from velib_assets.catalog.sqlite_catalog import CatalogError
from velib_assets.lake.schema import TABLE

POLL = 5.0  # seconds between two looks
_DEADLINE = 3600.0  # seconds


class Crawler:
    """The crawler over `clean/`; `poll` seconds lie between two looks."""

    def __init__(self, names: Names, poll: float = POLL) -> None:
        self.name, self.link = names.crawler, names.crawler_link()
        self._names, self._poll = names, poll

    def run(self) -> None:
        """Crawl once. A crawl that is under way began too early, and is waited for first.

        Raises:
            CatalogError: where it failed, or took over an hour.
            AwsError: where it cannot be started or looked at.
        """
        end = time.monotonic() + _DEADLINE
        started = False
        while time.monotonic() < end:
            crawler = self._look()
            if crawler["State"] == "READY" and started:
                last = crawler.get("LastCrawl", {})
                if last.get("Status") != "SUCCEEDED":
                    words = f"{last.get('Status')}: {last.get('ErrorMessage', 'no reason was given')}"
                    raise CatalogError(f"the crawler {self.name} ended {words} ({self.link})")
                return
            if crawler["State"] == "READY":
                started = self._start()
            time.sleep(self._poll)
        raise CatalogError(f"the crawler {self.name} took over an hour ({self.link})")

    def audit(self) -> list[str]:
        """Crawl, and say in what the inferred table differs from the declared one; nothing where it agrees.

        In `api` mode it writes into a table of its own, which its prefix names.

        Raises:
            CatalogError, AwsError: as `run`; and where it made no table.
        """
        self.run()
        table = self._look().get("TablePrefix", "") + TABLE
        arguments = {"DatabaseName": self._names.database, "Name": table}
        found = call(self._glue(), "get_table", f"the table {self._names.database}.{table}", **arguments)
        return differences(found["Table"], table_input(self._names.bucket))

    def _look(self) -> dict[str, Any]:
        answer = call(self._glue(), "get_crawler", f"the crawler {self.name}", Name=self.name)
        return dict(answer["Crawler"])

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
