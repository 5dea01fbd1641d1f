"""Add the log of the servers to the report of a failed test."""

from collections.abc import Iterator

import pytest

from velib_assets_tests.ui.servers import LOG_TAIL, Server


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Iterator[None]:
    """Add the end of each running server's log."""
    report: pytest.TestReport = yield  # type: ignore[assignment] # the report of the other hooks
    if report.failed:
        report.sections += [(f"log of {s.url}", s.text()[-LOG_TAIL:]) for s in Server.running]
    return report  # type: ignore[return-value] # likewise
