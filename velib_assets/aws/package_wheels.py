"""The wheels that a Glue run installs from the bucket: the pinned modules and the library.

The Python shell installs each wheel with a pip of its own, which would take a wheel's requirements from the
public index. So the wheels require nothing: together they are complete.
"""

import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path

import velib_assets
from velib_assets.aws.package_zip import write_wheel

CHECKOUT = Path(velib_assets.__file__).parent.parent
PINS = CHECKOUT / "infra" / "glue_modules.txt"
LIBRARY = "velib_glue_lib"
_PLATFORM = "manylinux2014_x86_64"  # glibc 2.17: the Python shell may have an older one than new wheels need
_BUILD_TAG = "1noreq"


class PackageError(Exception):
    """A file could not be built."""


def verified_wheels(python: str, cache: Path) -> list[Path]:
    """Return the pinned wheels for a Python, such as `3.9`, each with a hash that its pin lists.

    They come from `cache`, or else from the index, and then are added to `cache`.

    Raises:
        PackageError: a wheel is in neither, or its hash is another one.
    """
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        offline = _download(python, cache, Path(folder), "--no-index")
        if offline.returncode:
            online = _download(python, cache, Path(folder))
            if online.returncode:
                raise PackageError(
                    f"the wheels of {PINS.name} for Python {python} are not all in {cache}, and pip could "
                    f"not download them:\n{online.stderr.strip()}\nCheck the connection, or copy them there."
                )
        return sorted(Path(shutil.copy(wheel, cache)) for wheel in Path(folder).glob("*.whl"))


def _download(python: str, cache: Path, target: Path, *options: str) -> subprocess.CompletedProcess[str]:
    platform = [f"--platform={_PLATFORM}", f"--python-version={python}", "--only-binary=:all:"]
    pins = ["--no-deps", "--require-hashes", "--requirement", str(PINS)]
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", *options]
    command += [*platform, *pins, "--find-links", str(cache), "--dest", str(target)]
    return subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - fixed arguments


def write_wheels(target: Path, wheels: Iterable[Path], sources: Iterable[tuple[str, bytes]]) -> list[Path]:
    """Write wheels that require nothing, and the library, into a folder, which then holds nothing else."""
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    modules = [_without_requirements(wheel, target) for wheel in wheels]
    return sorted([*modules, write_library(target, sources)])


def write_library(target: Path, sources: Iterable[tuple[str, bytes]]) -> Path:
    """Write the wheel of this package's modules into a folder."""
    number = version("velib-insights")
    info = f"{LIBRARY}-{number}.dist-info"
    tags = "Root-Is-Purelib: true\nTag: py3-none-any\n"
    texts = {
        "METADATA": f"Metadata-Version: 2.1\nName: {LIBRARY}\nVersion: {number}\n",
        "WHEEL": f"Wheel-Version: 1.0\nGenerator: make package\n{tags}",
    }
    metadata = [(f"{info}/{name}", text.encode()) for name, text in texts.items()]
    return write_wheel(target / f"{LIBRARY}-{number}-py3-none-any.whl", [*sources, *metadata], info)


def _without_requirements(wheel: Path, target: Path) -> Path:
    """Copy a wheel; if it requires others, without saying so, and with a build tag in its name."""
    with zipfile.ZipFile(wheel) as archive:
        (name,) = [name for name in archive.namelist() if name.endswith(".dist-info/METADATA")]
        metadata = archive.read(name).decode()
        if not _requires_others(metadata):
            return Path(shutil.copy(wheel, target))
        files = [(item, archive.read(item)) for item in archive.namelist() if item != name]
    lines = [line for line in metadata.splitlines(keepends=True) if not line.startswith("Requires-Dist:")]
    project, number, tags = wheel.name.split("-", 2)
    copy = target / f"{project}-{number}-{_BUILD_TAG}-{tags}"
    return write_wheel(copy, [*files, (name, "".join(lines).encode())], name.partition("/")[0])


def _requires_others(metadata: str) -> bool:
    """Return whether pip would look for other wheels, beyond those of an extra."""
    lines = [line for line in metadata.splitlines() if line.startswith("Requires-Dist:")]
    return any("extra ==" not in line for line in lines)
