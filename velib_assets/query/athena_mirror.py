"""A local copy of the newest 26 hours for DuckDB, which costs one GET per new hour and no Athena query.

Athena lists each partition and reads each footer: over a month of ticks, that costs more than all the rest.
"""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from velib_assets.catalog.catalog import Catalog, Partition, newest_hour
from velib_assets.catalog.sqlite_catalog import LocalCatalog
from velib_assets.lake.folder_store import FolderStore
from velib_assets.lake.keys import STATIONS_KEY, clean_key, source_prefix
from velib_assets.lake.store import Change, LakeStore
from velib_assets.query.duckdb_engine import LocalQueryEngine
from velib_assets.query.windows import DAY


class Mirror:
    """A small local lake in a folder that processes may share.

    It holds copies of the registered clean files and of the station register. Its catalog has the ETag of
    each copy as its digest.
    """

    def __init__(self, folder: Path, catalog: Catalog, store: LakeStore) -> None:
        self._catalog, self._store = catalog, store
        self._folder, self._copies = FolderStore(folder), LocalCatalog(folder, restores=False)
        self._engine = LocalQueryEngine(folder, self._copies)
        self._copied_partitions: list[Partition] = []

    def engine(self) -> LocalQueryEngine:
        """Return the local engine over the current newest 26 hours.

        Raises:
            OSError: If a file cannot be fetched or written.
        """
        hours = DAY.hours(newest_hour(self._catalog))
        parts = self._catalog.partitions(hours)
        comparable = all(part.digest for part in parts)  # the crawler's partitions have no digest
        if not comparable or parts != self._copied_partitions:  # the bucket is listed only then
            self._update(hours, parts)
            self._copied_partitions = parts
        return self._engine

    def _copy_register(self) -> None:
        """Fetch the station register, or delete the copy if there is none."""
        try:
            data: bytes | None = self._store.read(STATIONS_KEY)
        except FileNotFoundError:
            data = None
        self._folder.publish([Change(STATIONS_KEY, data)], lambda: True)

    def _update(self, hours: Sequence[datetime], parts: Sequence[Partition]) -> None:
        """Fetch the new and changed files of these partitions, and delete all other copies."""
        objects = {}
        if hours:
            first, last = (f"date={hour:%Y-%m-%d}" for hour in (hours[0], hours[-1]))
            objects = {item.key: item for item in self._store.walk(source_prefix("clean"), first, last)}
        etags = {copy.hour: copy.digest for copy in self._copies.partitions(hours)}
        self._copy_register()
        copies = []
        for part in parts:
            key = clean_key(part.hour)
            if item := objects.get(key):
                if etags.get(part.hour) != item.etag or not Path(self._folder.address(key)).is_file():
                    self._folder.publish([Change(key, self._store.read(key))], lambda: True)
                copies.append(part._replace(key=key, digest=item.etag))
        self._copies.register(copies)
        for key in {item.key for item in self._folder.walk(source_prefix("clean"))} - {c.key for c in copies}:
            self._folder.publish([Change(key, None)], lambda: True)
