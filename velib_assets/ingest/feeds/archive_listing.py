"""Which files of an archive are snapshots, and of when; which belong to others; which are neither."""

from __future__ import annotations

import re
from datetime import datetime, timezone, tzinfo
from typing import Callable, Dict, Iterable, List, NamedTuple, Optional, Tuple

from velib_assets.ingest.feed_info import GBFS_PARTS
from velib_assets.ingest.feeds.archive_names import (
    EXTENSIONS,
    AmbiguousTimeError,
    named_time,
    split_name,
    to_utc,
)
from velib_assets.ingest.gbfs_discovery import OPTIONAL
from velib_assets.lake.keys import hour_of, key_hour, raw_time
from velib_assets.lake.network import KEY, VELIB
from velib_assets.lake.raw_pack import is_pack

INFORMATION, STATUS = GBFS_PARTS
_PART = re.compile(r"station[_-]?(information|status)", re.IGNORECASE)
_OPTIONAL = re.compile(rf"(?:^|[^a-z])({'|'.join(OPTIONAL)})(?:$|[^a-z])", re.IGNORECASE)
_OTHER_FILES = r"(?:free_bike|vehicle)_status|vehicle_types|geofencing_zones|gbfs_versions"
_SYSTEM_FILES = r"system_(?:information|hours|calendar|regions|pricing_plans|alerts)"
_STAMP = r"[\dTZ_.:+-]*"
_OTHER_GBFS = re.compile(
    rf"(?:^|[^a-z])(?:system_[a-z_]+|{_OTHER_FILES})|^{_STAMP}gbfs{_STAMP}$", re.IGNORECASE
)
_OTHER_FOLDER = re.compile(  # a folder such as `system_backup` may hold snapshots
    rf"(?:.*/)?(?:{_SYSTEM_FILES}|{_OTHER_FILES})/{_STAMP}\.json(?:\.gz)?", re.IGNORECASE
)
_NOT_RAW = re.compile(r"(?:^|/)(?!raw/)[a-z]+/source=|\.reason\.json$")
_DIGITS = re.compile(r"(\d+)")


class ArchiveFile(NamedTuple):
    """A file with the time (UTC, whole seconds) of its snapshot.

    The order is that of preference: exports before raw objects, plain before gzipped files, JSON before
    other forms, then by path with numbers in numerical order.
    """

    taken_at: datetime
    is_raw: bool
    is_gzip: bool
    form: int
    order: Tuple[Tuple[int, str], ...]
    path: str
    part: str = ""


class Partner(NamedTuple):
    """A file that belongs to files `station_status`, and its time if it has one."""

    path: str
    taken_at: Optional[datetime]


class Listing(NamedTuple):
    """The files of an archive.

    Args:
        hours: the snapshots by hour, in order. A GBFS snapshot is its `station_status`.
        partners: the files `station_information`, and for networks other than Vélib' the optional ones, by
            their part, then by the folder that they belong to.
        unrecognised: the paths of other files, with the reason.
        refused: files whose local time occurs twice or never: that time, and a message with the path.
        own_time: GBFS files without a time in their name: the time that they give themselves, and the path.
    """

    hours: Dict[datetime, List[ArchiveFile]]
    partners: Dict[str, Dict[str, List[Partner]]]
    unrecognised: List[Tuple[str, str]]
    refused: List[Tuple[datetime, str]]
    own_time: List[Tuple[datetime, str]]

    def partners_of(self, status: ArchiveFile) -> Dict[str, str]:
        """Return the paths of the files for a `station_status`, by their part.

        Each is the nearest in time of the same folder, else of the folders above it; those without a time
        come last.
        """
        found = {part: self._nearest(by_folder, status) for part, by_folder in self.partners.items()}
        return {part: path for part, path in found.items() if path is not None}

    def _nearest(self, by_folder: Dict[str, List[Partner]], status: ArchiveFile) -> Optional[str]:
        folder: Optional[str] = _gbfs_folder(status.path)
        while folder is not None:
            if files := by_folder.get(folder):
                timed = [file for file in files if file.taken_at is not None]
                nearest = min(timed or files, key=lambda file: _distance(file, status.taken_at))
                return nearest.path
            folder = folder.rpartition("/")[0] if folder else None
        return None


Peek = Callable[[str], Tuple[bool, Optional[datetime]]]
"""Reads a file: whether it is a raw object's envelope, and the time that a GBFS file gives of itself."""


