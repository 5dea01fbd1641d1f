"""Fixtures of the feeds' tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from velib_assets_tests.http_server import LocalServer


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalServer]:
    """A scripted server, not reached through a proxy."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with LocalServer() as running:
        yield running
