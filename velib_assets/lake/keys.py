"""The lake's object keys, and the hours and 15-minute slots that they are built from.

All times are aware datetimes in UTC; an *hour* is a datetime truncated to the hour. A *day* is a date: the
UTC day of a history file, or the local day of a daily KPI. The examples are those of the network velib;
another network's key takes its place.
"""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta, timezone
from typing import Iterable, Iterator, List, Match, Optional, Sequence, Tuple

from velib_assets.lake.months import month_text
from velib_assets.lake.network import KEY

SOURCE = KEY
SLOT = timedelta(minutes=15)
HOUR = timedelta(hours=1)
_MAX_SPANS = 6
_FIRST_YEAR = 1970

_DAY_HOURS = 24
_DAY = re.compile(r"(\d{4})-(\d{2})-(\d{2})")
_HOUR = re.compile(r"(\d{4})-(\d{2})-(\d{2})T(\d{2})")
_STAMP = SOURCE + r"_(\d{4})(\d{2})(\d{2})_(\d{2})(\d{2})(\d{2})"
_RAW_NAME = re.compile(_STAMP + r"\.json(?:\.gz)?")
_STAMPED_NAME = re.compile(_STAMP + r"[._]")
_FOLDER = re.compile(r"(?:^|/)date=(\d{4}-\d{2}-\d{2})/hour=(\d{2})(?:/|$)")


def hour_of(moment: datetime) -> datetime:
    """Truncate an aware datetime to its UTC hour."""
    return moment.astimezone(timezone.utc).replace(minute=0, second=0, microsecond=0)


def slot_of(moment: datetime) -> datetime:
    """Truncate an aware datetime to the start of its 15-minute slot, in UTC."""
    utc = moment.astimezone(timezone.utc)
    return utc.replace(minute=utc.minute - utc.minute % 15, second=0, microsecond=0)


def slots_of(hour: datetime) -> List[datetime]:
    """Return the starts of the four slots of an hour, in order."""
    return [hour + n * SLOT for n in range(4)]


def hours_between(first: datetime, last: datetime) -> Iterator[datetime]:
    """Yield every hour from `first` to `last`, both included."""
    while first <= last:
        yield first
        first += HOUR


def contiguous(hours: Iterable[datetime]) -> List[Tuple[datetime, datetime]]:
    """Group hours into contiguous (first, last) ranges, in order."""
    ranges: List[Tuple[datetime, datetime]] = []
    for hour in sorted(set(hours)):
        if ranges and ranges[-1][1] + HOUR == hour:
            ranges[-1] = (ranges[-1][0], hour)
        else:
            ranges.append((hour, hour))
    return ranges


def hours_of_day(day: date) -> List[datetime]:
    """Return the 24 hours of a UTC day, in order."""
    midnight = datetime.combine(day, time(), timezone.utc)
    return [midnight + n * HOUR for n in range(_DAY_HOURS)]


def day_text(day: date) -> str:
    """Format a day as `YYYY-MM-DD`."""
    return f"{day:%Y-%m-%d}"


def parse_day(text: str) -> date:
    """Parse `YYYY-MM-DD`.

    Raises:
        ValueError: if the text has another form.
    """
    moment = _time(_DAY.fullmatch(text))
    if moment is None or moment.year < _FIRST_YEAR:
        raise ValueError(f"{text!r} is not a day. Use YYYY-MM-DD, for example 2022-06-04")
    return moment.date()


def parse_hour(text: str) -> datetime:
    """Parse `YYYY-MM-DDTHH` (UTC).

    Raises:
        ValueError: if the text has another form.
    """
    hour = _time(_HOUR.fullmatch(text))
    if hour is None or hour.year < _FIRST_YEAR:
        raise ValueError(f"{text!r} is not an hour. Use YYYY-MM-DDTHH in UTC, for example 2022-06-04T17")
    return hour


def hour_text(hour: datetime) -> str:
    """Format an hour as `YYYY-MM-DDTHH`."""
    return hour.strftime("%Y-%m-%dT%H")


def hours_text(hours: Sequence[datetime]) -> str:
    """Summarise hours as text: a list of hours and ranges, or a count if there are more than six ranges."""
    spans = [
        hour_text(first) if first == last else f"{hour_text(first)} to {hour_text(last)}"
        for first, last in contiguous(hours)
    ]
    if len(spans) <= _MAX_SPANS:
        return ", ".join(spans)
    return f"{len(hours)} hours between {hour_text(min(hours))} and {hour_text(max(hours))}"


def iso_utc(moment: datetime) -> str:
    """Format an aware time as `2022-06-04T17:34:59+00:00`, the form in the lake's JSON."""
    return moment.astimezone(timezone.utc).isoformat()


