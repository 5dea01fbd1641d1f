"""The digests of history files: of what they were built, as far as the catalog alone can tell."""

from __future__ import annotations

import hashlib
import re
from typing import Dict, Iterable, List, Sequence, Tuple

from velib_assets.catalog.catalog import DAMAGED, HistoryFile, Partition
from velib_assets.lake.keys import history_day_key, history_month_key, hour_text, parse_day
from velib_assets.lake.months import parse_month

_MONTH_LENGTH = len("2022-06")
_PERIOD = re.compile(r"/date=([\d-]{10})\.parquet|/closed/month=([\d-]{7})/", re.ASCII)


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


def key_of_period(period: str) -> str:
    """Return the key of the history file of a day or a month.

    Raises:
        ValueError: if it is neither `YYYY-MM-DD` nor `YYYY-MM`.
    """
    if len(period) == _MONTH_LENGTH:
        return history_month_key(parse_month(period))
    return history_day_key(parse_day(period))


def period_of_key(key: str) -> str:
    """Return the day or the month of a history file's key; empty if it is no such key."""
    match = _PERIOD.search(key)
    period = (match.group(1) or match.group(2)) if match else ""
    try:
        return period if period and key_of_period(period) == key else ""
    except ValueError:
        return ""


def is_month(file: HistoryFile) -> bool:
    """Return whether a history file is that of a month."""
    return len(file.period) == _MONTH_LENGTH


def current_files(files: Sequence[HistoryFile]) -> List[HistoryFile]:
    """Return the files that together have every row once: current months, and the days of all other months.

    A month that was found damaged is not current.

    Args:
        files: the registered history files of whole months, in any order.
    """
    days = sorted(file for file in files if not is_month(file))
    months = {file.period: file for file in files if is_month(file)}
    by_month: Dict[str, List[HistoryFile]] = {}
    for file in days:
        by_month.setdefault(file.period[:_MONTH_LENGTH], []).append(file)
    chosen: List[HistoryFile] = []
    for period, parts in by_month.items():
        month = months.get(period)
        is_current = month and month.digest == digest_of_month(parts) and month.sha256 != DAMAGED
        chosen += [month] if month and is_current else parts
    return chosen
