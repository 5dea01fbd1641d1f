"""The digests of history files: of what they were built, as far as the catalog alone can tell."""

from __future__ import annotations

import hashlib
from typing import Iterable, List, Sequence, Tuple

from velib_assets.catalog.catalog import HistoryFile, Partition
from velib_assets.lake.keys import hour_text

_MONTH_LENGTH = len("2022-06")


def digest_of_parts(parts: Iterable[Tuple[str, str]]) -> str:
    """Return the digest of a history file.

    Args:
        parts: the hours of a day with the digests of their clean files, or the days of a month with the
            digests of their history files; in any order.
    """
    lines = sorted(f"{period}\t{digest}\n" for period, digest in parts)
    return hashlib.sha256("".join(lines).encode("utf-8")).hexdigest()


def digest_of_day(partitions: Iterable[Partition]) -> str:
    """Return the digest that the history file of a day has if it is current.

    Args:
        partitions: the registered partitions of the day. If the digest of one is unknown, so is that of the
            day: the result then equals no file's digest.
    """
    return digest_of_parts((hour_text(part.hour), part.digest) for part in partitions)


def digest_of_month(days: Iterable[HistoryFile]) -> str:
    """Return the digest that the file of a month has if it is current, given its registered day files."""
    return digest_of_parts((file.period, file.digest) for file in days)


def is_month(file: HistoryFile) -> bool:
    """Return whether a history file is that of a month."""
    return len(file.period) == _MONTH_LENGTH


def current_files(files: Sequence[HistoryFile]) -> List[HistoryFile]:
    """Return the files that together have every row once: current months, and the days of all other months.

    Args:
        files: the registered history files of whole months, in any order.
    """
    days = sorted(file for file in files if not is_month(file))
    months = {file.period: file for file in files if is_month(file)}
    by_month = {file.period[:_MONTH_LENGTH]: [] for file in days}  # type: dict[str, list[HistoryFile]]
    for file in days:
        by_month[file.period[:_MONTH_LENGTH]].append(file)
    chosen: List[HistoryFile] = []
    for period, parts in by_month.items():
        month = months.get(period)
        chosen += [month] if month and month.digest == digest_of_month(parts) else parts
    return chosen