def list_archive(paths: Iterable[str], zone: tzinfo, peek: Peek, network: str = KEY) -> Listing:
    """Recognise the files of an archive by their names.

    Args:
        paths: every file, relative to the archive.
        zone: the time zone of times without one.
        peek: called only if a name does not suffice: for `station_status` without a time, and for names of
            raw objects outside a lake if `zone` is not UTC.
        network: the key of the network.
    """
    listing = Listing({}, {}, [], [], [])
    for path in paths:
        if reason := _add(listing, path, zone, peek, network):
            listing.unrecognised.append((path, reason))
    for files in listing.hours.values():
        files.sort()
    _drop_unused(listing)
    return listing


def _add(listing: Listing, path: str, zone: tzinfo, peek: Peek, network: str) -> str:
    """Add a file to the listing; return the reason if it is not recognised."""
    stem, extension, is_gzip = split_name(path)
    if extension not in EXTENSIONS or path.rpartition("/")[2].startswith("."):
        ending = "its name does not end with .json, .csv or .parquet (or .gz behind it)"
        return "it is a damaged pack of a lake's raw objects" if is_pack(path) else ending
    if _NOT_RAW.search(path):
        return "it is a part of a lake that is not raw"
    part = _part_of(path, stem, network)
    if not part and (_OTHER_GBFS.search(stem) or _OTHER_FOLDER.fullmatch(path)):
        return "it is a GBFS file without stations"
    try:
        moment, is_raw = _moment(path, part, zone, peek)
    except AmbiguousTimeError as error:
        message = (
            f"{path}: {error} (VELIB_ARCHIVE_TIMEZONE). "
            f"Write its offset into the name, as in {error.local:%Y-%m-%dT%H:%M:%S}+01:00"
        )
        listing.refused.append((error.local, message))
        return ""
    if part not in ("", STATUS):
        listing.partners.setdefault(part, {}).setdefault(_gbfs_folder(path), []).append(Partner(path, moment))
    elif moment is None:
        return "neither its name nor its folder has a date and a time of day"
    else:
        if named_time(path) is None:
            listing.own_time.append((moment, path))
        order = tuple((int(text), "") if text.isdigit() else (0, text) for text in _DIGITS.split(path))
        file = ArchiveFile(moment, is_raw, is_gzip, EXTENSIONS.index(extension), order, path, part)
        listing.hours.setdefault(hour_of(moment), []).append(file)
    return ""


def _moment(path: str, part: str, zone: tzinfo, peek: Peek) -> Tuple[Optional[datetime], bool]:
    """Return the time of a file, and whether its name is that of a raw object."""
    raw = raw_time(path)
    if raw is not None and (zone is timezone.utc or key_hour(path) == hour_of(raw) or peek(path)[0]):
        return raw, True
    time = named_time(path)
    if time is not None:
        return to_utc(time, zone), False
    return (peek(path)[1] if part == STATUS else None), False


def _part_of(path: str, stem: str, network: str) -> str:
    """Return which GBFS file this is, by its name or else by its folders."""
    for text in (stem, path):
        if network != VELIB and (optional := _OPTIONAL.search(text)):
            return optional[1].lower()
        if match := _PART.search(text):
            return f"station_{match[1].lower()}"
    return ""


def _gbfs_folder(path: str) -> str:
    """Return the folder that a GBFS file belongs to, without folders such as `station_status`."""
    folders = path.split("/")[:-1]
    own = (folder for folder in folders if not (_PART.search(folder) or _OPTIONAL.search(folder)))
    return "/".join(own)


def _distance(file: Partner, moment: datetime) -> float:
    return abs((file.taken_at - moment).total_seconds()) if file.taken_at else 0.0


def _drop_unused(listing: Listing) -> None:
    """List partners that no `station_status` can belong to as not recognised."""
    status = {_gbfs_folder(f.path) for files in listing.hours.values() for f in files if f.part == STATUS}
    scopes = {
        "/".join(folder.split("/")[:depth]) for folder in status for depth in range(folder.count("/") + 2)
    }
    for by_folder in listing.partners.values():
        for folder in [folder for folder in by_folder if folder not in scopes]:
            files = by_folder.pop(folder)
            listing.unrecognised.extend((file.path, "no station_status belongs to it") for file in files)
