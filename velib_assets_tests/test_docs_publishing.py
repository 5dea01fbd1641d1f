"""README's commands lead to a published month, and docs/publishing.md names what it contains."""

import os
import re
import subprocess
from datetime import UTC, datetime
from pathlib import Path

from velib_assets.publish.published_tables import TABLES
from velib_assets.settings import CHECKOUT
from velib_assets_tests.samples import body, records
from velib_assets_tests.test_docs import FENCE, code, section, table

SECTION = section("README.md", "## A month to publish")
COMMANDS = [line for _, block in FENCE.findall(SECTION) for line in block.splitlines()]


def test_readme_leads_to_a_published_month_in_three_commands(tmp_path: Path) -> None:
    """As they are printed, from a folder with `.venv` and `recordings`; the first only makes `.venv`."""
    (tmp_path / ".venv").symlink_to(CHECKOUT / ".venv")
    (tmp_path / "recordings" / "june").mkdir(parents=True)
    for hour in (0, 1, 22, 23):
        moment = datetime(2022, 6, 4, hour, 40, 19, tzinfo=UTC)
        (tmp_path / "recordings" / "june" / f"{moment:%Y%m%dT%H%M%SZ}.json").write_bytes(body(records(40)))
    assert len(COMMANDS) == 3
    assert COMMANDS[0] == "make setup"
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("VELIB_", "DAGSTER_"))}
    environment = {**kept, "VELIB_LAKE": str(tmp_path / "lake")}  # by default, it is in the checkout
    for command in COMMANDS[1:]:
        shell = ["bash", "-c", command]
        done = subprocess.run(
            shell, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
    folder = Path(done.stdout.strip())
    assert folder == (tmp_path / "lake" / "published" / "velib-2022-06").resolve()
    assert "160 rows of 40 stations; 4 of 2,880 slots stored" in done.stderr
    subprocess.run(["sha256sum", "--check", "--strict", "--quiet", "SHA256SUMS"], cwd=folder, check=True)
    documented = [code(row[0])[0] for row in table("docs/publishing.md", "published file", "contents")]
    assert sorted(documented) == sorted(path.name for path in folder.iterdir())


def test_published_tables_are_documented() -> None:
    documented = [code(row[0])[0] for row in table("docs/publishing.md", "published file", "contents")]
    assert {published.file for published in TABLES} <= set(documented)


def test_validators_of_the_design_are_pinned() -> None:
    pins = (CHECKOUT / "constraints-formats.txt").read_text(encoding="utf-8")
    pinned = {name.replace("_", "-") for name in re.findall(r"^([\w.-]+)==", pins, re.MULTILINE)}
    rows = table("docs/design.md", "package", "needed to")
    assert {name for row in rows for name in row[0].replace(" with ", " ").split(", ")} <= pinned
