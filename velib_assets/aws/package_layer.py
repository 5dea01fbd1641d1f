"""The layer of the function that cleans: the pinned wheels, unpacked."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from velib_assets.aws.package_wheels import PackageError
from velib_assets.aws.package_zip import write_zip

UNPACKED_LIMIT = 250 * 2**20  # bytes, of a function and its layers, as AWS documents it
_FOR_THE_FUNCTION = 10 * 2**20
# What only compilers, tests and services that the function does not call use.
_UNUSED = re.compile(
    r"pyarrow/(include|tests|src)/|\.(pxd|pxi|pyx)$|/examples/|libarrow_(python_)?flight|/_flight\."
)


def write_layer(path: Path, wheels: Iterable[Path]) -> Path:
    """Write the layer, whose folder `python` comes before the runtime's own modules.

    Raises:
        PackageError: with the function it would be larger than Lambda allows.
    """
    files = [(f"python/{name}", data) for wheel in wheels for name, data in _files(wheel)]
    size = sum(len(data) for _, data in files)
    if size > UNPACKED_LIMIT - _FOR_THE_FUNCTION:
        raise PackageError(
            f"{path.name} has {size:,} bytes unpacked. Lambda allows {UNPACKED_LIMIT:,} with the function: "
            "leave out more files in aws/package_layer.py"
        )
    return write_zip(path, files)


def _files(wheel: Path) -> Iterator[tuple[str, bytes]]:
    with zipfile.ZipFile(wheel) as archive:
        for name in archive.namelist():
            if not name.endswith("/") and not _UNUSED.search(name):
                yield name, archive.read(name)
