"""The interface of the catalog: the registered partitions of the table, and the tables beside it."""

from __future__ import annotations

from datetime import datetime
from typing import Iterable, List, NamedTuple, Optional, Protocol


class CatalogError(Exception):
    """The catalog cannot be read or written. The message says what to do."""


DAMAGED = "damaged"
"""Instead of a hash: the clean file was found damaged, and was not rebuilt since."""


class Partition(NamedTuple):
    """An hour's partition: its clean file's key, rows, bytes, digest and SHA-256.

    `digest` is empty if the catalog does not know it, as for partitions that the crawler added. `completed`
    is true if the feed left out descriptions, so that the station register decides whether it is current.
    `sha256` is of the file as it was registered, or DAMAGED. It is empty if the hour was registered by an
    older version or from the footers of a lake without a catalog: nobody can tell then whether the bytes are
    those that were written. Verification decodes such a file and records its hash.
    """

    hour: datetime
    key: str
    rows: int
    bytes: int
    digest: str
    completed: bool = False
    sha256: str = ""


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
