"""`make audit-dependencies`: checks installed packages for known vulnerabilities, and the pins.

pip-audit skips packages that its database does not have; here they count as not audited.
Exit status: 0 no known vulnerability; 1 a vulnerability or a missing pin; 3 could not be audited.
"""

import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterable
from importlib import metadata
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement

ROOT = Path(__file__).parents[2]
CONSTRAINTS = ROOT / "constraints.txt"
SECONDS = 600


def canonical(name: str) -> str:
    """Normalize a package name as indexes do."""
    return re.sub(r"[-_.]+", "-", name).lower()


def pinned() -> dict[str, str]:
    """Read the exact version of each package from constraints.txt.

    Raises:
        ValueError: a line is not an exact pin.
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
    """Find the version of each package that the project needs with these extras, directly or indirectly."""
    versions: dict[str, str] = {}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    optional = [text for extra in extras for text in project["optional-dependencies"][extra]]
    waiting = [Requirement(text) for text in (*project["dependencies"], *optional)]
    visited: set[str] = set()
    while waiting:
        requirement = waiting.pop()
        if str(requirement) in visited:
            continue
        visited.add(str(requirement))
        package = metadata.distribution(requirement.name)
        versions[canonical(requirement.name)] = package.version
        for text in package.requires or ():
            needed = Requirement(text)
            marker = needed.marker
            if marker is None or any(
                marker.evaluate({"extra": extra}) for extra in (*requirement.extras, "")
            ):
                waiting.append(needed)
    return versions


def not_pinned() -> list[str]:
    """List packages that are not pinned at their installed version, one message each."""
    pins = pinned()
    return [
        f"{name} {version} is installed, constraints.txt has {pins.get(name, 'nothing')}"
        for name, version in sorted(installed().items())
        if pins.get(name) != version
    ]


def audit_result(report: str) -> tuple[int, list[str]]:
    """Return exit status and messages for the output of pip-audit, which is not JSON if it failed."""
    try:
        packages: list[dict[str, Any]] = json.loads(report)["dependencies"]
    except (ValueError, KeyError, TypeError):
        return 3, ["NOT AUDITED: pip-audit gave no report; its database cannot be reached"]
    known = [
        f"{package['name']} {package['version']}: {vulnerability['id']}, "
        f"fixed in {', '.join(vulnerability['fix_versions'])}"
        for package in packages
        for vulnerability in package.get("vulns", ())
    ]
    if known:
        return 1, known
    skipped = [package["name"] for package in packages if "skip_reason" in package]
    if skipped or not packages:
        return 3, [f"NOT AUDITED: {len(skipped)} of {len(packages)} packages are not in its database"]
    return 0, [f"{len(packages)} packages audited: no known vulnerability"]


def main(tool: str) -> int:
    """Audit with the program `tool` (pip-audit); return the exit status."""
    command = [tool, "--requirement", str(CONSTRAINTS), "--no-deps", "--disable-pip", "--format", "json"]
    try:
        result = subprocess.run(
            [*command, "--progress-spinner", "off"],
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        status, messages = audit_result(result.stdout)
    except (OSError, subprocess.TimeoutExpired) as error:
        status, messages = 3, [f"NOT AUDITED: {type(error).__name__} of pip-audit"]
    missing = not_pinned()
    pins = missing or [f"all {len(installed())} installed packages are pinned exactly in constraints.txt"]
    sys.stdout.write("\n".join([*messages, *pins]) + "\n")
    return 1 if missing else status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
