"""`make audit-dependencies`: known vulnerabilities in what is installed; where nobody can be asked, the pins.

Belongs here: which packages constraints.txt pins and which it should, and what pip-audit's answer is worth.
It skips a package that its database does not have and calls that no vulnerability: here it is no audit.
Exit status: 0 audited, nothing known; 1 a vulnerability, or something is not pinned; 3 could not be audited.
"""

import json
import re
import subprocess
import sys
from collections.abc import Iterable
from importlib import metadata
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement

ROOT = Path(__file__).parents[2]
CONSTRAINTS = ROOT / "constraints.txt"
PROJECT = "velib-insights"
SECONDS = 600


def canonical(name: str) -> str:
    """A package's name as indexes compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def pinned() -> dict[str, str]:
    """The exact version of each package in constraints.txt.

    Raises:
        ValueError: for a line that pins nothing exactly.
    """
    pins = {}
    for line in CONSTRAINTS.read_text(encoding="utf-8").splitlines():
        if line.strip() and not line.startswith("#"):
            match = re.fullmatch(r"([\w.-]+)==([\w.!+-]+)", line.strip())
            if not match:
                raise ValueError(f"constraints.txt: {line!r} is not name==version")
            pins[canonical(match[1])] = match[2]
    return pins


def installed(extras: Iterable[str] = ("dev", "bench")) -> dict[str, str]:
    """The version of each package that the project needs with these extras, directly or not."""
    found: dict[str, str] = {}
    waiting = [Requirement(f"{PROJECT}[{','.join(extras)}]")]
    seen: set[str] = set()
    while waiting:
        wanted = waiting.pop()
        if str(wanted) in seen:
            continue
        seen.add(str(wanted))
        package = metadata.distribution(wanted.name)
        if canonical(wanted.name) != PROJECT:
            found[canonical(wanted.name)] = package.version
        for text in package.requires or ():
            needed = Requirement(text)
            marker = needed.marker
            if marker is None or any(marker.evaluate({"extra": extra}) for extra in (*wanted.extras, "")):
                waiting.append(needed)
    return found


def not_pinned() -> list[str]:
    """What is needed here and not pinned at the version that is installed, in words."""
    pins = pinned()
    return [
        f"{name} {version} is installed, constraints.txt has {pins.get(name, 'nothing')}"
        for name, version in sorted(installed().items())
        if pins.get(name) != version
    ]


def judge(report: str) -> tuple[int, list[str]]:
    """The exit status and the words for pip-audit's JSON; text that is none means that nobody was asked."""
    try:
        packages: list[dict[str, Any]] = json.loads(report)["dependencies"]
    except (ValueError, KeyError, TypeError):
        return 3, ["NOT AUDITED: pip-audit gave no report; its database cannot be reached from here"]
    known = [
        f"{package['name']} {package['version']}: {found['id']}, mended in {', '.join(found['fix_versions'])}"
        for package in packages
        for found in package.get("vulns", ())
    ]
    if known:
        return 1, known
    skipped = [package["name"] for package in packages if "skip_reason" in package]
    if skipped or not packages:
        return 3, [
            f"NOT AUDITED: {len(skipped)} of {len(packages)} packages are not in the database that answered"
        ]
    return 0, [f"{len(packages)} packages audited: no vulnerability is known"]


def main(tool: str) -> int:
    """Audit with pip-audit, the program `tool`; the exit status."""
    command = [tool, "--requirement", str(CONSTRAINTS), "--no-deps", "--disable-pip", "--format", "json"]
    try:
        done = subprocess.run(
            [*command, "--progress-spinner", "off"],
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        status, words = judge(done.stdout)
    except (OSError, subprocess.TimeoutExpired) as error:
        status, words = 3, [f"NOT AUDITED: {type(error).__name__} of pip-audit"]
    missing = not_pinned()
    pins = missing or [
        f"all {len(installed())} packages installed here are pinned exactly in constraints.txt"
    ]
    sys.stdout.write("\n".join([*words, *pins]) + "\n")
    return 1 if missing else status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
