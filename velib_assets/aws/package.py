"""`make package`: builds the files that Terraform uploads. The same sources give the same bytes."""

import argparse
import hashlib
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from velib_assets.aws.package_layer import write_layer
from velib_assets.aws.package_wheels import CHECKOUT, PackageError, verified_wheels, write_wheels
from velib_assets.aws.package_zip import write_zip

PACKAGE = CHECKOUT / "velib_assets"
LAMBDA_PARTS = ("aws", "ingest", "lake")
GLUE_PARTS = (*LAMBDA_PARTS, "catalog", "clean", "history", "stations")
LAMBDA_ZIP, GLUE_SCRIPT = "velib_ingest_lambda.zip", "velib_clean_job.py"
CLEAN_ZIP, CLEAN_LAYER = "velib_clean_lambda.zip", "velib_clean_layer.zip"
LAMBDA_PYTHON = "3.12"
GLUE_PYTHONS = ("3.9", "3.11")  # of the Python shell and of Spark
# What the Lambda imports beyond its runtime of Python 3.12, which includes boto3. All have pure Python
# wheels; constraints.txt pins them.
LAMBDA_MODULES = ("requests", "dagster-pipes")
_MACHINE_SPECIFIC = ("RECORD", "INSTALLER", "REQUESTED", "direct_url.json")


def build(target: Path) -> list[Path]:
    """Build all files in a folder, and return them.

    Raises:
        PackageError: pip could not install the Lambda's modules, or download those of the Glue job.
    """
    target.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        _install(Path(folder), target / "downloads")
        lambda_zip = write_zip(target / LAMBDA_ZIP, [*sources(LAMBDA_PARTS), *_modules(Path(folder))])
    wheels = {wheel for python in GLUE_PYTHONS for wheel in verified_wheels(python, target / "downloads")}
    built = write_wheels(target / "wheels", wheels, sources(GLUE_PARTS))
    clean_zip = write_zip(target / CLEAN_ZIP, sources(GLUE_PARTS))
    layer = write_layer(target / CLEAN_LAYER, verified_wheels(LAMBDA_PYTHON, target / "downloads"))
    script = shutil.copyfile(CHECKOUT / "infra" / "glue_script.py", target / GLUE_SCRIPT)
    return [lambda_zip, clean_zip, layer, script, *built]


def sources(parts: Sequence[str]) -> Iterator[tuple[str, bytes]]:
    """Yield the modules in these folders, without those for the Dagster host: clients and packaging."""
    modules = (path for part in parts for path in (PACKAGE / part).rglob("*.py"))
    shipped = (
        path for path in modules if not path.stem.startswith("package") and not path.stem.endswith("_client")
    )
    for path in (PACKAGE / "__init__.py", *shipped):
        yield path.relative_to(PACKAGE.parent).as_posix(), path.read_bytes()


def _install(folder: Path, cache: Path) -> None:
    """Install the Lambda's modules from wheels without compiled code, which fit every processor.

    They come from `cache`, or else from the index, and then are added to `cache`.

    Raises:
        PackageError: pip failed; the message has its output.
    """
    cache.mkdir(parents=True, exist_ok=True)
    if _pip("install", "--no-index", f"--find-links={cache}", f"--target={folder}").returncode == 0:
        return
    result = _pip("download", f"--find-links={cache}", f"--dest={cache}")
    if result.returncode == 0:
        result = _pip("install", "--no-index", f"--find-links={cache}", f"--target={folder}")
    if result.returncode:
        names = " and ".join(LAMBDA_MODULES)
        raise PackageError(
            f"pip could not install {names} from {cache} or the index:\n{result.stderr.strip()}"
        )


def _pip(command: str, *options: str) -> subprocess.CompletedProcess[str]:
    platform = ["--platform=any", "--python-version=3.12", "--implementation=py", "--abi=none"]
    platform += ["--only-binary=:all:", f"--constraint={CHECKOUT / 'constraints.txt'}"]
    quiet = ["--quiet", "--disable-pip-version-check", *(["--no-compile"] if command == "install" else [])]
    words = [sys.executable, "-m", "pip", command, *quiet, *platform, *options, *LAMBDA_MODULES]
    return subprocess.run(words, capture_output=True, text=True, check=False)  # noqa: S603 - fixed arguments


def _modules(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Yield what pip installed, except files that differ between installations."""
    for path in folder.rglob("*"):
        name = path.relative_to(folder).as_posix()
        if path.is_file() and not name.startswith("bin/") and path.name not in _MACHINE_SPECIFIC:
            yield name, path.read_bytes()


def main() -> None:
    """Build into a folder, by default `build`, and print sizes and digests."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("target", nargs="?", type=Path, default=CHECKOUT / "build")
    target = parser.parse_args().target
    try:
        built = build(target)
    except PackageError as error:
        sys.exit(f"package: {error}")
    for path in built:
        data = path.read_bytes()
        name = path.relative_to(target).as_posix()
        sys.stdout.write(f"{name:90} {len(data):>10,} bytes  {hashlib.sha256(data).hexdigest()[:16]}\n")


if __name__ == "__main__":
    main()