def iso_z(moment: datetime) -> str:
    """Format a time as `2022-06-04T17:34:59Z`, the form in the report; a naive time is UTC.

    Milliseconds are included only if they are not zero.
    """
    utc = moment.astimezone(timezone.utc) if moment.tzinfo else moment.replace(tzinfo=timezone.utc)
    return utc.isoformat(timespec="milliseconds" if utc.microsecond else "seconds").replace("+00:00", "Z")


def date_hour(hour: datetime) -> Tuple[str, str]:
    """Return the table's partition keys for an hour: `("YYYY-MM-DD", "HH")`."""
    return hour.strftime("%Y-%m-%d"), hour.strftime("%H")


def source_prefix(layer: str) -> str:
    """Return the prefix of a layer (raw, quarantine, clean, rejects), for example `raw/source=velib/`."""
    return f"{layer}/source={SOURCE}/"


def hour_prefix(layer: str, hour: datetime) -> str:
    """Return the prefix of an hour, for example `raw/source=velib/date=2022-06-04/hour=17/`."""
    day, hh = date_hour(hour)
    return f"{source_prefix(layer)}date={day}/hour={hh}/"


def day_prefix(layer: str, day: date) -> str:
    """Return the prefix of a UTC day, for example `raw/source=velib/date=2022-06-04/`."""
    return f"{source_prefix(layer)}date={day_text(day)}/"


def raw_key(ingested_at: datetime) -> str:
    """Return the key of the snapshot taken at `ingested_at`. A second has at most one snapshot."""
    return f"{hour_prefix('raw', hour_of(ingested_at))}{_stem(ingested_at)}.json.gz"


def raw_time(key: str) -> Optional[datetime]:
    """Return when the snapshot with this raw key was taken; None if the key is not a snapshot's."""
    return _time(_RAW_NAME.fullmatch(file_name(key)))


def quarantine_stem(hour: datetime, ingested_at: datetime, sha256: str) -> str:
    """Return the quarantine key without its extension. The hash separates two responses of one second."""
    return f"{hour_prefix('quarantine', hour)}{_stem(ingested_at)}_{sha256[:12]}"


def quarantine_time(key: str) -> Optional[datetime]:
    """Return when the response with this quarantine key was taken; None if the name has another form."""
    return _time(_STAMPED_NAME.match(file_name(key)))


def file_name(key: str) -> str:
    """Return the last part of a key."""
    return key.rpartition("/")[2]


def clean_key(hour: datetime) -> str:
    """Return the key of an hour's Parquet file."""
    return hour_prefix("clean", hour) + "stations.parquet"


def rejects_key(hour: datetime) -> str:
    """Return the key of an hour's rejected records. The file exists only if there are any."""
    return hour_prefix("rejects", hour) + "rejects.parquet"


def history_day_key(day: date) -> str:
    """Return the key of a UTC day's history file."""
    return f"{source_prefix('history')}month={month_text(day)}/date={day_text(day)}.parquet"


def history_month_key(month: date) -> str:
    """Return the key of a compacted month's history file, which is alone in its folder."""
    return f"{source_prefix('history')}closed/month={month_text(month)}/stations.parquet"


def history_retired_key(day: date) -> str:
    """Return the key of the record of a UTC day whose hours were retired."""
    return f"{source_prefix('history')}retired/date={day_text(day)}.json"


def daily_kpi_key(name: str, day: date) -> str:
    """Return the key of a daily KPI's rows of a local day."""
    return f"{source_prefix('kpi')}{name}/date={day_text(day)}/rows.parquet"


STATIONS_KEY = f"stations/source={SOURCE}/stations.parquet"
REPORT = f"{SOURCE}_report"
"""The name of the report, also of its asset."""
REPORT_KEY = f"reports/{REPORT}.html"
NETWORK_KEY = f"network/source={SOURCE}/network.json"


def export_key(name: str, form: str) -> str:
    """Return the key of one of the report's data exports; `form` is csv or parquet."""
    return f"reports/data/{name}.{form}"


def state_key(view: str) -> str:
    """Return the key of a view's cached newest state."""
    return f"reports/state/{view}.json"


def key_hour(key: str) -> Optional[datetime]:
    """Return the hour of the folder that contains a key; None if the key is in no hour's folder."""
    match = _FOLDER.search(key)
    try:
        return parse_hour("T".join(match.groups())) if match else None
    except ValueError:
        return None


def _stem(moment: datetime) -> str:
    return moment.astimezone(timezone.utc).strftime(f"{SOURCE}_%Y%m%d_%H%M%S")


def _time(match: Optional[Match[str]]) -> Optional[datetime]:
    """Build a UTC datetime from digits: ten times faster than `strptime`, and reports parse thousands."""
    if match is None:
        return None
    year, month, day, hour, minute, second = (*map(int, match.groups()), 0, 0, 0)[:6]
    try:
        return datetime(year, month, day, hour, minute, second, tzinfo=timezone.utc)
    except ValueError:
        return None
