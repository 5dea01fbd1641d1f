"""The asset checks on the times that stations report."""

from __future__ import annotations

from velib_assets.defs.checks import FAULTS, WARN, Finding, check
from velib_assets.lake.text import neutralize_links


@check("clean_stations", severity=WARN)
def readable_times(unreadable: int, example: str = "", *, unknown: int = 0) -> Finding:
    """Check that every reported time can be read. One that cannot is null in its row, which counts as stale.

    Args:
        unreadable: The number of reported times that cannot be read.
        example: One of them, as JSON.
        unknown: The number of reports from over 24 hours in the future, which count as unknown.
    """
    parts = ["every reported time can be read"]
    if unreadable:
        times = "1 reported time" if unreadable == 1 else f"{unreadable:,} reported times"
        parts = [f"{times} cannot be read: {neutralize_links(example)}"]
    if unknown:
        parts.append(f"{unknown:,} from over 24 hours in the future count as unknown")
    return Finding(not unreadable, "; ".join(parts), {FAULTS: unreadable, "unknown": unknown})
