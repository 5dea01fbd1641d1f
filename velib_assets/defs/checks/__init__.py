"""The asset checks: one pure function per check, with its severity, its threshold and its messages.

`declaration.py` declares a function as a check of an asset. `hour_checks.py` follows an hour through the
layers, `feed_checks.py` and `time_checks.py` judge what the feed says, `archive_checks.py` what an archive
brings, `station_checks.py` the station register, `history_checks.py` the history and `daily_kpi_checks.py`
the daily KPIs. All are importable from here, which declares them all.
"""

# First, because the first check of an asset also reports an hour that could not be written at all.
from velib_assets.defs.checks.hour_checks import (
    complete_hour,
    conservation,
    partial_snapshot,
    quarantined_snapshot,
    readable_raw,
    rejected_rows,
    report_written,
    stale_stations,
    table_schema,
    unique_rows,
    usable_snapshot,
    view_answers,
)

# isort: split
from velib_assets.defs.checks.archive_checks import REMARKS, archive_agrees, archive_columns
from velib_assets.defs.checks.daily_kpi_checks import (
    MAX_OVER_CAPACITY,
    QUALITY,
    day_computed,
    equal_bike_types,
    frozen_stations,
    moved_stations,
    never_reported,
    within_capacity,
)
from velib_assets.defs.checks.declaration import CHECKS, FAULTS, WARN, Check, Finding, specs_of
from velib_assets.defs.checks.feed_checks import (
    differing_duplicates,
    discarded_before,
    feed_frozen,
    schema_drift,
)
from velib_assets.defs.checks.history_checks import conserved_rows, readable_files, slot_coverage
from velib_assets.defs.checks.station_checks import described_rows, open_stations, unbroken_since
from velib_assets.defs.checks.time_checks import future_reports, readable_times

__all__ = [
    "CHECKS",
    "FAULTS",
    "MAX_OVER_CAPACITY",
    "QUALITY",
    "REMARKS",
    "WARN",
    "Check",
    "Finding",
    "archive_agrees",
    "archive_columns",
    "complete_hour",
    "conservation",
    "conserved_rows",
    "day_computed",
    "described_rows",
    "differing_duplicates",
    "discarded_before",
    "equal_bike_types",
    "feed_frozen",
    "frozen_stations",
    "future_reports",
    "moved_stations",
    "never_reported",
    "open_stations",
    "partial_snapshot",
    "quarantined_snapshot",
    "readable_files",
    "readable_raw",
    "readable_times",
    "rejected_rows",
    "report_written",
    "schema_drift",
    "slot_coverage",
    "specs_of",
    "stale_stations",
    "table_schema",
    "unbroken_since",
    "unique_rows",
    "usable_snapshot",
    "view_answers",
    "within_capacity",
]
