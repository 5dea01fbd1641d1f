"""The result of cleaning an hour, and its JSON form, in which the Glue job sends it to Dagster."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Dict, List, NamedTuple, Optional

from velib_assets.clean.typed_snapshot import Drift
from velib_assets.lake.keys import hour_text, parse_hour
from velib_assets.stations.sights import Sights


class SnapshotCount(NamedTuple):
    """The counts of one snapshot: records = rows + rejected + duplicates."""

    key: str
    records: int
    rows: int
    rejected: int
    duplicates: int


class UnusableObject(NamedTuple):
    """An unusable raw object. It adds no rows and stays in raw."""

    key: str
    hash: str
    code: str
    reason: str


class HourSummary(NamedTuple):
    """What an hour contains after cleaning.

    `size` is 0 if nothing was usable and so nothing was written. `descriptions` is the digest of the
    descriptions that were used. `described` counts the rows that got their name, position or capacity from
    the register, `undescribed` those that still lack one of these. `unreadable_times` counts the
    reported times that cannot be read, and `unreadable_time` is one of them as JSON. `future` counts the rows
    that reported over 10 minutes after their snapshot, `future_unknown` those of them over 24 hours after it.
    `announced` is the number of records that the feed announced, by raw key, where it did. `differing` has
    the stations of which a snapshot has records that differ, and how many snapshots do. `missing_columns` are
    the columns that the archive's files of all the hour's snapshots do not have. `left_out` are the other
    columns that describe a station and are null in some rows.
    """

    hour: datetime
    digest: str
    rows: int
    stale: int
    repeated: int
    rejected: Dict[str, int]
    snapshots: List[SnapshotCount]
    quarantined: List[UnusableObject]
    drift: Drift
    size: int = 0
    descriptions: str = ""
    described: int = 0
    undescribed: int = 0
    unreadable_times: int = 0
    unreadable_time: str = ""
    future: int = 0
    future_unknown: int = 0
    announced: Dict[str, int] = {}  # noqa: RUF012 - never modified
    differing: Dict[str, int] = {}  # noqa: RUF012 - never modified
    missing_columns: List[str] = []  # noqa: RUF012 - never modified
    left_out: List[str] = []  # noqa: RUF012 - never modified

    @property
    def partial(self) -> List[str]:
        """The keys of the snapshots that have fewer records than the feed announced."""
        return [part.key for part in self.snapshots if part.records < self.announced.get(part.key, 0)]


class HourResult(NamedTuple):
    """The outcome of an hour: what was cleaned, or the error; `absent` if the hour has no raw.

    `sights` is what a published hour says of the stations. It stays in the process that cleaned the hour.
    """

    hour: datetime
    cleaned: Optional[HourSummary]
    error: str = ""
    absent: bool = False
    sights: Optional[Sights] = None

    def message(self) -> Dict[str, Any]:
        """Return the result as JSON data."""
        hour, cleaned = hour_text(self.hour), self.cleaned
        data = cleaned and {
            **cleaned._asdict(),
            "hour": hour,
            "snapshots": [part._asdict() for part in cleaned.snapshots],
            "quarantined": [part._asdict() for part in cleaned.quarantined],
            "drift": cleaned.drift._asdict(),
        }
        return {"hour": hour, "cleaned": data, "trouble": self.error, "absent": self.absent}

    @classmethod
    def of(cls, message: Dict[str, Any]) -> HourResult:
        """Read a result from JSON data.

        Raises:
            KeyError, TypeError, ValueError: if another version wrote it.
        """
        hour, data = parse_hour(message["hour"]), message["cleaned"]
        cleaned = data and HourSummary(
            **{
                **data,
                "hour": hour,
                "snapshots": [SnapshotCount(**part) for part in data["snapshots"]],
                "quarantined": [UnusableObject(**part) for part in data["quarantined"]],
                "drift": Drift(**{name: tuple(texts) for name, texts in data["drift"].items()}),
            }
        )
        return cls(hour, cleaned or None, message["trouble"], message["absent"])
