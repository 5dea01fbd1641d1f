"""A failed test of this package shows what the servers wrote."""

from collections.abc import Iterator

import pytest

from velib_assets_tests.ui.servers import LOG_TAIL, Server


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Iterator[None]:
    """Add the end of each running server's log to a failure's report."""
    report: pytest.TestReport = yield  # type: ignore[assignment] # what the hook's other parts made
    if report.failed:
        report.sections += [(f"log of {s.url}", s.text()[-LOG_TAIL:]) for s in Server.running]
    return report  # type: ignore[return-value] # likewise
