"""The uploaded packages are reproducible, small, and work in AWS's Pythons."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from velib_assets.aws import package
from velib_assets_tests.aws.emulator.environments import Environments


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    return package.build(tmp_path_factory.mktemp("built"))


def test_same_sources_give_the_same_bytes(built: list[Path], tmp_path: Path) -> None:
    again = package.build(tmp_path / "again")
    assert [path.read_bytes() for path in again] == [path.read_bytes() for path in built]


def test_lambda_is_small_and_has_its_imports(built: list[Path]) -> None:
    with zipfile.ZipFile(built[0]) as archive:
        packages = {name.partition("/")[0] for name in archive.namelist()}
        compiled = [name for name in archive.namelist() if name.endswith((".so", ".pyc"))]
    assert built[0].stat().st_size < 1_000_000
    assert {"requests", "dagster_pipes", "velib_assets"} <= packages
    assert not {"pyarrow", "boto3", "botocore"} & packages
    assert compiled == []


def test_each_package_has_only_its_own_folders(built: list[Path]) -> None:
    """The station register is part of the Glue job. The Lambda has no pyarrow, which it needs."""
    folders = [
        {name.split("/")[1] for name in archive.namelist() if name.startswith("velib_assets/")}
        for archive in map(zipfile.ZipFile, built[:2])
    ]
    assert folders[0] - {"__init__.py"} == {"aws", "ingest", "lake"}
    assert folders[1] - {"__init__.py"} == {"aws", "catalog", "clean", "ingest", "lake", "stations"}


def test_lambda_imports_only_what_is_in_its_package(environments: Environments, built: list[Path]) -> None:
    command = [str(environments.lambda_python), "-c", "import velib_assets.ingest.lambda_handler"]
    done = subprocess.run(
        command, env={"PYTHONPATH": str(built[0])}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_each_module_of_the_job_has_a_wheel_for_an_old_linux(
    environments: Environments, tmp_path: Path
) -> None:
    """The Python shell may have an older glibc than new wheels need: 2.17 here."""
    options = ["--python-version=3.9", "--platform=manylinux2014_x86_64", "--only-binary=:all:", "--no-deps"]
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--dest", str(tmp_path), *options]
    done = subprocess.run([*command, *environments.glue_modules], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert len(list(tmp_path.glob("*.whl"))) == len(environments.glue_modules)


def test_script_finds_the_library_and_the_newest_boto3(
    environments: Environments, built: list[Path], tmp_path: Path
) -> None:
    """Glue puts the library's folder on the path, and has loaded an older boto3 that comes first."""
    old = tmp_path / "old"
    (old / "boto3").mkdir(parents=True)
    (old / "boto3" / "__init__.py").write_text("__version__ = '1.9.9'")
    (old / "boto3-1.9.9.dist-info").mkdir()
    (old / "boto3-1.9.9.dist-info" / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: boto3\nVersion: 1.9.9\n"
    )
    ours = (
        built[2]
        .read_text()
        .replace("\nrun()\n", "\nimport boto3\nprint(boto3.__version__, run.__module__)\n")
    )
    script = tmp_path / "script.py"
    script.write_text(f"import boto3\nassert boto3.__version__ == '1.9.9'\n{ours}")
    done = subprocess.run(
        [str(environments.glue_python), str(script)],
        env={"PYTHONPATH": f"{old}:{built[1].parent}"},
        capture_output=True,
        text=True,
        check=False,
    )
    pinned = next(pin for pin in environments.glue_modules if pin.startswith("boto3=="))
    assert done.stdout.split() == [pinned.partition("==")[2], "velib_assets.clean.glue_job"], done.stderr
