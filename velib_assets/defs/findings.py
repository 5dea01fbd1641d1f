"""What is right or wrong with an hour: pure findings, each a fact and a sentence for a person.

Belongs here: thresholds and words. Does not: measuring (clean, ledger) or alerting (checks, sensors).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from velib_assets.ingest.audit import partial_below

MAX_STALE_SHARE = 0.15
SLOTS_PER_HOUR = 4
FAULTS = "faults"
_MOST_NAMES = 20


class Finding(NamedTuple):
    """Whether all is well, why in a sentence, and the numbers behind it.

    The number `faults` says how many things are wrong with an hour that each tick looks at again: nobody is
    told again of those that were there before. A finding without it is news each time.
    """

    passed: bool
    message: str
    facts: dict[str, int | float | str] = {}  # noqa: RUF012 - never written to


def usable_snapshot(stored: int, refusals: Sequence[str], trouble: str = "") -> Finding:
    """A usable snapshot came: `stored` counts those there, `refusals` and `trouble` say why none is."""
    if stored and not trouble:
        return Finding(True, f"{stored} usable", {"usable": stored})
    reasons = trouble or "; ".join(refusals) or "nothing was stored for this hour"
    return Finding(False, reasons, {"usable": 0, "quarantined": len(refusals)})


def quarantined_snapshot(refusals: Sequence[str]) -> Finding:
    """Nothing that this run brought went to quarantine."""
    if not refusals:
        return Finding(True, "nothing went to quarantine", {"quarantined": 0})
    return Finding(
        False,
        f"{len(refusals)} went to quarantine: {'; '.join(refusals)}",
        {"quarantined": len(refusals)},
    )


def readable_raw(refusals: Sequence[str], trouble: str = "", *, cleaned: bool = True) -> Finding:
    """Every raw object of the hour is usable, and the hour could be cleaned.

    That it could not (`trouble`, or not `cleaned`) is news each time.
    """
    if not refusals and not trouble:
        return Finding(True, "every raw object is usable", {"refused": 0})
    faults = {FAULTS: len(refusals)} if cleaned and not trouble else {}
    return Finding(False, trouble or "; ".join(refusals), {"refused": len(refusals), **faults})


def partial_snapshot(counts: Sequence[tuple[str, int]], preceding: list[int]) -> Finding:
    """No snapshot (key, records; in order of time) has under 80 % of the median of what came before it.

    `preceding` holds the record counts of the 24 hours before the hour.
    """
    before, low, bound = list(preceding), [], partial_below(preceding)
    for key, records in counts:
        bound = partial_below(before)
        if bound is not None and records < bound:
            usual = f"{records:,} records where at least {bound:,.0f} are usual"
            low.append(f"{key.rpartition('/')[2]} has {usual}")
        before.append(records)
    facts: dict[str, int | float | str] = {"compared": len(before) - 1, FAULTS: len(low)}
    return Finding(not low, "; ".join(low) or "none is partial", facts)


def stale_stations(stale: int, rows: int) -> Finding:
    """The share of rows whose station has not reported for three hours is ordinary."""
    share = stale / rows if rows else 0.0
    return Finding(
        share <= MAX_STALE_SHARE,
        f"{share:.1%} of {rows:,} rows are stale; {MAX_STALE_SHARE:.0%} is the limit",
        {"stale_share": share, "stale_rows": stale, FAULTS: int(share > MAX_STALE_SHARE)},
    )


def schema_drift(missing: Sequence[str], new: Sequence[str], retyped: Sequence[str]) -> Finding:
    """The feed's fields are those declared, with their types."""
    parts = [
        f"{word}: {_some(names)}"
        for word, names in (("missing", missing), ("new", new), ("retyped", retyped))
        if names
    ]
    facts: dict[str, int | float | str] = {FAULTS: len(missing) + len(new) + len(retyped)}
    return Finding(not parts, "; ".join(parts) or "the fields are those declared", facts)


def _some(names: Sequence[str]) -> str:
    """The first of many names: a feed can make up as many as it likes."""
    more = len(names) - _MOST_NAMES
    return ", ".join(names[:_MOST_NAMES]) + (f" and {more:,} more" if more > 0 else "")


def conservation(snapshots: Sequence[tuple[str, int, int, int, int]], rows: int) -> Finding:
    """Records in = rows + rejected + duplicates for each (key, records, rows, rejected, duplicates).

    `rows` is what the written table holds; it must be the sum of the snapshots' rows.
    """
    lost = [
        f"{key.rpartition('/')[2]}: {records:,} in, {kept:,} + {rejected:,} + {duplicates:,} out"
        for key, records, kept, rejected, duplicates in snapshots
        if records != kept + rejected + duplicates
    ]
    total = sum(part[2] for part in snapshots)
    if total != rows:
        lost.append(f"the table holds {rows:,} rows, its snapshots gave {total:,}")
    records = sum(part[1] for part in snapshots)
    return Finding(
        not lost,
        "; ".join(lost) or f"{records:,} records in, all accounted for",
        {"records": records, "rows": rows, FAULTS: len(lost)},
    )


def rejected_rows(reasons: Mapping[str, int], records: int, where: str) -> Finding:
    """Every record could be typed; `reasons` counts those that could not, `where` they lie."""
    rejected = sum(reasons.values())
    if not rejected:
        return Finding(True, "every record could be typed", {FAULTS: 0})
    counted = ", ".join(f"{reason}: {number:,}" for reason, number in sorted(reasons.items()))
    return Finding(
        False, f"{rejected:,} of {records:,} rejected ({counted}), see {where}", {FAULTS: rejected}
    )


def unique_rows(repeated: int) -> Finding:
    """No station stands twice in one snapshot."""
    message = f"{repeated:,} rows repeat a station within a snapshot" if repeated else "no repetition"
    return Finding(not repeated, message, {FAULTS: repeated})


def complete_hour(stored: int, past: int) -> Finding:
    """Every slot of the hour that is over (`past` of four) has a stored snapshot."""
    missing = past - stored
    message = (
        f"{stored} of {past} slots are stored"
        if missing <= 0
        else f"{missing} of {past} slots have no snapshot"
    )
    passed = past < SLOTS_PER_HOUR or missing <= 0
    return Finding(passed, message, {"slots_stored": stored, FAULTS: 0 if passed else missing})


def table_schema(differences: Sequence[str], trouble: str = "") -> Finding:
    """The registered file has the declared columns."""
    words = trouble or "; ".join(differences)
    return Finding(not words, words or "as declared", {"differences": len(differences)})


def report_written(trouble: str = "") -> Finding:
    """The report's page and its exports were written; `trouble` says why not."""
    return Finding(not trouble, trouble or "page and exports are written", {"written": int(not trouble)})


def view_answers(expected: Sequence[str], found: Sequence[str] | None, trouble: str = "") -> Finding:
    """A view answers, with its columns in order."""
    if found is not None and list(found) == list(expected):
        return Finding(True, "it answers, with its columns", {"columns": len(expected)})
    if found is None:
        return Finding(False, f"it does not answer: {trouble}", {"columns": 0})
    return Finding(
        False,
        f"its columns are {', '.join(found)}; declared {', '.join(expected)}",
        {"columns": len(found)},
    )
