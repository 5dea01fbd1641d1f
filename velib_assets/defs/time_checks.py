"""The asset checks on the times that stations report."""

from __future__ import annotations

from velib_assets.defs.checks import FAULTS, WARN, Finding, check
from velib_assets.lake.text import counted, neutralize_links


@check("clean_stations", severity=WARN)
def readable_times(unreadable: int, example: str = "") -> Finding:
    """Check that every reported time can be read. One that cannot is null in its row, which counts as stale.

    Args:
        unreadable: The number of reported times that cannot be read.
        example: One of them, as JSON.
    """
    if not unreadable:
        return Finding(True, "every reported time can be read", {FAULTS: 0})
    times = counted(unreadable, "reported time")
    return Finding(False, f"{times} cannot be read: {neutralize_links(example)}", {FAULTS: unreadable})
