"""The result of cleaning an hour, and its JSON form, in which the Glue job sends it to Dagster."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Dict, List, NamedTuple, Optional

from velib_assets.clean.hour import SnapshotCount, UnusableObject
from velib_assets.clean.typed_snapshot import Drift
from velib_assets.lake.keys import hour_text, parse_hour


class HourSummary(NamedTuple):
    """What an hour contains after cleaning. `size` is 0 if nothing was usable and so nothing was written."""

    hour: datetime
    size: int
    digest: str
    rows: int
    stale: int
    repeated: int
    rejected: Dict[str, int]
    snapshots: List[SnapshotCount]
    quarantined: List[UnusableObject]
    drift: Drift


class HourResult(NamedTuple):
    """The outcome of an hour: what was cleaned, or the problem; `absent` if the hour has no raw."""

    hour: datetime
    cleaned: Optional[HourSummary]
    trouble: str = ""
    absent: bool = False

    def message(self) -> Dict[str, Any]:
        """Return the result as JSON data."""
        cleaned = self.cleaned
        return {
            **self._asdict(),
            "hour": hour_text(self.hour),
            "cleaned": cleaned
            and {
                **cleaned._asdict(),
                "hour": hour_text(cleaned.hour),
                "snapshots": [part._asdict() for part in cleaned.snapshots],
                "quarantined": [part._asdict() for part in cleaned.quarantined],
                "drift": cleaned.drift._asdict(),
            },
        }

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
