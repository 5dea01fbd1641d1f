"""Installed packages are pinned and audited, and servers listen on loopback only."""

import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from velib_assets.cli.dev_servers import dev_command
from velib_assets_tests.guarantees import dependencies
from velib_assets_tests.guarantees.dependencies import audit_result, canonical, installed, not_pinned, pinned
from velib_assets_tests.guarantees.mutations import ROOT
from velib_assets_tests.ui.servers import dagster_dev

pytestmark = pytest.mark.promise("security")
Figure = Callable[[str, float], None]


def test_every_package_is_pinned_at_its_installed_version(figure: Figure) -> None:
    assert not_pinned() == []
    figure("packages pinned", len(installed()))


def test_every_direct_dependency_is_pinned_and_has_a_reason() -> None:
    """Including those of separate environments (fuzz, audit)."""
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    project = tomllib.loads(text)["project"]
    direct = [
        *project["dependencies"],
        *(one for group in project["optional-dependencies"].values() for one in group),
    ]
    assert [one for one in direct if canonical(Requirement(one).name) not in pinned()] == []
    assert [one for one in direct if not re.search(rf'"{re.escape(one)}",\s*# \w', text)] == []


def test_missing_and_different_pins_are_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = dependencies.CONSTRAINTS.read_text(encoding="utf-8").splitlines()
    other = [line for line in lines if not line.startswith("h11==")]
    monkeypatch.setattr(dependencies, "CONSTRAINTS", tmp_path / "constraints.txt")
    (tmp_path / "constraints.txt").write_text("\n".join([*other, "requests==0.1"]), encoding="utf-8")
    messages = not_pinned()
    assert [line.split()[0] for line in messages] == ["h11", "requests"]
    (tmp_path / "constraints.txt").write_text("requests>=2", encoding="utf-8")
    with pytest.raises(ValueError, match="not name==version"):
        pinned()


GOOD = {"name": "a", "version": "1", "vulns": []}
BAD = {"name": "b", "version": "1", "vulns": [{"id": "CVE-1", "fix_versions": ["2"]}]}
SKIPPED = {"name": "c", "skip_reason": "not found"}


@pytest.mark.parametrize(
    ("packages", "status", "message"),
    [
        ([GOOD], 0, "1 packages audited"),
        ([GOOD, BAD], 1, "b 1: CVE-1, fixed in 2"),
        ([BAD, SKIPPED], 1, "CVE-1"),
        ([GOOD, SKIPPED], 3, "NOT AUDITED: 1 of 2"),
        ([], 3, "NOT AUDITED"),
        (None, 3, "NOT AUDITED"),
    ],
)
def test_packages_that_were_skipped_are_not_audited(packages: object, status: int, message: str) -> None:
    """pip-audit skips packages that its database does not have, and reports no vulnerability."""
    report = json.dumps({"dependencies": packages}) if packages is not None else "cannot connect"
    exit_status, messages = audit_result(report)
    assert exit_status == status
    assert message in messages[0]


def test_make_dev_binds_the_ui_to_loopback() -> None:
    make = ["make", "-n", "dev", "-o", "setup", "LAKE=lake-demo"]
    output = subprocess.run(make, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert "velib_assets.cli.dev_servers" in output
    command = dev_command(3000, "error")
    assert command[command.index("-h") + 1] == "127.0.0.1"


def test_servers_listen_on_loopback_only(full: bool, tmp_path: Path) -> None:
    """Check every listening socket of the real servers; in full mode only."""
    if not full:
        return
    assert sys.platform == "linux"
    environ = {"VELIB_LAKE": str(tmp_path / "lake"), "VELIB_SOURCE": "simulator"}
    with dagster_dev(tmp_path / "home", environ, "-w", str(ROOT / "workspace.yaml")) as server:
        own = sockets_of(server.process.pid)
        lines = [
            line for name in ("tcp", "tcp6") for line in Path(f"/proc/net/{name}").read_text().splitlines()
        ]
        listening = [line.split() for line in lines]
        addresses = {part[1].partition(":")[0] for part in listening if part[3] == "0A" and part[9] in own}
    loopback = {"0100007F", "00000000000000000000000001000000", "0000000000000000FFFF00000100007F"}
    assert addresses
    assert addresses <= loopback


def sockets_of(group: int) -> set[str]:
    """Find the inodes of the sockets of the processes in a group."""
    inodes = set()
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            if int(stat.read_text().rpartition(")")[2].split()[2]) == group:
                links = [str(entry.readlink()) for entry in (stat.parent / "fd").iterdir()]
                inodes |= {link[8:-1] for link in links if link.startswith("socket:[")}
        except OSError:
            continue
    return inodes
