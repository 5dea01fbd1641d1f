"""The time in the name of an archived file, in the forms that collectors use."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone, tzinfo
from typing import Dict, Iterator, Match, NamedTuple, Optional, Set, Tuple
from urllib.parse import unquote

EXTENSIONS = ("json", "", "parquet", "csv")  # in order of preference
_SPLIT = re.compile(r"(.*?)(?:\.([a-z_]\w*))?(\.gz)?", re.DOTALL | re.IGNORECASE)
_DATE = r"(?<!\d)(?P<year>(?:19|20)\d\d)(?P<dash>[-_.]?)(?P<month>\d\d)(?P=dash)(?P<day>\d\d)"
_CLOCK = r"(?P<hour>\d\d)(?P<colon>[-_:.]?)(?P<minute>\d\d)(?:(?P=colon)(?P<second>\d\d))?(?!\d)"
_REST = (
    r"(?:[.,]\d{1,9}(?!\d))?"
    r"(?:[ _]?(?P<half>[AaPp])[Mm](?![A-Za-z]))?"
    r"[ _]?(?P<zone>(?:Z|UTC|GMT|CEST|CET)(?![A-Za-z])|[+]\d\d(?:[:_-]?\d\d)?(?!\d)|-\d\d[:_]\d\d(?!\d)"
    r"|(?<=T\d{6})-\d{4}(?!\d))?"
)
_MOMENT = re.compile(_DATE + r"(?:T|[ _.@-]{0,3})" + _CLOCK + _REST, re.IGNORECASE)
_ON_THE_HOUR = re.compile(
    _DATE + r"(?:T(?P<hour>\d\d)(?![\d:])|[T _-]?(?P<oclock>\d\d)h(?![\da-z]))", re.IGNORECASE
)
_FOLDER_DATE = re.compile(
    r"(?:^|[^\d])(?P<year>(?:19|20)\d\d)(?P<dash>[-_./]?)(?P<month>\d\d)(?P=dash)(?P<day>\d\d)(?!\d)(?P<rest>.*)",
    re.DOTALL,
)
_TIME_ONLY = re.compile(r"(?:^|[^\d])" + _CLOCK + _REST, re.IGNORECASE)
_HOUR_FOLDER = re.compile(r"(?:.*/)?(?P<hour>\d\d)/(?P<minute>\d\d)", re.DOTALL)
_KEYS = re.compile(r"(?:year|month|day|date|hour|minute|y|m|d|h)=", re.IGNORECASE)
_SPOKEN = re.compile(
    r"(?<!\d)(\d\d)h(\d\d)(?:m(?:in)?(\d\d)s?)?(?!\d)|(?<=\d\d_)(\d\d)h(\d\d)(?!\d)", re.IGNORECASE
)
_EPOCH = re.compile(r"(?<!\d)(1\d{9})(?:\d{3}|\d{6})?(?!\d)")
_EPOCH_START = 1_150_000_000  # 2006, before the first public bike-share feed
_HALF_DAY = 12  # hours
_LARGEST_OFFSET = 14  # hours from UTC
_ZONES: Dict[str, timedelta] = {
    "Z": timedelta(0),
    "UTC": timedelta(0),
    "GMT": timedelta(0),
    "CET": timedelta(hours=1),
    "CEST": timedelta(hours=2),
}


class AmbiguousTimeError(ValueError):
    """A local time that occurs twice or never, because the clocks change."""

    def __init__(self, local: datetime, zone: tzinfo, *, twice: bool) -> None:
        how = "occurs twice" if twice else "does not exist"
        super().__init__(f"{local:%Y-%m-%d %H:%M:%S} {how} in {zone}")
        self.local = local


class NamedTime(NamedTuple):
    """The time in a name; `offset` is None if the name gives no time zone."""

    local: datetime
    offset: Optional[timedelta]


def split_name(path: str) -> Tuple[str, str, bool]:
    """Return the name without its endings, its extension in lower case, and whether it ends with `.gz`."""
    name = path.rpartition("/")[2]
    stem, extension, gz = _SPLIT.fullmatch(name).groups()  # type: ignore[union-attr] # matches any text
    if extension is not None and extension.lower() not in EXTENSIONS:
        return name, extension.lower(), gz is not None
    return stem, (extension or "").lower(), gz is not None


def named_time(path: str) -> Optional[NamedTime]:
    """Return the time in a file's name, or else in its folders; None if there is none, or two.

    A name may have the time alone if its folders have the date (`2025/06/05/1205.json`). Epoch seconds,
    milli- and microseconds are recognised as well.
    """
    folder, _, _ = path.rpartition("/")
    stem = split_name(path)[0]
    for text in (stem, *reversed(folder.split("/"))):
        times = set(_moments(_plain(text)))
        if times:
            return times.pop() if len(times) == 1 else None
    return _split_time(_plain(folder), _plain(stem))


def to_utc(time: NamedTime, zone: tzinfo) -> datetime:
    """Convert a named time to UTC. A time without an offset is in `zone`.

    Raises:
        AmbiguousTimeError: if the time occurs twice or never in `zone`.
    """
    if time.offset is not None:
        return (time.local - time.offset).replace(tzinfo=timezone.utc)
    first, second = (time.local.replace(tzinfo=zone, fold=fold) for fold in (0, 1))
    if first.utcoffset() == second.utcoffset():
        return first.astimezone(timezone.utc)
    exists = first.astimezone(timezone.utc).astimezone(zone).replace(tzinfo=None) == time.local
    raise AmbiguousTimeError(time.local, zone, twice=exists)


def _plain(text: str) -> str:
    """Decode `%3A`, drop the keys of `hour=12`, and write `14h35` as `14:35`."""
    decoded = unquote(text) if "%" in text else text
    without_keys = _KEYS.sub("", decoded) if "=" in decoded else decoded
    return _SPOKEN.sub(lambda m: ":".join(part for part in m.groups() if part), without_keys)


def _moments(text: str) -> Iterator[NamedTime]:
    """Yield each time with a date in a text; epochs only if there is no other."""
    matches = list(_MOMENT.finditer(text)) or list(_ON_THE_HOUR.finditer(text))
    for match in matches:
        if time := _time(match, match):
            yield time
    for match in () if matches else _EPOCH.finditer(text):
        if int(match[1]) >= _EPOCH_START:
            yield NamedTime(_utc(int(match[1])), timedelta(0))


def _utc(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, timezone.utc).replace(tzinfo=None)


def _split_time(folder: str, stem: str) -> Optional[NamedTime]:
    """Return the time of a name whose date is in its folders."""
    date = _FOLDER_DATE.search(folder)
    if date is None:
        return None
    times: Set[NamedTime] = set()
    for text in (*date["rest"].split("/"), stem):
        times.update(time for clock in _TIME_ONLY.finditer(text) if (time := _time(date, clock)))
    in_hour = _HOUR_FOLDER.fullmatch(f"{date['rest']}/{stem}")
    if not times and in_hour and (time := _time(date, in_hour)):
        times.add(time)
    return times.pop() if len(times) == 1 else None


def _time(date: Match[str], clock: Match[str]) -> Optional[NamedTime]:
    """Build a time from the digits of a date and a clock; None if there is no such time."""
    parts = clock.groupdict()
    hour = int(parts.get("hour") or parts.get("oclock") or 0)
    if parts.get("half"):
        if not 1 <= hour <= _HALF_DAY:
            return None
        hour = hour % _HALF_DAY + (_HALF_DAY if parts["half"].lower() == "p" else 0)
    try:
        date_parts = (int(date[name]) for name in ("year", "month", "day"))
        clock_parts = (hour, *(int(parts.get(name) or 0) for name in ("minute", "second")))
        local = datetime(*date_parts, *clock_parts)  # type: ignore[arg-type] # noqa: DTZ001 - zone unknown
        return NamedTime(local, _offset(parts.get("zone")))
    except ValueError:
        return None


def _offset(zone: Optional[str]) -> Optional[timedelta]:
    """Read a zone.

    Raises:
        ValueError: if no time zone has this offset.
    """
    if not zone:
        return None
    if zone.upper() in _ZONES:
        return _ZONES[zone.upper()]
    digits = re.sub(r"\D", "", zone).ljust(4, "0")
    hours, minutes = int(digits[:2]), int(digits[2:])
    if hours > _LARGEST_OFFSET or minutes not in (0, 15, 30, 45):
        raise ValueError(zone)
    offset = timedelta(hours=hours, minutes=minutes)
    return -offset if zone[0] == "-" else offset
