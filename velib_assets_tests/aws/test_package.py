"""The uploaded packages are reproducible, small, and work in AWS's Pythons."""

import hashlib
import re
import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest

from velib_assets.aws import package, package_layer, package_wheels
from velib_assets.aws.package_layer import UNPACKED_LIMIT
from velib_assets.aws.package_wheels import PINS, PackageError, verified_wheels
from velib_assets_tests.aws.emulator.environments import Environments
from velib_assets_tests.aws.installed import for_python, install

GLUE_TAGS = {"cp39": "3.9", "cp311": "3.11"}


@pytest.fixture(scope="module")
def lambda_zip(artefacts: Path) -> Path:
    return artefacts / package.LAMBDA_ZIP


@pytest.fixture(scope="module")
def wheels(artefacts: Path) -> list[Path]:
    return sorted((artefacts / "wheels").glob("*.whl"))


def files_of(target: Path) -> dict[str, bytes]:
    """Read every file below a folder, without the downloads."""
    paths = [path for path in target.rglob("*") if path.is_file() and "downloads" not in path.parts]
    return {path.relative_to(target).as_posix(): path.read_bytes() for path in paths}


def packages_of(archive: Path) -> set[str]:
    """Return the folders of this package in a zip or a wheel."""
    names = [name for name in zipfile.ZipFile(archive).namelist() if name.startswith("velib_assets/")]
    return {name.split("/")[1] for name in names} - {"__init__.py"}


def test_lambda_is_small_and_has_its_imports(lambda_zip: Path) -> None:
    with zipfile.ZipFile(lambda_zip) as archive:
        packages = {name.partition("/")[0] for name in archive.namelist()}
        compiled = [name for name in archive.namelist() if name.endswith((".so", ".pyc"))]
    assert lambda_zip.stat().st_size < 1_000_000
    assert {"requests", "dagster_pipes", "velib_assets"} <= packages
    assert not {"pyarrow", "boto3", "botocore"} & packages
    assert compiled == []


def test_each_package_has_only_its_own_folders(lambda_zip: Path, wheels: list[Path]) -> None:
    """The station register is part of the Glue job. The Lambda has no pyarrow, which it needs."""
    (library,) = [wheel for wheel in wheels if wheel.name.startswith("velib_")]
    assert packages_of(lambda_zip) == {"aws", "ingest", "lake"}
    assert packages_of(library) == {"aws", "catalog", "clean", "history", "ingest", "lake", "stations"}
    shipped = {Path(name).stem for name in zipfile.ZipFile(library).namelist() if name.endswith(".py")}
    assert not [name for name in shipped if name.startswith("package") or name.endswith("_client")]


