"""The checks of what a feed says: other fields, records that contradict each other, repeats."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from types import MappingProxyType

from velib_assets.clean.frozen_feed import FrozenStretch
from velib_assets.clean.typed_snapshot import Drift
from velib_assets.defs.checks.declaration import FAULTS, WARN, Finding, check, shortened
from velib_assets.ingest.ingest_result import IngestResult
from velib_assets.lake.keys import file_name, hour_text, raw_time
from velib_assets.lake.listing import DISCARDED
from velib_assets.lake.text import counted, neutralize_links


@check("clean_stations", severity=WARN)
def schema_drift(drift: Drift, preceding: Mapping[datetime, Drift] = MappingProxyType({})) -> Finding:
    """Check that the feed has the declared fields: none is missing, new or of another type.

    A difference is reported in the first hour that has it. Then it is only named, as are new fields that are
    null everywhere.

    Args:
        drift: The differences of the hour.
        preceding: The differences of the 24 hours before.
    """
    reported = drift._replace(empty=())._asdict()
    since = {
        (kind, name): hour_text(min(hours))
        for kind, names in reported.items()
        for name in names
        if (hours := [hour for hour, earlier in preceding.items() if name in getattr(earlier, kind)])
    }
    fresh = {kind: [name for name in reported[kind] if (kind, name) not in since] for kind in reported}
    parts = [f"{kind}: {shortened(names)}" for kind, names in fresh.items() if names]
    faults = sum(map(len, fresh.values()))
    if not faults:
        parts = ["the fields are as declared" if not since else "no difference is new"]
    for hour in sorted(set(since.values())):
        known = [f"{name} ({kind})" for (kind, name), first in since.items() if first == hour]
        parts.append(f"since {hour}: {shortened(known)}")
    if drift.empty:
        parts.append(f"null everywhere: {shortened(drift.empty)}")
    return Finding(not faults, "; ".join(parts), {FAULTS: faults})


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
        f"{counted(count, 'time')} a snapshot has records of one station that differ; "
        f"the one that reported last is kept. Stations: {names}"
    )
    return Finding(False, message, {FAULTS: count, "stations": len(differing)})


@check("raw_snapshot", severity=WARN)
def discarded_before(results: Sequence[IngestResult]) -> Finding:
    """Check that no snapshot of the run was discarded before. Such a snapshot is not stored again.

    Args:
        results: What became of the snapshots of the run.
    """
    reasons = Counter(result.reason for result in results if result.code == DISCARDED)
    message = "; ".join(
        f"{counted(number, 'snapshot')} skipped: {reason}" for reason, number in reasons.items()
    )
    return Finding(not reasons, message or "no snapshot was discarded before", {FAULTS: reasons.total()})


@check("raw_snapshot", severity=WARN)
def feed_frozen(stretches: Sequence[FrozenStretch]) -> Finding:
    """Check that the records change within 30 minutes while stations are in operation.

    Args:
        stretches: The stretches without a change.
    """
    if not stretches:
        return Finding(True, "the records change from snapshot to snapshot", {FAULTS: 0})
    found = []
    for keys, operating in stretches:
        times = [taken for key in keys if (taken := raw_time(key))]
        found.append(
            f"the {len(keys)} snapshots from {times[0]:%Y-%m-%d %H:%M} to {times[-1]:%H:%M} UTC have "
            f"the same records, although {counted(operating, 'station is', 'stations are')} in operation "
            f"({file_name(keys[0])} to {file_name(keys[-1])})"
        )
    message = f"the feed is frozen: {'; '.join(found)}. If this persists, check the service's status"
    repeats = sum(len(stretch.keys) - 1 for stretch in stretches)
    return Finding(False, message, {FAULTS: len(stretches), "repeats": repeats})
