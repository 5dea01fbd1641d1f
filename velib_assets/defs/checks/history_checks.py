"""The checks of a day and of a month of the history.

The first one also reports a day or a month that could not be written at all.
"""

from __future__ import annotations

from velib_assets.defs.checks.declaration import FAULTS, WARN, Facts, Finding, check
from velib_assets.lake.text import counted

SLOTS_PER_DAY = 96


@check("station_history", "station_history_months")
def readable_files(error: str = "") -> Finding:
    """Check that every file that it is built from can be read, and that it was written and registered.

    Args:
        error: Why it was not.
    """
    message = error or "every file that it is built from can be read"
    return Finding(not error, message, {FAULTS: int(bool(error))})


@check("station_history", "station_history_months")
def conserved_rows(rows: int, expected: int, sources: str) -> Finding:
    """Check that it has exactly the rows of the files that it is built from.

    Args:
        rows: The rows of its file.
        expected: The sum of the rows of the files that it is built from, as registered.
        sources: These files in words, for example `24 hours`.
    """
    message = f"{counted(rows, 'row')}, as many as its {sources} have"
    if rows != expected:
        message = f"{counted(rows, 'row')}, but its {sources} have {expected:,}"
    facts: Facts = {"rows": rows, "expected": expected, FAULTS: abs(rows - expected)}
    return Finding(rows == expected, message, facts)


@check("station_history", severity=WARN)
def slot_coverage(slots: int) -> Finding:
    """Check that a snapshot is stored in each of the 96 slots of the day. It is never alerted.

    The alerts of the hours and of outages have reported each missing slot when it was missed.

    Args:
        slots: The number of slots that have a snapshot.
    """
    missing = SLOTS_PER_DAY - slots
    message = f"{slots} of {SLOTS_PER_DAY} slots are stored"
    if missing:
        message += "; `velib status` lists the others"
    return Finding(not missing, message, {"slots_stored": slots, "slots_missing": missing, FAULTS: 0})