def test_lambda_imports_only_what_is_in_its_package(environments: Environments, lambda_zip: Path) -> None:
    command = [str(environments.lambda_python), "-c", "import velib_assets.ingest.lambda_handler"]
    done = subprocess.run(
        command, env={"PYTHONPATH": str(lambda_zip)}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_layer_has_all_that_the_clean_function_imports(
    environments: Environments, artefacts: Path, tmp_path: Path
) -> None:
    """Its modules come before those of the runtime, and leave a quarter of what Lambda allows."""
    with zipfile.ZipFile(artefacts / package.CLEAN_LAYER) as layer:
        layer.extractall(tmp_path)
        unpacked = sum(item.file_size for item in layer.infolist())
    assert unpacked < 0.75 * UNPACKED_LIMIT
    imports = "import velib_assets.clean.clean_handler, boto3, pyarrow.parquet; print(boto3.__version__)"
    done = subprocess.run(
        [str(environments.lambda_python), "-c", imports],
        env={"PYTHONPATH": f"{artefacts / package.CLEAN_ZIP}:{tmp_path / 'python'}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert f"boto3=={done.stdout.strip()}" in environments.glue_modules, done.stderr


def test_layer_above_the_limit_of_lambda_is_refused(
    artefacts: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(package_layer, "UNPACKED_LIMIT", 20_000_000)
    with pytest.raises(PackageError, match="Lambda allows 20,000,000 with the function"):
        package_layer.write_layer(tmp_path / "layer.zip", (artefacts / "downloads").glob("boto*.whl"))


@pytest.mark.parametrize("tag", GLUE_TAGS)
def test_each_pinned_module_is_a_wheel_for_an_old_linux(
    environments: Environments, wheels: list[Path], tag: str
) -> None:
    """The Python shell may have an older glibc than new wheels need: 2.17 here."""
    chosen = for_python(wheels, tag)
    names = sorted("==".join(wheel.name.split("-")[:2]) for wheel in chosen if "velib" not in wheel.name)
    assert names == sorted(pin.replace("-", "_") for pin in environments.glue_modules)
    assert [wheel.name for wheel in chosen if not re.search("manylinux2014|none-any", wheel.name)] == []


def test_unmodified_wheels_have_a_pinned_hash(wheels: list[Path]) -> None:
    upstream = [wheel for wheel in wheels if "noreq" not in wheel.name and "velib" not in wheel.name]
    assert any(wheel.name.startswith("pyarrow") for wheel in upstream)
    assert all(hashlib.sha256(wheel.read_bytes()).hexdigest() in PINS.read_text() for wheel in upstream)


def test_requirements_are_all_that_a_modified_wheel_lacks(artefacts: Path, wheels: list[Path]) -> None:
    for wheel in [wheel for wheel in wheels if "noreq" in wheel.name]:
        (upstream,) = (artefacts / "downloads").glob(wheel.name.replace("-1noreq", ""))
        with zipfile.ZipFile(wheel) as ours, zipfile.ZipFile(upstream) as theirs:
            assert sorted(ours.namelist()) == sorted(theirs.namelist())
            changed = {name for name in ours.namelist() if ours.read(name) != theirs.read(name)}
            assert {name.rpartition("/")[2] for name in changed} <= {"METADATA", "RECORD"}
            lines = [set(archive.read(name).splitlines()) for name in changed for archive in (ours, theirs)]
        assert all(b"Requires-Dist" in line for line in lines[1] - lines[0] if b"sha256" not in line)


def test_wheel_with_another_hash_is_refused(
    artefacts: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a poisoned cache or index would serve it."""
    pins = tmp_path / "pins.txt"
    pins.write_text(re.sub("sha256:[0-9a-f]{4}", "sha256:0000", PINS.read_text()))
    monkeypatch.setattr(package_wheels, "PINS", pins)
    with pytest.raises(PackageError, match="DO NOT MATCH THE HASHES"):
        verified_wheels("3.9", artefacts / "downloads")


def test_same_bytes_are_built_again_without_a_connection(
    artefacts: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(artefacts / "downloads", tmp_path / "again" / "downloads")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", "")
    package.build(tmp_path / "again")
    assert files_of(tmp_path / "again") == files_of(artefacts)
    with pytest.raises(
        PackageError, match=r"pip could not install requests and dagster-pipes from \S+ or the index"
    ):
        package.build(tmp_path / "empty")
    with pytest.raises(PackageError, match="Check the connection, or copy them there"):
        verified_wheels("3.9", tmp_path / "none")


def test_script_finds_the_library_and_the_newest_boto3(
    environments: Environments, artefacts: Path, wheels: list[Path], tmp_path: Path
) -> None:
    """The shell has loaded an older boto3, which comes first on the path."""
    installed = tmp_path / "installed"
    install(environments.glue_python, for_python(wheels, "cp39"), installed)
    ours = (artefacts / package.GLUE_SCRIPT).read_text()
    ours = ours.replace("\nrun()\n", "\nimport boto3\nprint(boto3.__version__, run.__module__)\n")
    script = tmp_path / "script.py"
    path = "import sys\nsys.path.sort(key=lambda folder: 'installed' in folder)\n"
    script.write_text(f"{path}import boto3\nassert boto3.__version__ == '1.28.0'\n{ours}")
    done = subprocess.run(
        [str(environments.glue_python), str(script)],
        env={"PYTHONPATH": str(installed)},
        capture_output=True,
        text=True,
        check=False,
    )
    pinned = next(pin for pin in environments.glue_modules if pin.startswith("boto3=="))
    assert done.stdout.split() == [pinned.partition("==")[2], "velib_assets.clean.glue_job"], done.stderr
