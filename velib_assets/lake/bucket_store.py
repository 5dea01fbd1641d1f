"""The lake in an S3 bucket, where conditional writes replace a folder's locks."""

from __future__ import annotations

import hashlib
import io
import random
import time
from functools import cache
from typing import IO, Any, Callable, Dict, Iterator, List, Optional, Sequence, Tuple

from velib_assets.aws.api import AwsError, account_of, call, client, pages
from velib_assets.lake.store import Change, Stored

_WRITE_ATTEMPTS, _READ_ATTEMPTS = 20, 3
_MISSING = {"NoSuchKey", "404", "NotFound"}
_CHANGED = {"PreconditionFailed", "412"}
_CONFLICT = {"ConditionalRequestConflict", "409"}
_CONTENT_TYPES = {  # with which a browser shows an object instead of downloading it
    "html": "text/html; charset=utf-8",
    "csv": "text/csv; charset=utf-8",
}


class BucketStore:
    """A lake in a bucket. The constructor sends no request.

    Args:
        bucket: the bucket's name.
        account: the account that must own the bucket; empty for the caller's. Bucket names are global, so
            without this a mistyped name could write to somebody else's bucket.
        region: the bucket's region; empty for boto3's default.
    """

    def __init__(self, bucket: str, account: str = "", region: str = "") -> None:
        self.bucket = bucket
        self._account, self._region = account, region or None

    def list(self, prefix: str) -> List[Stored]:
        """See LakeStore."""
        return sorted(
            Stored(item["Key"], item["Size"], item["ETag"])
            for page in self._pages(prefix, Delimiter="/")
            for item in page.get("Contents", [])
            if _is_object(item["Key"][len(prefix) :])
        )

    def walk(self, prefix: str, first: str = "", last: str = "") -> List[Stored]:
        """See LakeStore. Compares keys instead of listing each folder, because requests cost."""
        objects: List[Stored] = []
        start = {"StartAfter": prefix + first} if first else {}
        for page in self._pages(prefix, **start):
            for item in page.get("Contents", []):
                if last and item["Key"][len(prefix) :].partition("/")[0] > last:
                    return objects
                if _is_object(item["Key"].rpartition("/")[2]):
                    objects.append(Stored(item["Key"], item["Size"], item["ETag"]))
        return objects

    def folders(self, prefix: str) -> List[str]:
        """See LakeStore."""
        return sorted(
            folder["Prefix"][len(prefix) : -1]
            for page in self._pages(prefix, Delimiter="/")
            for folder in page.get("CommonPrefixes", [])
        )

    def hash(self, stored: Stored) -> str:
        """Return the object's ETag, which the listing contains: no object is read."""
        return stored.etag

    def fetch(self, key: str) -> Tuple[str, bytes]:
        """See LakeStore. Retries an interrupted body, which boto3 does not."""
        from botocore.exceptions import BotoCoreError  # noqa: PLC0415 - slow to import

        failure: Optional[Exception] = None
        for _ in range(_READ_ATTEMPTS):
            try:
                response = self._call("get_object", key)
            except AwsError as error:
                if error.code in _MISSING:
                    raise FileNotFoundError(self.address(key)) from None
                raise
            try:
                return str(response["ETag"]), response["Body"].read()
            except (BotoCoreError, OSError) as error:
                failure = error
        raise AwsError(f"{self.address(key)} could not be read in {_READ_ATTEMPTS} attempts: {failure}")

    def read(self, key: str) -> bytes:
        """See LakeStore."""
        return self.fetch(key)[1]

    def open(self, key: str) -> IO[bytes]:
        """See LakeStore. Reads the whole object: clean files have 0.2 MB, and several requests cost more."""
        return io.BytesIO(self.read(key))

    def create(self, key: str, data: bytes) -> bool:
        """See LakeStore."""
        for attempt in range(_WRITE_ATTEMPTS):
            try:
                self._call("put_object", key, Body=data, IfNoneMatch="*")
            except AwsError as error:
                if error.code in _CHANGED:
                    return False
                if error.code not in _CONFLICT:
                    raise
                _pause(attempt)
            else:
                return True
        raise AwsError(
            f"{self.address(key)} could not be written: {_WRITE_ATTEMPTS} attempts met another writer. Retry."
        )

    def publish(self, changes: Sequence[Change], precondition: Callable[[], bool]) -> bool:
        """See LakeStore. Replaces an object only if it has not changed since the precondition was checked.

        If another writer changed an object in between, the precondition is checked again. Therefore the
        writer that saw more raw wins, without a lock.
        """
        for attempt in range(_WRITE_ATTEMPTS):
            etags = [self._etag(change.key) for change in changes]
            if not precondition():
                return False
            if all(self._swap(change, etag) for change, etag in zip(changes, etags)):
                return True
            _pause(attempt)
        raise AwsError(
            f"{self.address(changes[-1].key)} could not be replaced: "
            f"{_WRITE_ATTEMPTS} attempts met another writer. Retry."
        )

    def address(self, key: str) -> str:
        """See LakeStore."""
        return f"s3://{self.bucket}/{key}"

    def link(self, key: str, seconds: int = 3600) -> str:
        """Return a presigned URL that expires after `seconds`, or earlier with the credentials.

        The expected owner is not part of it, because a browser would have to send it as a header.
        """
        params = {"Bucket": self.bucket, "Key": key}
        s3, _ = _client(self._region, self._account)
        return str(s3.generate_presigned_url("get_object", Params=params, ExpiresIn=seconds))

    def _swap(self, change: Change, etag: Optional[str]) -> bool:
        if change.data is None and etag is None:
            return True
        if change.data is not None and etag == _md5(change.data):
            return True  # unchanged: a write costs a request and keeps another version
        condition: Dict[str, Any] = {"IfMatch": etag} if etag else {"IfNoneMatch": "*"}
        kind = _CONTENT_TYPES.get(change.key.rpartition(".")[2])
        header = {"ContentType": kind} if kind else {}
        try:
            if change.data is None:
                self._call("delete_object", change.key, **condition)
            else:
                self._call("put_object", change.key, Body=change.data, **condition, **header)
        except AwsError as error:
            if error.code in _CHANGED | _CONFLICT | _MISSING:
                return False
            raise
        return True

    def _etag(self, key: str) -> Optional[str]:
        try:
            return str(self._call("head_object", key)["ETag"])
        except AwsError as error:
            if error.code in _MISSING:
                return None
            raise

    def _call(self, method: str, key: str, **arguments: Any) -> Any:  # noqa: ANN401 - boto3's response
        s3, owner = _client(self._region, self._account)
        arguments.update(Bucket=self.bucket, Key=key, ExpectedBucketOwner=owner)
        return call(s3, method, self.address(key), **arguments)

    def _pages(self, prefix: str, **arguments: str) -> Iterator[Dict[str, Any]]:
        s3, owner = _client(self._region, self._account)
        arguments.update(Bucket=self.bucket, Prefix=prefix, ExpectedBucketOwner=owner)
        return pages(s3, "list_objects_v2", self.address(prefix), **arguments)


@cache
def _client(region: Optional[str], account: str) -> Tuple[Any, str]:
    return client("s3", region), account or account_of(region)


def _md5(data: bytes) -> str:
    """Return the ETag that S3 assigns to these bytes, unless they are encrypted with a customer key."""
    return f'"{hashlib.md5(data, usedforsecurity=False).hexdigest()}"'


def _pause(attempt: int) -> None:
    """Sleep for a random time that grows with the attempts, at most two seconds."""
    time.sleep(random.random() * min(2.0, 0.05 * 2**attempt))  # noqa: S311 - not a secret


def _is_object(name: str) -> bool:
    """Return whether a name is an object's: not hidden, and not empty as of a folder made in the console."""
    return bool(name) and not name.startswith(".")
