"""The checks of an hour on its way through the layers, and of the views and the report at the end.

The first check of an asset also reports an hour that could not be written at all.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from velib_assets.clean.hour_result import SnapshotCount
from velib_assets.defs.checks.declaration import FAULTS, WARN, Facts, Finding, check
from velib_assets.ingest.audit import shortage
from velib_assets.ingest.counts import NO_STATUS
from velib_assets.lake.keys import REPORT, file_name
from velib_assets.lake.schema import TABLE
from velib_assets.lake.text import counted
from velib_assets.query.engine import KpiState
from velib_assets.query.kpis import VIEWS, Kpi

MAX_STALE_SHARE = 0.15
SLOTS_PER_HOUR = 4


@check("raw_snapshot", blocking=True)
def usable_snapshot(stored: int, reasons: Sequence[str], error: str = "") -> Finding:
    """Check that the run stored a usable snapshot. If not, nothing downstream runs.

    Args:
        stored: The number of usable snapshots.
        reasons: Why each quarantined response is not usable.
        error: Why there was no response at all, if there was none.
    """
    if stored and not error:
        return Finding(True, f"{stored} usable", {"usable": stored})
    reason = error or "; ".join(reasons) or "no snapshot is stored for this hour"
    return Finding(False, reason, {"usable": 0, "quarantined": len(reasons)})


@check("raw_snapshot")
def quarantined_snapshot(reasons: Sequence[str]) -> Finding:
    """Check that no response was quarantined. The usable responses of the run are processed all the same.

    Args:
        reasons: Why each quarantined response is not usable.
    """
    count = len(reasons)
    message = f"{count} quarantined: {'; '.join(reasons)}" if count else "no response was quarantined"
    return Finding(not count, message, {"quarantined": count})


@check("clean_stations")
def readable_raw(reasons: Sequence[str], error: str = "", *, cleaned: bool = True) -> Finding:
    """Check that every raw object is usable, its hash matches, and the hour was cleaned.

    An hour that was not cleaned is reported every time.

    Args:
        reasons: Why each quarantined raw object is not usable.
        error: Why the hour was not cleaned, if there was an error.
        cleaned: Whether the hour has a clean file now.
    """
    if not reasons and not error:
        return Finding(True, "every raw object is usable", {"refused": 0})
    faults: Facts = {FAULTS: len(reasons)} if cleaned and not error else {}
    return Finding(False, error or "; ".join(reasons), {"refused": len(reasons), **faults})


@check("clean_stations", severity=WARN)
def partial_snapshot(
    snapshots: Sequence[SnapshotCount],
    preceding: Sequence[int],
    announced: Mapping[str, int] | None = None,
    expected: int | None = None,
    *,
    by_rows: bool = False,
) -> Finding:
    """Check that each snapshot has all records that the feed announced, and 80 % of the usual number.

    In a network other than Vélib' the rows are usual: GBFS describes stations in another file than the one
    that says what is there, so a snapshot can have all records and the status of a few.

    Args:
        snapshots: The snapshots of the hour, in order of time.
        preceding: The usual counts of the snapshots of the 24 hours before; their median counts.
        announced: The numbers of records that the feed announced, by raw key.
        expected: The number of stations that the station register expects.
        by_rows: Whether rows are counted, and not records.
    """
    earlier, partial = list(preceding), []
    for s in snapshots:
        text = counted(s.records, "record")
        reason = shortage(s.records, (announced or {}).get(s.key), [] if by_rows else earlier, expected)
        if by_rows and not reason:
            text, reason = counted(s.rows, "row"), shortage(s.rows, None, earlier, None)
        if reason:
            partial.append(f"{file_name(s.key)} has {text} {reason}")
        earlier.append(s.rows if by_rows else s.records)
    message = "; ".join(partial) or "no snapshot is partial"
    return Finding(not partial, message, {"compared": len(earlier) - 1, FAULTS: len(partial)})


@check("clean_stations", severity=WARN)
def stale_stations(stale: int, rows: int, unreadable: int = 0, *, is_reported: bool = True) -> Finding:
    """Check that at most 15 % of the rows are of stations that have been silent for over 3 hours.

    Args:
        stale: The number of stale rows.
        rows: The number of rows.
        unreadable: The number of rows whose reported time cannot be read: another check reports them.
        is_reported: Whether the archive's files have reported times at all: `archive_columns` reports it.
    """
    stale, rows = max(stale - unreadable, 0), max(rows - unreadable, 0)
    share = stale / rows if rows else 0.0
    passed = share <= MAX_STALE_SHARE or not is_reported
    message = f"{share:.1%} of {counted(rows, 'row')} are stale; the limit is {MAX_STALE_SHARE:.0%}"
    if not is_reported:
        message = "the archive's files have no reported times"
    return Finding(passed, message, {"stale_share": share, "stale_rows": stale, FAULTS: int(not passed)})


@check("clean_stations")
def conservation(snapshots: Sequence[SnapshotCount], rows: int) -> Finding:
    """Check that records in = clean rows + rejected rows + duplicates, per snapshot.

    Args:
        snapshots: The counts of each snapshot.
        rows: The number of rows in the written file.
    """
    lost = [
        f"{file_name(s.key)}: {s.records:,} in, {s.rows:,} + {s.rejected:,} + {s.duplicates:,} out"
        for s in snapshots
        if s.records != s.rows + s.rejected + s.duplicates
    ]
    expected, records = sum(s.rows for s in snapshots), sum(s.records for s in snapshots)
    if expected != rows:
        lost.append(f"the file has {counted(rows, 'row')}; its snapshots have {expected:,}")
    facts: Facts = {"records": records, "rows": rows, FAULTS: len(lost)}
    return Finding(not lost, "; ".join(lost) or f"all {records:,} records are accounted for", facts)


@check("clean_stations", severity=WARN)
def rejected_rows(reasons: Mapping[str, int], snapshots: Sequence[SnapshotCount], path: str) -> Finding:
    """Check that no record was rejected. Rejected records are in rejects/ with the reason.

    A station of a GBFS feed that is described and has no status is counted, but no fault: some feeds
    describe stations that do not exist yet.

    Args:
        reasons: The number of rejected records per reason.
        snapshots: The counts of each snapshot.
        path: Where the rejected records are.
    """
    rejected, records = sum(reasons.values()), sum(s.records for s in snapshots)
    faults = rejected - reasons.get(NO_STATUS, 0)
    if not rejected:
        return Finding(True, "no record was rejected", {FAULTS: 0})
    by_reason = ", ".join(f"{reason}: {number:,}" for reason, number in sorted(reasons.items()))
    verb = "was" if rejected == 1 else "were"
    message = f"{rejected:,} of {counted(records, 'record')} {verb} rejected ({by_reason}); see {path}"
    return Finding(not faults, message, {FAULTS: faults})


@check("clean_stations")
def unique_rows(repeated: int) -> Finding:
    """Check that each station occurs once per snapshot."""
    message = (
        f"{counted(repeated, 'row repeats', 'rows repeat')} a station of their snapshot"
        if repeated
        else "every row is unique"
    )
    return Finding(not repeated, message, {FAULTS: repeated})


@check("raw_snapshot", severity=WARN)
def complete_hour(stored: int, past: int) -> Finding:
    """Check that a past hour has a snapshot in each of its four slots.

    Args:
        stored: The number of slots that have a snapshot.
        past: The number of slots that are over.
    """
    missing = max(past - stored, 0)
    message = f"{missing} of {past} slots have no snapshot" if missing else f"{stored} slots are stored"
    passed = past < SLOTS_PER_HOUR or not missing
    return Finding(passed, message, {"slots_stored": stored, FAULTS: 0 if passed else missing})


@check(TABLE)
def table_schema(error: str = "") -> Finding:
    """Check that the registered file has the columns and types of the table."""
    return Finding(not error, error or "the columns are as declared", {"differences": int(bool(error))})


@check(REPORT)
def report_written(error: str = "") -> Finding:
    """Check that the report and its exports were written. If not, the previous report stays."""
    return Finding(not error, error or "the report and its exports were written", {"written": int(not error)})


@check(*(view.name for view in VIEWS))
def view_answers(view: Kpi, state: KpiState | Exception) -> Finding:
    """Check that the query succeeded and returned the declared columns."""
    if isinstance(state, Exception):
        return Finding(False, f"the query failed: {state}", {"columns": 0})
    columns, declared = state.newest.column_names, [column.name for column in view.schema]
    message = "the query succeeded; its columns are as declared"
    if columns != declared:
        message = f"the columns are {', '.join(columns)}; declared are {', '.join(declared)}"
    return Finding(columns == declared, message, {"columns": len(columns)})
