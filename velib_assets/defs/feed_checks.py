"""The checks of what a feed says: records that contradict each other, future times, a frozen feed."""

from __future__ import annotations

from collections.abc import Mapping

from velib_assets.defs.checks import FAULTS, WARN, Finding, check, shortened
from velib_assets.lake.text import neutralize_links


@check("clean_stations", severity=WARN)
def differing_duplicates(differing: Mapping[str, int]) -> Finding:
    """Check that two records of one station in a snapshot are equal. The one that reported last is kept.

    Args:
        differing: The stations with differing records, and in how many snapshots.
    """
    count = sum(differing.values())
    if not count:
        return Finding(True, "no station has two records that differ", {FAULTS: 0})
    names = shortened([neutralize_links(code) for code in differing])
    message = (
        f"{count:,} times a snapshot has records of one station that differ; "
        f"the one that reported last is kept. Stations: {names}"
    )
    return Finding(False, message, {FAULTS: count, "stations": len(differing)})
