"""Responses of Glue to requests for many partitions, which may hold results for some of them only."""

from __future__ import annotations

import time
from typing import Any, Callable, Dict, List, Sequence, Tuple

from velib_assets.aws.api import AwsError

Values = Tuple[str, ...]
"""The values of a partition's keys: `("2026-11-23", "10")`."""

ROUNDS = 8  # requests for the same partitions
_STALLED, _PAUSE = 2, 0.2  # requests without progress; seconds between two requests


def read_in_full(
    request: Callable[[List[Dict[str, Any]]], Sequence[Dict[str, Any]]], wanted: Sequence[Values]
) -> Tuple[List[Dict[str, Any]], List[Values]]:
    """Request partitions until Glue leaves none, or makes no progress.

    Args:
        request: sends BatchGetPartition with these keys and returns its responses.
        wanted: the values of the partitions.

    Returns:
        The partitions as Glue shows them, and the values that it left. It may leave partitions that do not
        exist, beside those that it did not process.
    """
    found: List[Dict[str, Any]] = []
    left: List[Dict[str, Any]] = [{"Values": list(values)} for values in wanted]
    stalled = 0
    for _ in range(ROUNDS):
        responses = request(left)
        entries = [entry for response in responses for entry in response["Partitions"]]
        left = [key for response in responses for key in response.get("UnprocessedKeys", [])]
        found += entries
        stalled = 0 if entries else stalled + 1
        if not left or stalled == _STALLED:
            break
        time.sleep(_PAUSE)
    return found, [tuple(key["Values"]) for key in left]


def failed_with(expected: str, response: Dict[str, Any]) -> List[Values]:
    """Return the values of the partitions that were not written, all with the expected error code.

    Raises:
        AwsError: if a partition failed with another code.
    """
    failed: List[Values] = []
    for error in response.get("Errors", []):
        values = error.get("PartitionValues", error.get("PartitionValueList", []))
        detail = error.get("ErrorDetail", {})
        code, reason = str(detail.get("ErrorCode", "")), detail.get("ErrorMessage", "")
        if code != expected:
            raise AwsError(f"glue did not register the partition {'/'.join(values)}: {code} {reason}", code)
        failed.append(tuple(values))
    return failed
