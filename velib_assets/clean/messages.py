"""Outcomes as plain data: what the Lambda and the Glue job tell Dagster, and how it is read again.

Belongs here: the JSON form of Taken and CleanResult. Does not: how it travels (reporter).
"""

from __future__ import annotations

from typing import Any, Dict

from velib_assets.clean.hour import QuarantinedObject, SnapshotCount
from velib_assets.clean.rebuild import CleanedHour, CleanResult
from velib_assets.clean.typed import Drift
from velib_assets.lake.keys import hour_text, parse_hour


def result_message(result: CleanResult) -> Dict[str, Any]:
    """A cleaned hour as JSON data."""
    cleaned = result.cleaned
    return {
        **result._asdict(),
        "hour": hour_text(result.hour),
        "cleaned": cleaned
        and {
            **cleaned._asdict(),
            "hour": hour_text(cleaned.hour),
            "snapshots": [part._asdict() for part in cleaned.snapshots],
            "quarantined": [part._asdict() for part in cleaned.quarantined],
            "drift": cleaned.drift._asdict(),
        },
    }


def result_from_message(message: Dict[str, Any]) -> CleanResult:
    """A cleaned hour from its JSON data.

    Raises:
        KeyError, TypeError, ValueError: where it is of another version.
    """
    hour, said = parse_hour(message["hour"]), message["cleaned"]
    if not said:
        return CleanResult(hour, None, message["trouble"], message["absent"])
    cleaned = CleanedHour(
        **{
            **said,
            "hour": hour,
            "snapshots": [SnapshotCount(**part) for part in said["snapshots"]],
            "quarantined": [QuarantinedObject(**part) for part in said["quarantined"]],
            "drift": Drift(**{name: tuple(texts) for name, texts in said["drift"].items()}),
        }
    )
    return CleanResult(hour, cleaned, message["trouble"], message["absent"])
