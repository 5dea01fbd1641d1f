"""Writes a data set below a prefix of an S3 bucket; a reader knows by its sums that it is complete."""

from __future__ import annotations

from collections.abc import Mapping

from velib_assets.lake.bucket_store import BucketStore
from velib_assets.lake.store import Change
from velib_assets.publish.file_names import DATA_PACKAGE, SUMS
from velib_assets.publish.target_contents import TargetError, foreign_file, name_of


def write_bucket(bucket: str, prefix: str, files: Mapping[str, bytes], region: str) -> None:
    """Write the files as objects; the sums are deleted first if a file changes, and written last.

    Args:
        bucket: the bucket's name; it must belong to the caller's account.
        prefix: of the keys, without a slash at its end.
        files: the files by their names.
        region: the bucket's region.

    Raises:
        TargetError: Below the prefix is something else.
        AwsError: A call failed. Without sums, what was written before is not complete.
    """
    store = BucketStore(bucket, region=region)
    found = [item.key[len(prefix) + 1 :] for item in store.walk(f"{prefix}/")]
    contents = {DATA_PACKAGE: store.read(f"{prefix}/{DATA_PACKAGE}")} if DATA_PACKAGE in found else {}
    # Interrupted before its descriptor: an edition has only files of these names, and no sums yet.
    unfinished = SUMS not in found and DATA_PACKAGE not in found and set(found) <= files.keys()
    if not unfinished and (reason := foreign_file(found, contents, files)):
        address = store.address(prefix)
        raise TargetError(f"{address} is not an earlier edition of {name_of(files)}: {reason}")
    sums, others = f"{prefix}/{SUMS}", [name for name in files if name != SUMS]
    is_changed = SUMS not in found or store.read(sums) != files[SUMS]
    changes = [Change(sums, None)] * is_changed + [Change(f"{prefix}/{name}", files[name]) for name in others]
    for change in (*changes, Change(sums, files[SUMS])):  # what is unchanged is not written again
        store.publish([change], lambda: True)
