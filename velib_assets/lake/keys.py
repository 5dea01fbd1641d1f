"""The lake's object keys and its clock: hours, 15-minute slots, and where each thing lies.

Belongs here: every rule that turns a time into a key or a key into a time. Does not: reading or
writing anything. All times are aware datetimes in UTC; an *hour* is one truncated to the hour.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone
from typing import Iterable, Iterator, List, Optional, Sequence, Tuple

SOURCE = "velib"
SLOT = timedelta(minutes=15)
HOUR = timedelta(hours=1)
_MAX_SPANS = 6
_FIRST_YEAR = 1970

_HOUR = re.compile(r"(\d{4})-(\d{2})-(\d{2})T(\d{2})")
_RAW_NAME = re.compile(r"velib_(\d{8})_(\d{6})\.json(\.gz)?")
_STAMPED_NAME = re.compile(r"velib_(\d{8})_(\d{6})[._]")
_FOLDER = re.compile(r"date=(\d{4}-\d{2}-\d{2})/hour=(\d{2})(?:/|$)")


def hour_of(moment: datetime) -> datetime:
    """The UTC hour that holds an aware `moment`."""
    return moment.astimezone(timezone.utc).replace(minute=0, second=0, microsecond=0)


def slot_of(moment: datetime) -> datetime:
    """The start of the 15-minute slot that holds an aware `moment`."""
    utc = moment.astimezone(timezone.utc)
    return utc.replace(minute=utc.minute - utc.minute % 15, second=0, microsecond=0)


def slots_of(hour: datetime) -> List[datetime]:
    """The four slots of an hour, in order."""
    return [hour + n * SLOT for n in range(4)]


def hours_between(first: datetime, last: datetime) -> Iterator[datetime]:
    """Every hour from `first` to `last`, both included."""
    while first <= last:
        yield first
        first += HOUR


def contiguous(hours: Iterable[datetime]) -> List[Tuple[datetime, datetime]]:
    """Hours as contiguous (first, last) ranges, in order."""
    ranges: List[Tuple[datetime, datetime]] = []
    for hour in sorted(set(hours)):
        if ranges and ranges[-1][1] + HOUR == hour:
            ranges[-1] = (ranges[-1][0], hour)
        else:
            ranges.append((hour, hour))
    return ranges


def parse_hour(text: str) -> datetime:
    """Read `YYYY-MM-DDTHH` (UTC).

    Raises:
        ValueError: for anything else, naming the text.
    """
    if match := _HOUR.fullmatch(text):
        try:
            hour = _utc(match.groups())
        except ValueError:
            pass
        else:
            if hour.year >= _FIRST_YEAR:
                return hour
    raise ValueError(f"{text!r} is not an hour: write YYYY-MM-DDTHH, in UTC, as in 2022-06-04T17")


def hour_text(hour: datetime) -> str:
    """`YYYY-MM-DDTHH`, the way people and commands write an hour."""
    return hour.strftime("%Y-%m-%dT%H")


def hours_text(hours: Sequence[datetime]) -> str:
    """Hours in a phrase: one by its name, ranges by their ends, many by their number."""
    spans = [
        hour_text(first) if first == last else f"{hour_text(first)} to {hour_text(last)}"
        for first, last in contiguous(hours)
    ]
    if len(spans) <= _MAX_SPANS:
        return ", ".join(spans)
    return f"{len(hours)} hours between {hour_text(min(hours))} and {hour_text(max(hours))}"


def date_hour(hour: datetime) -> Tuple[str, str]:
    """The two partition keys of the table: `("YYYY-MM-DD", "HH")`."""
    return hour.strftime("%Y-%m-%d"), hour.strftime("%H")


def source_prefix(layer: str) -> str:
    """`raw/source=velib/`: everything of one layer (raw, quarantine, clean or rejects)."""
    return f"{layer}/source={SOURCE}/"


def hour_prefix(layer: str, hour: datetime) -> str:
    """`raw/source=velib/date=YYYY-MM-DD/hour=HH/`."""
    date, hh = date_hour(hour)
    return f"{source_prefix(layer)}date={date}/hour={hh}/"


def raw_key(ingested_at: datetime) -> str:
    """The key of the snapshot taken at `ingested_at`; one second holds at most one snapshot."""
    return f"{hour_prefix('raw', hour_of(ingested_at))}{_stem(ingested_at)}.json.gz"


def raw_time(key: str) -> Optional[datetime]:
    """When the snapshot under a raw key was taken, or None where the name is not a snapshot's."""
    match = _RAW_NAME.fullmatch(key.rpartition("/")[2])
    return _stamp(match.group(1), match.group(2)) if match else None


def quarantine_stem(hour: datetime, ingested_at: datetime, sha256: str) -> str:
    """Where what is unusable of an hour goes, less the ending; its hash keeps two of one second apart."""
    return f"{hour_prefix('quarantine', hour)}{_stem(ingested_at)}_{sha256[:12]}"


def quarantine_time(key: str) -> Optional[datetime]:
    """When the answer behind a quarantine key was taken, or None for a name that is not ours."""
    match = _STAMPED_NAME.match(key.rpartition("/")[2])
    return _stamp(match.group(1), match.group(2)) if match else None


def clean_key(hour: datetime) -> str:
    """The one Parquet file of an hour."""
    return hour_prefix("clean", hour) + "stations.parquet"


def rejects_key(hour: datetime) -> str:
    """The Parquet file of an hour's rejected rows; absent when there are none."""
    return hour_prefix("rejects", hour) + "rejects.parquet"


REPORT_KEY = "reports/velib_report.html"


def export_key(name: str, form: str) -> str:
    """The numbers behind the report's pictures, as `csv` or `parquet`; replaced with each report."""
    return f"reports/data/{name}.{form}"


def state_key(view: str) -> str:
    """The newest state of a view that is not read anew at each tick."""
    return f"reports/state/{view}.json"


def key_hour(key: str) -> Optional[datetime]:
    """The hour whose folder a key lies in, or None outside such folders."""
    match = _FOLDER.search(key)
    if not match:
        return None
    try:
        return parse_hour(f"{match.group(1)}T{match.group(2)}")
    except ValueError:
        return None


def _stem(moment: datetime) -> str:
    return moment.astimezone(timezone.utc).strftime("velib_%Y%m%d_%H%M%S")


def _stamp(day: str, clock: str) -> Optional[datetime]:
    try:
        return _utc((day[:4], day[4:6], day[6:], clock[:2], clock[2:4], clock[4:]))
    except ValueError:
        return None


def _utc(parts: Sequence[str]) -> datetime:
    """A time from its digits, by hand: a report reads thousands, and `strptime` takes ten times as long."""
    year, month, day, hour, minute, second = (*map(int, parts), 0, 0)[:6]
    return datetime(year, month, day, hour, minute, second, tzinfo=timezone.utc)
