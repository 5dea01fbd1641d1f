"""`make package`: the files that Terraform uploads, built so that the same input gives the same bytes.

Belongs here: what goes into the Lambda's zip and Glue's library. Does not: deploying them (infra/).
"""

import argparse
import hashlib
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import velib_assets

PACKAGE = Path(velib_assets.__file__).parent
CHECKOUT = PACKAGE.parent
LAMBDA_PARTS = ("aws", "ingest", "lake")
GLUE_PARTS = (*LAMBDA_PARTS, "catalog", "clean")
LAMBDA_ZIP, GLUE_LIBRARY, GLUE_SCRIPT = "velib_ingest_lambda.zip", "velib_glue_lib.zip", "velib_clean_job.py"
# What the Lambda imports beyond the runtime of Python 3.12, which brings boto3; all are pure Python or have
# a pure form. Versions are those of constraints.txt.
LAMBDA_MODULES = ("requests", "dagster-pipes")
_OF_THIS_MACHINE = ("RECORD", "INSTALLER", "REQUESTED", "direct_url.json")
_EPOCH = (1980, 1, 1, 0, 0, 0)
_SCRIPT = '''\
"""The script of the Glue job: it finds the library and the pinned boto3, and runs the one from the other."""

import os
import re
import sys
from importlib.metadata import distributions

# The Python shell puts the folder of the library on the path, not the zip in it.
zips = [os.path.join(folder, "velib_glue_lib.zip") for folder in sys.path]
sys.path[:0] = [path for path in zips if os.path.isfile(path)]

# The shell's own boto3 is older, may stand first, and may be loaded; conditional writes need the pinned one.
homes = {
    tuple(map(int, re.findall("[0-9]+", found.version))): str(found.locate_file(""))
    for found in distributions(name="boto3")
}
sys.path[:0] = [homes[version] for version in sorted(homes)[-1:]]
for name in [name for name in sys.modules if name.partition(".")[0] in ("boto3", "botocore", "s3transfer")]:
    del sys.modules[name]

from velib_assets.clean.glue_job import run  # noqa: E402 - the path is made above

run()
'''


class PackageError(Exception):
    """The files could not be built."""


def build(target: Path) -> list[Path]:
    """Build all three files in a folder; returns them.

    Raises:
        PackageError: where pip could not bring the Lambda's modules.
    """
    target.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        _install(Path(folder))
        lambda_zip = _write_zip(target / LAMBDA_ZIP, [*_sources(LAMBDA_PARTS), *_modules(Path(folder))])
    library = write_library(target / GLUE_LIBRARY)
    script = target / GLUE_SCRIPT
    script.write_text(_SCRIPT, encoding="utf-8")
    return [lambda_zip, library, script]


def write_library(path: Path) -> Path:
    """The Glue job's library: our own modules alone."""
    return _write_zip(path, _sources(GLUE_PARTS))


def _sources(parts: Sequence[str]) -> Iterator[tuple[str, bytes]]:
    """Our own modules in these folders, without what only runs on the Dagster host: clients and this file."""
    found = (path for part in parts for path in (PACKAGE / part).rglob("*.py"))
    shipped = (path for path in found if path.name != "package.py" and not path.stem.endswith("_client"))
    for path in (PACKAGE / "__init__.py", *shipped):
        yield path.relative_to(PACKAGE.parent).as_posix(), path.read_bytes()


def _install(folder: Path) -> None:
    """The Lambda's modules, as wheels without compiled code, so that the zip fits every processor.

    Raises:
        PackageError: with pip's own words.
    """
    options = ["--quiet", "--disable-pip-version-check", "--no-compile", "--only-binary=:all:"]
    wanted = ["--platform=any", "--python-version=3.12", "--implementation=py", "--abi=none"]
    constraints = ["--constraint", str(CHECKOUT / "constraints.txt"), "--target", str(folder)]
    command = [sys.executable, "-m", "pip", "install", *options, *wanted, *constraints, *LAMBDA_MODULES]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - our own words
    if done.returncode:
        raise PackageError(f"pip could not bring {' and '.join(LAMBDA_MODULES)}:\n{done.stderr.strip()}")


def _modules(folder: Path) -> Iterator[tuple[str, bytes]]:
    """What pip installed, less what differs from one installation to the next."""
    for path in folder.rglob("*"):
        name = path.relative_to(folder).as_posix()
        if path.is_file() and not name.startswith("bin/") and path.name not in _OF_THIS_MACHINE:
            yield name, path.read_bytes()


def _write_zip(path: Path, files: Iterable[tuple[str, bytes]]) -> Path:
    """A zip without times and owners, in the order of names; replaced only when it is whole."""
    aside = path.with_suffix(".tmp")
    with zipfile.ZipFile(aside, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, data in sorted(files):
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.external_attr, entry.create_system = 0o644 << 16, 3
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, data)
    shutil.move(aside, path)
    return path


def main() -> None:
    """Build into the folder that is named, `build` by default, and print sizes and digests."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("target", nargs="?", type=Path, default=CHECKOUT / "build")
    try:
        built = build(parser.parse_args().target)
    except PackageError as error:
        sys.exit(f"package: {error}")
    for path in built:
        data = path.read_bytes()
        sys.stdout.write(f"{path.name:28} {len(data):>9,} bytes  {hashlib.sha256(data).hexdigest()[:16]}\n")


if __name__ == "__main__":
    main()
