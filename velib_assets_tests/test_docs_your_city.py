"""README's commands for another city lead from the URL of its feed to its report."""

import json
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from velib_assets.settings import CHECKOUT
from velib_assets.simulator.gbfs_files import SYSTEM_NAME, TIME_ZONE
from velib_assets.simulator.simulator import Simulator
from velib_assets_tests.gbfs.simulated_feed import simulated_feed
from velib_assets_tests.test_docs import FENCE, section

SECTION = section("README.md", "## Your city")
URL = "https://example.org/gbfs.json"


@pytest.fixture
def feed() -> Iterator[str]:
    """Yield the URL of the simulated city's discovery document."""
    with simulated_feed(Simulator(stations=60, gbfs="2.3")) as server:
        yield f"{server.base_url}/gbfs.json"


def test_readme_leads_from_the_url_of_a_feed_to_its_report(feed: str, tmp_path: Path) -> None:
    """As they are printed but for the URL, from a folder with `.venv`."""
    (tmp_path / ".venv").symlink_to(CHECKOUT / ".venv")
    [(_, block)] = FENCE.findall(SECTION)
    assert URL in block
    assert len(block.strip().splitlines()) == 5
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("VELIB_", "DAGSTER_"))}
    done = subprocess.run(
        ["bash", "-e", "-c", block.replace(URL, feed)],
        cwd=tmp_path,
        env={**kept, "NO_PROXY": "127.0.0.1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    page = Path(done.stdout.splitlines()[-1])
    assert page == tmp_path / "lake-my-city" / "reports" / "my_city_report.html"
    html = page.read_text(encoding="utf-8")
    found = re.search(r'<script[^>]*\bid="data"[^>]*>(.*?)</script>', html, re.DOTALL)
    assert found
    report = json.loads(found[1])
    assert (report["system"]["key"], report["system"]["name"]) == ("my_city", SYSTEM_NAME)
    assert report["system"]["time_zone"] == TIME_ZONE
    assert len(report["stations"]["id"]) == 60
    assert "Vélib" not in html.partition("<script")[0]


def test_readme_names_what_the_key_is_in() -> None:
    for name in ("source_my_city", "my_city_pipeline"):
        assert f"`{name}`" in SECTION
    for link in ("systems.csv", "docs/data.md#other-networks", "docs/operating.md#several-networks"):
        assert link in SECTION
