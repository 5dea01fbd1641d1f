"""The asset checks on the times that stations report."""

from __future__ import annotations

from velib_assets.defs.checks.declaration import FAULTS, WARN, Finding, check
from velib_assets.lake.text import neutralize_links


@check("clean_stations", severity=WARN)
def readable_times(unreadable: int, example: str = "") -> Finding:
    """Check that every reported time can be read. One that cannot is null in its row, which counts as stale.

    Args:
        unreadable: The number of reported times that cannot be read.
        example: One of them, as JSON.
    """
    if not unreadable:
        return Finding(True, "every reported time can be read", {FAULTS: 0})
    times = "1 reported time" if unreadable == 1 else f"{unreadable:,} reported times"
    return Finding(False, f"{times} cannot be read: {neutralize_links(example)}", {FAULTS: unreadable})


@check("clean_stations", severity=WARN)
def future_reports(future: int, unknown: int, rows: int) -> Finding:
    """Check that no station reported over 10 minutes after its snapshot.

    Args:
        future: The number of rows that did.
        unknown: Those of them over 24 hours after it, whose report counts as unknown.
        rows: The number of rows.
    """
    if not future:
        return Finding(True, "no report is from the future", {FAULTS: 0})
    message = f"{future:,} of {rows:,} rows have a report from over 10 minutes after the snapshot"
    if unknown:
        message += f"; {unknown:,} of them, over 24 hours after it, count as unknown"
    message += ". Times without a zone are read as UTC"
    return Finding(False, message, {FAULTS: future, "unknown": unknown})
