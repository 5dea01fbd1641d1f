"""The catalog as AWS's Glue Data Catalog, filled through its API or by the crawler.

Belongs here: which way the table's partitions come to be. Does not: the table's form (runtime.glue_table).
"""

import time
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from velib_assets.aws_names import Names
from velib_assets.core.partition import Partition
from velib_assets.resources.catalog import CatalogError
from velib_assets.runtime.aws_call import AwsError, call, client
from velib_assets.runtime.glue_table import GlueTable
from velib_assets.runtime.lake import utc_now

_LOOKS = (timedelta(days=2), timedelta(days=60))  # for the newest partitions; then all of them
_POLL = 5.0  # seconds
_DEADLINE = 3600.0  # seconds


class GlueCatalog:
    """The table and its partitions, registered through the API: free, and at once."""

    def __init__(self, names: Names) -> None:
        self._table = GlueTable(names.database, names.bucket, names.region)

    def register(self, partitions: Iterable[Partition]) -> int:
        """See Catalog."""
        return self._table.register(partitions)

    def partitions(self, hours: Iterable[datetime] | None = None) -> list[Partition]:
        """See Catalog."""
        return self._table.partitions(None if hours is None else sorted(set(hours)))

    def newest_hours(self, count: int) -> list[datetime]:
        """See Catalog."""
        for look in _LOOKS:
            found = _with_rows(self._table.since(f"{utc_now() - look:%Y-%m-%d}"))
            if len(found) >= count:
                break
        else:
            found = _with_rows(self._table.partitions())
        return found[::-1][:count]


class CrawledCatalog(GlueCatalog):
    """The table and its partitions, as the crawler makes them: at least ten minutes of a DPU each time.

    So it is started only for hours that the table does not have yet.
    """

    def __init__(self, names: Names, poll: float = _POLL) -> None:
        super().__init__(names)
        self._names, self._poll = names, poll

    def register(self, partitions: Iterable[Partition]) -> int:
        """See Catalog.

        Raises:
            CatalogError: where the crawler failed, or did not find an hour.
        """
        wanted = [part.hour for part in partitions]
        lacking = self._lacking(wanted)
        if lacking:
            self._crawl()
            if left := self._lacking(lacking):
                raise CatalogError(
                    f"the crawler {self._names.crawler} ended without {len(left)} of {len(lacking)} hours "
                    f"({self._names.crawler_link()})"
                )
        return len(lacking)

    def _lacking(self, hours: Sequence[datetime]) -> list[datetime]:
        registered = {part.hour for part in self.partitions(hours)}
        return [hour for hour in hours if hour not in registered]

    def _crawl(self) -> None:
        """Run the crawler to its end; one that is running began too early, and is waited for first."""
        glue, name = client("glue", self._names.region), self._names.crawler
        end = time.monotonic() + _DEADLINE
        started = False
        while time.monotonic() < end:
            crawler = call(glue, "get_crawler", f"the crawler {name}", Name=name)["Crawler"]
            if crawler["State"] == "READY" and started:
                last = crawler.get("LastCrawl", {})
                if last.get("Status") != "SUCCEEDED":
                    words = f"{last.get('Status')}: {last.get('ErrorMessage', 'no reason was given')}"
                    raise CatalogError(f"the crawler {name} ended {words} ({self._names.crawler_link()})")
                return
            if crawler["State"] == "READY":
                started = self._started(glue, name)
            time.sleep(self._poll)
        raise CatalogError(f"the crawler {name} took over an hour ({self._names.crawler_link()})")

    def _started(self, glue: object, name: str) -> bool:
        try:
            call(glue, "start_crawler", f"the crawler {name}", Name=name)
        except AwsError as error:
            if error.code != "CrawlerRunningException":
                raise
            return False
        return True


def _with_rows(partitions: Iterable[Partition]) -> list[datetime]:
    return [part.hour for part in partitions if part.rows]
