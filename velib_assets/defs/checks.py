"""The asset checks: one table turns the findings of `core.findings` into Dagster checks.

Belongs here: which finding is checked on which asset, how severely, and whether it blocks. Does not:
thresholds (findings) or who is told (sensors). The first check of an asset also says why an hour of it
could not be done at all.
"""

from typing import NamedTuple

import dagster as dg

from velib_assets.defs.findings import Finding
from velib_assets.query.kpis import VIEWS

ERROR, WARN = dg.AssetCheckSeverity.ERROR, dg.AssetCheckSeverity.WARN


class Check(NamedTuple):
    """A row of the table; `name` is the finding's."""

    asset: str
    name: str
    severity: dg.AssetCheckSeverity
    blocking: bool
    description: str


CHECKS: tuple[Check, ...] = (
    Check(
        "raw_snapshot",
        "usable_snapshot",
        ERROR,
        True,
        "A usable snapshot came. Where the run brought none (empty, no identity, not decodable, no "
        "answer) nothing downstream runs and nothing good is overwritten.",
    ),
    Check(
        "raw_snapshot",
        "quarantined_snapshot",
        ERROR,
        False,
        "Nothing that this run brought went to quarantine; usable snapshots beside it go on.",
    ),
    Check(
        "raw_snapshot",
        "complete_hour",
        WARN,
        False,
        "A closed hour has a stored snapshot in each of its four 15-minute slots.",
    ),
    Check(
        "clean_stations",
        "readable_raw",
        ERROR,
        False,
        "Every raw object of the hour is usable, its hash verified, and the hour could be cleaned.",
    ),
    Check(
        "clean_stations",
        "conservation",
        ERROR,
        False,
        "Records in = clean rows + rejected rows + duplicates dropped, for every snapshot.",
    ),
    Check(
        "clean_stations",
        "rejected_rows",
        WARN,
        False,
        "Every record could be typed; those that could not lie in rejects/ with their reason.",
    ),
    Check("clean_stations", "unique_rows", ERROR, False, "No station stands twice in one snapshot."),
    Check(
        "clean_stations",
        "partial_snapshot",
        WARN,
        False,
        "No snapshot has under 80 % of the median record count of the 24 hours before.",
    ),
    Check(
        "clean_stations",
        "stale_stations",
        WARN,
        False,
        "At most 15 % of the rows come from stations silent for over 3 hours.",
    ),
    Check(
        "clean_stations",
        "schema_drift",
        WARN,
        False,
        "The feed's fields are those declared: none missing, new or retyped.",
    ),
    Check(
        "source_velib",
        "table_schema",
        ERROR,
        False,
        "The registered Parquet file has exactly the table's columns and types.",
    ),
    *(
        Check(kpi.name, "view_answers", ERROR, False, "The view answers and has its declared columns.")
        for kpi in VIEWS
    ),
    Check(
        "velib_report",
        "report_written",
        ERROR,
        False,
        "The page and its exports were made and written. Where they were not, the last ones stay.",
    ),
)
_BY_KEY = {(check.asset, check.name): check for check in CHECKS}


def specs_of(asset: str) -> list[dg.AssetCheckSpec]:
    """The check specs of an asset."""
    return [
        dg.AssetCheckSpec(check.name, asset=asset, description=check.description, blocking=check.blocking)
        for check in CHECKS
        if check.asset == asset
    ]


def evaluation(
    key: dg.AssetKey, name: str, finding: Finding, partition: str | None = None
) -> dg.AssetCheckEvaluation:
    """A finding as the evaluation of an asset's check, for one partition where it has any."""
    check = _BY_KEY[key.to_user_string(), name]
    return dg.AssetCheckEvaluation(
        asset_key=key,
        check_name=name,
        passed=finding.passed,
        severity=check.severity,
        description=finding.message,
        metadata=dict(finding.facts),
        partition=partition,
        blocking=check.blocking,
    )
