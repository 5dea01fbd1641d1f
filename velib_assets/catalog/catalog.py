"""The interface of the catalog: the registered partitions of the table, and the tables beside it."""

from __future__ import annotations

from datetime import datetime
from typing import Iterable, List, NamedTuple, Optional, Protocol


class CatalogError(Exception):
    """The catalog cannot be read or written. The message says what to do."""


class Partition(NamedTuple):
    """An hour's partition: its clean file's key, rows, bytes and digest.

    `digest` is empty if the catalog does not know it, as for partitions that the crawler added. `completed`
    is true if the feed left out descriptions, so that the station register decides whether it is current.
    """

    hour: datetime
    key: str
    rows: int
    bytes: int
    digest: str
    completed: bool = False


class Catalog(Protocol):
    """The registered partitions of the table `source_velib`, and the declared tables beside it."""

    def prepare(self, hours: Iterable[datetime] = ()) -> None:
        """Build a missing or damaged catalog again, as far as it is built from files.

        Args:
            hours: the hours that are about to be registered, which need not be read.
        """
        ...

    def register(self, partitions: Iterable[Partition]) -> int:
        """Add or replace partitions, all or none. Returns how many are new or changed."""
        ...

    def unregister(self, hours: Iterable[datetime]) -> int:
        """Remove the partitions of these hours. Returns how many were registered."""
        ...

    def partitions(self, hours: Optional[Iterable[datetime]] = None) -> List[Partition]:
        """Return the registered partitions of `hours`, or all, oldest first."""
        ...

    def newest_hours(self, count: int) -> List[datetime]:
        """Return the newest registered hours that have rows, newest first."""
        ...

    def declare_tables(self) -> None:
        """Create the tables `stations` and `rejects_velib`, or correct them if they differ.

        Their files need no registration.
        """
        ...


def newest_hour(catalog: Catalog) -> Optional[datetime]:
    """Return the newest registered hour that has rows, or None."""
    return next(iter(catalog.newest_hours(1)), None)
