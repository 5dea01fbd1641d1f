"""Where a data set is written: a local folder or a prefix in S3, and which places are refused."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from velib_assets.publish.file_names import DATA_PACKAGE, SUMS
from velib_assets.publish.target_contents import TargetError
from velib_assets.written_path import written_path

_S3 = "s3://"
_FOLDER = "published"
_PARTITIONS = ("date=", "hour=", "month=", "source=")


class Target(NamedTuple):
    """A folder, or a bucket and a prefix."""

    address: str
    folder: Path | None = None
    bucket: str = ""
    prefix: str = ""


def default_target(lake: str, name: str) -> str:
    """Return the address of a data set in the lake."""
    return f"{lake}/{_FOLDER}/{name}"


def parse_target(text: str, lake: str) -> Target:
    """Read the address of a target.

    Args:
        text: a path, or `s3://bucket/prefix`.
        lake: the lake's address: its path without links, or `s3://bucket`.

    Raises:
        TargetError: It is no such address, a part of the lake that others read, or inside another edition.
    """
    if not text.strip():
        raise TargetError("is empty. Write a folder or s3://bucket/folder")
    if text.startswith(_S3):
        bucket, _, prefix = text[len(_S3) :].partition("/")
        prefix = prefix.strip("/")
        if not bucket or not prefix or "//" in prefix:
            raise TargetError(f"{text!r} is no folder in S3. Write s3://bucket/folder")
        target = Target(f"{_S3}{bucket}/{prefix}", bucket=bucket, prefix=prefix)
    elif "://" in text:
        raise TargetError(f"{text!r} is neither a folder nor s3://bucket/folder")
    else:
        try:
            folder = Path(os.path.realpath(written_path(text)))
        except ValueError as error:
            raise TargetError(str(error)) from None
        _refuse_inside_of_edition(folder)
        target = Target(str(folder), folder=folder)
    _refuse_parts_of_a_lake(target.address, lake)
    return target


def write_target(target: Target, files: Mapping[str, bytes], region: str) -> None:
    """Write a data set. See `write_folder` and `write_bucket`."""
    if target.folder is not None:
        from velib_assets.publish.folder_target import write_folder  # noqa: PLC0415 - only where it is used

        write_folder(target.folder, files)
    else:
        from velib_assets.publish.bucket_target import write_bucket  # noqa: PLC0415 - needs boto3

        write_bucket(target.bucket, target.prefix, files, region)


def _refuse_inside_of_edition(folder: Path) -> None:
    for parent in folder.parents:
        if all((parent / name).is_file() for name in (DATA_PACKAGE, SUMS)):
            raise TargetError(
                f"{folder} is inside {parent}, a published data set, which must keep its files as they are. "
                "Choose a folder beside it"
            )


def _refuse_parts_of_a_lake(address: str, lake: str) -> None:
    advice = f"Choose a folder outside the lake, or below {lake}/{_FOLDER}"
    if address == lake or lake.startswith(f"{address}/"):
        raise TargetError(f"{address} holds the lake. {advice}")
    inside = address[len(lake) + 1 :] if address.startswith(f"{lake}/") else ""
    if inside and not inside.startswith(f"{_FOLDER}/"):
        raise TargetError(f"{address} is a part of the lake that holds other data. {advice}")
    if part := next((part for part in address.split("/") if part.startswith(_PARTITIONS)), ""):
        raise TargetError(f"{address} is in a folder {part}, which readers take for a partition. {advice}")
