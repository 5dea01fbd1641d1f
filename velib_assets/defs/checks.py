"""The asset checks, in one table: on which asset, how severe, and whether a failure blocks what follows."""

from typing import NamedTuple

import dagster as dg

from velib_assets.query.kpis import VIEWS

ERROR, WARN = dg.AssetCheckSeverity.ERROR, dg.AssetCheckSeverity.WARN


class Check(NamedTuple):
    """A check of an asset. The function of the same name in `findings.py` decides whether it passes."""

    asset: str
    name: str
    severity: dg.AssetCheckSeverity
    description: str

    @property
    def blocking(self) -> bool:
        """Whether nothing downstream runs if the check fails."""
        return self.name == "usable_snapshot"


# The first check of an asset also reports an hour that could not be written at all.
_TABLE = {
    "raw_snapshot": [
        ("usable_snapshot", ERROR, "The run stored a usable snapshot. If not, nothing downstream runs."),
        ("quarantined_snapshot", ERROR, "No response was quarantined. Usable ones beside it are processed."),
        ("complete_hour", WARN, "A past hour has a snapshot in each of its four slots."),
    ],
    "clean_stations": [
        ("readable_raw", ERROR, "Every raw object is usable, its hash matches, and the hour was cleaned."),
        ("conservation", ERROR, "Records in = clean rows + rejected rows + duplicates, per snapshot."),
        ("rejected_rows", WARN, "No record was rejected. Rejected records are in rejects/ with the reason."),
        ("unique_rows", ERROR, "Each station occurs once per snapshot."),
        ("partial_snapshot", WARN, "No snapshot has under 80 % of the median record count of 24 hours."),
        ("stale_stations", WARN, "At most 15 % of the rows are of stations silent for over 3 hours."),
        ("schema_drift", WARN, "The feed has the declared fields: none missing, new or of another type."),
    ],
    "source_velib": [("table_schema", ERROR, "The registered file has the table's columns and types.")],
    **{
        view.name: [("view_answers", ERROR, "The query succeeds and returns the declared columns.")]
        for view in VIEWS
    },
    "velib_report": [("report_written", ERROR, "The report was written. If not, the previous one stays.")],
}
CHECKS = tuple(Check(asset, *row) for asset, rows in _TABLE.items() for row in rows)


def checks_of(asset: str) -> list[Check]:
    """Return the checks of an asset, in the order of the table."""
    return [check for check in CHECKS if check.asset == asset]


def specs_of(asset: str) -> list[dg.AssetCheckSpec]:
    """Return the checks of an asset as Dagster declares them."""
    return [
        dg.AssetCheckSpec(check.name, asset=asset, description=check.description, blocking=check.blocking)
        for check in checks_of(asset)
    ]
