"""The asset checks, in one table: on which asset, how severe, and whether a failure blocks what follows."""

from typing import NamedTuple

import dagster as dg

from velib_assets.query.kpis import VIEWS

ERROR, WARN = dg.AssetCheckSeverity.ERROR, dg.AssetCheckSeverity.WARN


class Check(NamedTuple):
    """A row of the table. The function of the same name in `findings.py` decides whether it passes."""

    asset: str
    name: str
    severity: dg.AssetCheckSeverity
    description: str
    blocking: bool = False


# The first check of an asset also reports an hour that could not be written at all.
CHECKS: tuple[Check, ...] = (
    Check(
        "raw_snapshot",
        "usable_snapshot",
        ERROR,
        "The run stored a usable snapshot. If not, nothing downstream runs and no data is replaced.",
        blocking=True,
    ),
    Check(
        "raw_snapshot",
        "quarantined_snapshot",
        ERROR,
        "No response of this run was quarantined. Usable snapshots of the same hour are processed.",
    ),
    Check("raw_snapshot", "complete_hour", WARN, "A past hour has a snapshot in each of its four slots."),
    Check(
        "clean_stations",
        "readable_raw",
        ERROR,
        "Every raw object of the hour is usable, its hash matches, and the hour was cleaned.",
    ),
    Check(
        "clean_stations",
        "conservation",
        ERROR,
        "For every snapshot, records in = clean rows + rejected rows + duplicates dropped.",
    ),
    Check(
        "clean_stations",
        "rejected_rows",
        WARN,
        "Every record has the declared types. Records that do not are in rejects/ with the reason.",
    ),
    Check("clean_stations", "unique_rows", ERROR, "Each station occurs once per snapshot."),
    Check(
        "clean_stations",
        "partial_snapshot",
        WARN,
        "Each snapshot has at least 80 % of the median record count of the preceding 24 hours.",
    ),
    Check(
        "clean_stations",
        "stale_stations",
        WARN,
        "At most 15 % of the rows are of stations that have not reported for more than 3 hours.",
    ),
    Check(
        "clean_stations",
        "schema_drift",
        WARN,
        "The feed has the declared fields: none is missing, new, or of another type.",
    ),
    Check(
        "source_velib",
        "table_schema",
        ERROR,
        "The registered Parquet file has the table's columns and types.",
    ),
    *(
        Check(view.name, "view_answers", ERROR, "The query succeeds and returns the declared columns.")
        for view in VIEWS
    ),
    Check(
        "velib_report",
        "report_written",
        ERROR,
        "The report and its exports were written. If not, the previous ones remain.",
    ),
)


def checks_of(asset: str) -> list[Check]:
    """Return the checks of an asset, in the order of the table."""
    return [check for check in CHECKS if check.asset == asset]


def specs_of(asset: str) -> list[dg.AssetCheckSpec]:
    """Return the checks of an asset as Dagster declares them."""
    return [
        dg.AssetCheckSpec(check.name, asset=asset, description=check.description, blocking=check.blocking)
        for check in checks_of(asset)
    ]
