"""The catalog on AWS: the Glue Data Catalog, filled through its API or by the crawler."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from velib_assets.aws.names import Names
from velib_assets.catalog.catalog import CatalogError, Partition
from velib_assets.catalog.crawler_client import POLL, Crawler
from velib_assets.catalog.glue_table import GlueTable
from velib_assets.lake.listing import utc_now

_RECENT = (timedelta(days=2), timedelta(days=60))  # searched for the newest partitions before all of them


class GlueCatalog:
    """Registers partitions through the API, which is free and immediate."""

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
        for period in _RECENT:
            hours = _with_rows(self._table.since(f"{utc_now() - period:%Y-%m-%d}"))
            if len(hours) >= count:
                break
        else:
            hours = _with_rows(self._table.partitions())
        return hours[::-1][:count]


class CrawledCatalog(GlueCatalog):
    """Registers partitions by the crawler, which is billed at least ten minutes of a DPU per crawl.

    Therefore it runs only for hours that the table does not have yet.
    """

    def __init__(self, names: Names, poll: float = POLL) -> None:
        super().__init__(names)
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


def _with_rows(partitions: Iterable[Partition]) -> list[datetime]:
    return [part.hour for part in partitions if part.rows]
