"""The newest day of the lake on the Dagster host: questions about it cost a GET an hour, and no Athena.

Belongs here: which clean files are fetched and kept. Does not: asking (query_engine). A question of Athena's
over 26 partitions lists each of them and reads each footer: over a month of ticks that is dearer than all
the rest of the stack.
"""

import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from velib_assets.catalog.catalog import Catalog, Partition
from velib_assets.catalog.sqlite_catalog import LocalCatalog
from velib_assets.lake.folder_store import FolderStore
from velib_assets.lake.keys import clean_key, source_prefix
from velib_assets.lake.store import Change, LakeStore
from velib_assets.query.duckdb_engine import LocalQueryEngine
from velib_assets.query.windows import last_26_hours

_UNUSED = 7200.0  # seconds after which no question reads a file any more that was replaced


class Mirror:
    """Copies of the registered clean files of the newest 26 hours, in a folder that processes may share.

    A copy's name holds its ETag, so that it is never rewritten, and the copy of an hour is its newest.
    """

    def __init__(self, folder: Path, catalog: Catalog, store: LakeStore) -> None:
        self._folder, self._catalog, self._store = FolderStore(folder), catalog, store
        self._held, self._seen = _Held(folder), list[Partition]()
        self._engine = LocalQueryEngine(folder, self._held)

    def engine(self) -> LocalQueryEngine:
        """The local engine over the newest 26 hours as they are now.

        Raises:
            OSError: where a file could not be fetched or kept.
        """
        newest = self._catalog.newest_hours(1)
        hours = last_26_hours(newest[0]) if newest else []
        parts = self._catalog.partitions(hours)
        told = all(part.digest for part in parts)  # a crawler's partitions tell nothing
        if not told or parts != self._seen:  # each look costs a listing
            self._held.parts = self._fetched(hours, parts) if hours else []
            self._seen = parts
        return self._engine

    def _fetched(self, hours: Sequence[datetime], parts: Sequence[Partition]) -> list[Partition]:
        first, last = (f"date={hour:%Y-%m-%d}" for hour in (hours[0], hours[-1]))
        there = {item.key: item for item in self._store.walk(source_prefix("clean"), first, last)}
        found = []
        for part in parts:
            if item := there.get(clean_key(part.hour)):
                key = f"{item.key.rpartition('/')[0]}/{item.etag.strip(chr(34))}.parquet"
                if not Path(self._folder.address(key)).is_file():
                    data = self._store.read(item.key)
                    self._folder.publish([Change(key, data)], lambda: True)
                found.append(part._replace(key=key, digest=item.etag))
        self._tidy({part.key for part in found})
        return found

    def _tidy(self, wanted: set[str]) -> None:
        for item in self._folder.walk(source_prefix("clean")):
            path = Path(self._folder.address(item.key))
            with suppress(FileNotFoundError):  # another process was faster
                if item.key not in wanted and path.stat().st_mtime < time.time() - _UNUSED:
                    path.unlink()


class _Held(LocalCatalog):
    """A catalog of what was fetched, in memory."""

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

    def record_view(self, name: str, definition: str) -> bool:  # noqa: ARG002 - Athena keeps them
        """Keep nothing."""
        return False
