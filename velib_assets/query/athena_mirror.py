"""A local copy of the newest 26 hours for DuckDB, which costs one GET per new hour and no Athena query.

Athena lists each partition and reads each footer: over a month of ticks, that costs more than all the rest.
"""

import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from velib_assets.catalog.catalog import Catalog, Partition, newest_hour
from velib_assets.catalog.sqlite_catalog import LocalCatalog
from velib_assets.lake.folder_store import FolderStore
from velib_assets.lake.keys import clean_key, source_prefix
from velib_assets.lake.store import Change, LakeStore
from velib_assets.query.duckdb_engine import LocalQueryEngine
from velib_assets.query.windows import last_26_hours

_UNUSED = 7200.0  # seconds after which no query reads a replaced file any more


class Mirror:
    """Copies of the registered clean files in a folder that processes may share.

    The name of a copy contains its ETag, so that a copy is never overwritten.
    """

    def __init__(self, folder: Path, catalog: Catalog, store: LakeStore) -> None:
        self._folder, self._catalog, self._store = FolderStore(folder), catalog, store
        self._copies, self._seen = _CopyCatalog(folder), list[Partition]()
        self._engine = LocalQueryEngine(folder, self._copies)

    def engine(self) -> LocalQueryEngine:
        """Return the local engine over the current newest 26 hours.

        Raises:
            OSError: If a file cannot be fetched or written.
        """
        newest = newest_hour(self._catalog)
        hours = last_26_hours(newest) if newest else []
        parts = self._catalog.partitions(hours)
        known = all(part.digest for part in parts)  # the crawler's partitions have no digest
        if not known or parts != self._seen:  # the bucket is listed only then
            self._copies.parts = self._fetched(hours, parts) if hours else []
            self._seen = parts
        return self._engine

    def _fetched(self, hours: Sequence[datetime], parts: Sequence[Partition]) -> list[Partition]:
        first, last = (f"date={hour:%Y-%m-%d}" for hour in (hours[0], hours[-1]))
        objects = {item.key: item for item in self._store.walk(source_prefix("clean"), first, last)}
        copies = []
        for part in parts:
            if item := objects.get(clean_key(part.hour)):
                key = f"{item.key.rpartition('/')[0]}/{item.etag.strip(chr(34))}.parquet"
                if not Path(self._folder.address(key)).is_file():
                    data = self._store.read(item.key)
                    self._folder.publish([Change(key, data)], lambda: True)
                copies.append(part._replace(key=key, digest=item.etag))
        self._delete_unused({part.key for part in copies})
        return copies

    def _delete_unused(self, used: set[str]) -> None:
        for item in self._folder.walk(source_prefix("clean")):
            path = Path(self._folder.address(item.key))
            with suppress(FileNotFoundError):  # another process deleted it
                if item.key not in used and path.stat().st_mtime < time.time() - _UNUSED:
                    path.unlink()


class _CopyCatalog(LocalCatalog):
    """An in-memory catalog of the copies."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.parts: list[Partition] = []

    def partitions(self, hours: Iterable[datetime] | None = None) -> list[Partition]:
        """See Catalog."""
        wanted = None if hours is None else set(hours)
        return [part for part in self.parts if wanted is None or part.hour in wanted]

    def newest_hours(self, count: int) -> list[datetime]:
        """See Catalog."""
        return [part.hour for part in self.parts if part.rows][::-1][:count]

    def record_view(self, name: str, definition: str) -> bool:  # noqa: ARG002 - Athena stores the views
        """Record nothing."""
        return False
