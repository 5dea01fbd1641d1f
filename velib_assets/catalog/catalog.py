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


class HistoryFile(NamedTuple):
    """A file of the table `velib_history`: a UTC day, or a compacted month.

    `period` is the day or the month (`2022-06-04` or `2022-06`), `bytes` the file's size. `digest` is that of
    the clean files of a day, or of the day files of a month (see `velib_assets.history.digests`). `sha256` is
    of the file as it was registered, or DAMAGED; it is empty if it was registered from its footer.
    """

    period: str
    key: str
    rows: int
    bytes: int
    digest: str
    sha256: str = ""


class Catalog(Protocol):
    """The registered partitions of the table `source_velib`, the history files, and the declared tables."""

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

    def register_history(self, files: Iterable[HistoryFile]) -> int:
        """Add or replace history files, all or none. Returns how many are new or changed."""
        ...

    def unregister_history(self, periods: Iterable[str]) -> int:
        """Remove the history files of these days and months. Returns how many were registered."""
        ...

    def history(self, first: str = "", last: str = "") -> List[HistoryFile]:
        """Return the registered history files, in order of their periods.

        Args:
            first: the first day or month; empty for all.
            last: the last day or month, included; empty for all. A month's file belongs to each of its days.
        """
        ...

    def declare_tables(self) -> None:
        """Create the tables `stations`, `rejects_velib` and `velib_history`, or correct them if they differ.

        The files of the first two need no registration.
        """
        ...

    def declare_daily_tables(self) -> None:
        """Create the tables of the daily KPIs, or correct them if they differ.

        Their files need no registration.
        """
        ...


def newest_hour(catalog: Catalog) -> Optional[datetime]:
    """Return the newest registered hour that has rows, or None."""
    return next(iter(catalog.newest_hours(1)), None)
