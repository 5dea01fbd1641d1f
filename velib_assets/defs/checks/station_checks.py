"""The asset checks of the station register and of what it completes."""

from collections.abc import Sequence
from datetime import datetime

from velib_assets.defs.checks.declaration import FAULTS, WARN, Facts, Finding, check
from velib_assets.lake.keys import iso_z
from velib_assets.lake.text import counted

MAX_FALL = 0.1


@check("clean_stations", severity=WARN)
def described_rows(
    described: int, undescribed: int, since: datetime | None, *, is_explained: bool = False
) -> Finding:
    """Check that the feed gave the name, position and capacity of every station.

    Args:
        described: The number of rows that the register completed.
        undescribed: The number of rows that still lack a name, position or capacity.
        since: The time (UTC) of the first of the unbroken snapshots with such rows, of the last 24 hours.
        is_explained: Whether only columns are lacking that the archive's files do not have: `archive_columns`
            reports those.
    """
    facts: Facts = {
        "described": described,
        "undescribed": undescribed,
        FAULTS: int(described + undescribed > 0 and not is_explained),
    }
    if is_explained:
        return Finding(True, "only columns that the archive's files do not have are lacking", facts)
    if not described and not undescribed:
        return Finding(True, "the feed described every station", facts)
    parts = []
    if described:
        parts.append(f"{counted(described, 'row is', 'rows are')} described from the station register")
    if undescribed:
        rows = counted(undescribed, "row lacks", "rows lack")
        parts.append(f"{rows} a name, position or capacity, and the register has none yet")
    return Finding(False, "; ".join(parts) + (f" (since {iso_z(since)})" if since else ""), facts)


@check("stations", severity=WARN)
def open_stations(count: int, before: int) -> Finding:
    """Check that the number of open stations has not fallen by over 10 % in 24 hours.

    Args:
        count: The open stations at the end of the hour.
        before: Those 24 hours earlier; 0 if that is not known.
    """
    fallen = before - count
    passed = fallen <= MAX_FALL * before
    message = f"{counted(count, 'station is', 'stations are')} open" + (
        "" if passed else f", {fallen:,} fewer than 24 hours before"
    )
    return Finding(passed, message, {"open": count, FAULTS: 0 if passed else fallen})


def unbroken_since(snapshots: Sequence[tuple[datetime, bool]]) -> datetime | None:
    """Return when the newest unbroken run of marked snapshots began.

    Args:
        snapshots: The time of each snapshot, oldest first, and whether it is marked.
    """
    since = None
    for taken, marked in reversed(snapshots):
        if not marked:
            if since:
                break
            continue
        since = taken
    return since
