"""The catalog as AWS's Glue Data Catalog, filled through its API or by the crawler.

Belongs here: which way the table's partitions come to be. Does not: the table's form (runtime.glue_table).
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from velib_assets.aws.names import Names
from velib_assets.catalog.crawler_client import POLL, Crawler
from velib_assets.catalog.glue_table import GlueTable
from velib_assets.catalog.partition import Partition
from velib_assets.catalog.sqlite_catalog import CatalogError
from velib_assets.lake.listing import utc_now

_LOOKS = (timedelta(days=2), timedelta(days=60))  # for the newest partitions; then all of them


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

    def __init__(self, names: Names, poll: float = POLL) -> None:
        super().__init__(names)
        self._crawler = Crawler(names, poll)

    def register(self, partitions: Iterable[Partition]) -> int:
        """See Catalog.

        Raises:
            CatalogError: where the crawler failed, or did not find an hour.
        """
        wanted = [part.hour for part in partitions]
        lacking = self._lacking(wanted)
        if lacking:
            self._crawler.run()
            if left := self._lacking(lacking):
                raise CatalogError(
                    f"the crawler {self._crawler.name} ended without {len(left)} of {len(lacking)} hours "
                    f"({self._crawler.link})"
                )
        return len(lacking)

    def _lacking(self, hours: Sequence[datetime]) -> list[datetime]:
        registered = {part.hour for part in self.partitions(hours)}
        return [hour for hour in hours if hour not in registered]


def _with_rows(partitions: Iterable[Partition]) -> list[datetime]:
    return [part.hour for part in partitions if part.rows]
