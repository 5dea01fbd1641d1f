"""Registers history files, until the catalog matches the files."""

from __future__ import annotations

import hashlib
import io
from datetime import date
from typing import List, Optional, Sequence

from velib_assets.catalog.catalog import Catalog, HistoryFile
from velib_assets.history.day_rows import DamagedFileError
from velib_assets.history.history_file import read_history_footer
from velib_assets.lake.keys import day_text, history_day_key
from velib_assets.lake.store import LakeStore

_ATTEMPTS = 20


def register_history_until_stable(store: LakeStore, catalog: Catalog, files: Sequence[HistoryFile]) -> int:
    """Register history files that were just written, again if they were replaced in the meantime.

    The slower of two writers may register last what it wrote first, therefore it reads the files again.

    Returns:
        How many files are new or changed.

    Raises:
        FileNotFoundError, DamagedFileError: if a file is missing or damaged by then.
        OSError, CatalogError: if the lake or the catalog cannot be read or written.
    """
    changed, outdated = catalog.register_history(files), list(files)
    for _ in range(_ATTEMPTS):
        outdated = _replaced(store, outdated)
        if not outdated:
            break
        changed += catalog.register_history(outdated)
    return changed


def register_found_day(store: LakeStore, catalog: Catalog, day: date) -> Optional[HistoryFile]:
    """Register the file of a UTC day that has no hours any more, if the catalog does not have it.

    Returns:
        The file; None if there is none, or if it is registered.

    Raises:
        DamagedFileError: if the file is damaged.
        OSError, CatalogError: if the lake or the catalog cannot be read or written.
    """
    text = day_text(day)
    if any(file.period == text for file in catalog.history(text, text)):
        return None
    try:
        file = _read(store, HistoryFile(text, history_day_key(day), 0, 0, ""))
    except FileNotFoundError:
        return None
    register_history_until_stable(store, catalog, [file])
    return file


def _replaced(store: LakeStore, files: Sequence[HistoryFile]) -> List[HistoryFile]:
    """Return the files that are not as registered any more, as they are now. Only footers are read first."""
    replaced = []
    for file in files:
        with store.open(file.key) as source:
            footer = read_history_footer(source)
            size = source.seek(0, 2)
        if footer is None or (footer.digest, size) != (file.digest, file.bytes):
            replaced.append(_read(store, file))
    return replaced


def _read(store: LakeStore, file: HistoryFile) -> HistoryFile:
    data = store.read(file.key)
    footer = read_history_footer(io.BytesIO(data))
    if footer is None:
        raise DamagedFileError(f"{store.address(file.key)} is not a history file")
    sha256 = hashlib.sha256(data).hexdigest()
    return HistoryFile(file.period, file.key, footer.rows, len(data), footer.digest, sha256)
