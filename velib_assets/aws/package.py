"""`make package`: builds the files that Terraform uploads. The same sources give the same bytes."""

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
GLUE_PARTS = (*LAMBDA_PARTS, "catalog", "clean", "stations")
LAMBDA_ZIP, GLUE_LIBRARY, GLUE_SCRIPT = "velib_ingest_lambda.zip", "velib_glue_lib.zip", "velib_clean_job.py"
# What the Lambda imports beyond its runtime of Python 3.12, which includes boto3. All have pure Python
# wheels; constraints.txt pins them.
LAMBDA_MODULES = ("requests", "dagster-pipes")
_MACHINE_SPECIFIC = ("RECORD", "INSTALLER", "REQUESTED", "direct_url.json")
_EPOCH = (1980, 1, 1, 0, 0, 0)


class PackageError(Exception):
    """A file could not be built."""


def build(target: Path) -> list[Path]:
    """Build the three files in a folder, and return them.

    Raises:
        PackageError: pip could not install the Lambda's modules.
    """
    target.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        _install(Path(folder))
        lambda_zip = _write_zip(target / LAMBDA_ZIP, [*_sources(LAMBDA_PARTS), *_modules(Path(folder))])
    library = write_library(target / GLUE_LIBRARY)
    script = shutil.copyfile(CHECKOUT / "infra" / "glue_script.py", target / GLUE_SCRIPT)
    return [lambda_zip, library, script]


def write_library(path: Path) -> Path:
    """Write the library of the Glue job, which has only modules of this package."""
    return _write_zip(path, _sources(GLUE_PARTS))


def _sources(parts: Sequence[str]) -> Iterator[tuple[str, bytes]]:
    """Yield the modules in these folders, without those for the Dagster host: clients and this file."""
    modules = (path for part in parts for path in (PACKAGE / part).rglob("*.py"))
    shipped = (path for path in modules if path.name != "package.py" and not path.stem.endswith("_client"))
    for path in (PACKAGE / "__init__.py", *shipped):
        yield path.relative_to(PACKAGE.parent).as_posix(), path.read_bytes()


def _install(folder: Path) -> None:
    """Install the Lambda's modules from wheels without compiled code, which fit every processor.

    Raises:
        PackageError: pip failed; the message has its output.
    """
    options = ["--quiet", "--disable-pip-version-check", "--no-compile", "--only-binary=:all:"]
    platform = ["--platform=any", "--python-version=3.12", "--implementation=py", "--abi=none"]
    constraints = ["--constraint", str(CHECKOUT / "constraints.txt"), "--target", str(folder)]
    command = [sys.executable, "-m", "pip", "install", *options, *platform, *constraints, *LAMBDA_MODULES]
    result = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - fixed arguments
    if result.returncode:
        raise PackageError(f"pip could not install {' and '.join(LAMBDA_MODULES)}:\n{result.stderr.strip()}")


def _modules(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Yield what pip installed, except files that differ between installations."""
    for path in folder.rglob("*"):
        name = path.relative_to(folder).as_posix()
        if path.is_file() and not name.startswith("bin/") and path.name not in _MACHINE_SPECIFIC:
            yield name, path.read_bytes()


def _write_zip(path: Path, files: Iterable[tuple[str, bytes]]) -> Path:
    """Write a zip without times and owners, sorted by name, and replace the old one at the end."""
    temporary = path.with_suffix(".tmp")
    with zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, data in sorted(files):
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.external_attr, entry.create_system = 0o644 << 16, 3
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, data)
    shutil.move(temporary, path)
    return path


def main() -> None:
    """Build into a folder, by default `build`, and print sizes and digests."""
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
