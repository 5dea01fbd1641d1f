"""The checks of the daily KPIs: whether a day was stored, and what is doubtful in the data of its stations.

The thresholds are those of `kpi_station_quality` (docs/data.md). A station can stay doubtful for months, so
`faults` counts those that were not doubtful on the day before: only these are alerted.
"""

from __future__ import annotations

from collections.abc import Collection

from velib_assets.defs.checks.declaration import FAULTS, WARN, Facts, Finding, check, shortened
from velib_assets.lake.text import counted, neutralize_links
from velib_assets.query.daily_kpis import DAILY_KPIS

QUALITY = "kpi_station_quality"
MAX_OVER_CAPACITY = 3
"""The excess over the capacity that is common: bikes may be parked beyond the docks."""


@check(*(kpi.name for kpi in DAILY_KPIS))
def day_computed(error: str = "", *, is_alerted: bool = True, absent: str = "") -> Finding:
    """Check that the day's rows were computed from the history, have the declared columns, and were stored.

    Args:
        error: Why they were not.
        is_alerted: Whether no other KPI of the day reports the same error.
        absent: Why the day has no rows to store.
    """
    message = error or absent or "the day's rows were computed and stored"
    faults = int(bool(error) and is_alerted)
    return Finding(not error, message, {"computed": int(not error), FAULTS: faults})


@check(QUALITY, severity=WARN)
def frozen_stations(codes: Collection[str], before: Collection[str]) -> Finding:
    """Check that no station was frozen: in operation, and no change in 24 hours while its neighbours moved.

    Args:
        codes: The stations that were.
        before: Those of the day before.
    """
    return _doubtful(codes, "without a change in 24 hours while the neighbours moved", {*codes} - {*before})


@check(QUALITY, severity=WARN)
def never_reported(codes: Collection[str], before: Collection[str], stations: int) -> Finding:
    """Check that every station has a report time in a snapshot of the day.

    If none has one, the data lacks them and no station is doubtful: the checks of the hours report that.

    Args:
        codes: The stations that have none.
        before: Those of the day before.
        stations: The number of stations of the day.
    """
    if codes and len(codes) == stations:
        message = "the day's data has no report times, which the checks of its hours report"
        return Finding(True, message, {"stations": stations, FAULTS: 0})
    return _doubtful(codes, "without a report time", {*codes} - {*before})


@check(QUALITY, severity=WARN)
def moved_stations(codes: Collection[str]) -> Finding:
    """Check that no station moved by over 30 metres.

    Args:
        codes: The stations that did.
    """
    return _doubtful(codes, "moved by over 30 m", codes)


@check(QUALITY, severity=WARN)
def within_capacity(codes: Collection[str]) -> Finding:
    """Check that no station has over three bikes and docks more than its capacity. It is never alerted.

    Args:
        codes: The stations that have.
    """
    return _doubtful(codes, f"with over {MAX_OVER_CAPACITY} bikes and docks above capacity", ())


@check(QUALITY, severity=WARN)
def equal_bike_types(codes: Collection[str]) -> Finding:
    """Check that mechanical bikes and e-bikes add up to the bikes of each station. It is never alerted.

    Args:
        codes: The stations of which they do not.
    """
    return _doubtful(codes, "with mechanical bikes and e-bikes that do not add up to the bikes", ())


def _doubtful(codes: Collection[str], what: str, alerted: Collection[str]) -> Finding:
    """Return the finding about doubtful stations; those that are alerted come first in the message."""
    facts: Facts = {"stations": len(codes), FAULTS: len(alerted)}
    if not codes:
        return Finding(True, f"no station {what}", facts)
    others = sorted({*codes} - {*alerted})
    named = neutralize_links(shortened([*sorted(alerted), *others]), 500)
    return Finding(False, f"{counted(len(codes), 'station')} {what}: {named}", facts)
