"""Counts the test results of each promise and formats them as a table."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pytest
from tabulate import tabulate

from velib_assets_tests.guarantees.promises import PROMISES

KEPT, BROKEN, UNPROVEN = "kept", "BROKEN", "not proven"


@dataclass
class Row:
    """Results of one promise: passed tests, failed and skipped ones, and measurements summed by name."""

    passed: int = 0
    failed: list[str] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)
    figures: dict[str, float] = field(default_factory=dict)

    @property
    def state(self) -> str:
        """`kept` if all its tests passed; `not proven` if one was skipped or there is none."""
        if self.failed:
            return BROKEN
        return KEPT if self.passed and not self.skipped else UNPROVEN


class Tally:
    """A pytest plugin that counts the tests marked with a promise."""

    def __init__(self) -> None:
        self.rows = {name: Row() for name in PROMISES}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Count one phase of a test. conftest.py stores the test's promise in its user properties."""
        promise = dict(report.user_properties).get("promise")
        if promise is None:
            return
        row = self.rows[str(promise)]
        if report.failed:
            row.failed.append(report.nodeid)
        elif report.skipped:
            row.skipped.append(report.nodeid)
        elif report.when == "call":
            row.passed += 1
            for name, value in report.user_properties:
                if isinstance(value, (int, float)):
                    row.figures[name] = row.figures.get(name, 0) + value


def table_of(rows: Mapping[str, Row], only: Sequence[str] = (), before: str = "") -> str:
    """Return the promises as a Markdown table; with `only`, copy the other rows from the table `before`."""
    previous = {
        line.split("|")[1].strip(): line.split("|")[1:-1] for line in before.splitlines() if "|" in line
    }
    lines = []
    for name, row in rows.items():
        number = list(PROMISES).index(name) + 1
        tests = str(row.passed + len(row.failed))
        cells = [str(number), PROMISES[name], row.state, tests, _figures(row.figures)]
        lines.append(
            [cell.strip() for cell in previous.get(str(number), cells)]
            if only and name not in only
            else cells
        )
    headers = ("", "promise", "state", "tests", "measured")
    return tabulate(lines, headers=headers, tablefmt="github", disable_numparse=True)


def broken_promises(rows: Mapping[str, Row]) -> Sequence[str]:
    """Return the names of the broken promises."""
    return [name for name, row in rows.items() if row.state == BROKEN]


def _figures(figures: Mapping[str, float]) -> str:
    return ", ".join(
        f"{value:,.0f} {name}" if float(value).is_integer() else f"{value:,.1f} {name}"
        for name, value in figures.items()
    )
