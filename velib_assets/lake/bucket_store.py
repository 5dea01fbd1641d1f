"""A lake in an S3 bucket.

Belongs here: LakeStore over S3, with conditional writes where a folder has locks. Does not: what keys mean.
"""

from __future__ import annotations

import hashlib
import io
import random
import time
from functools import cache
from typing import IO, Any, Callable, Dict, Iterator, List, Optional, Sequence, Tuple

from velib_assets.aws.api import AwsError, account_of, call, client
from velib_assets.lake.store import Change, Stored

_ATTEMPTS, _READS = 20, 3
_MISSING = {"NoSuchKey", "404", "NotFound"}
_CHANGED = {"PreconditionFailed", "412"}
_BROWSED = {"html": "text/html; charset=utf-8", "csv": "text/csv; charset=utf-8"}
_RACED = {"ConditionalRequestConflict", "409"}


class BucketStore:
    """A lake in a bucket. Nothing is asked of AWS before the first use.

    Args:
        bucket: its name.
        account: the account that must own it; the caller's own where it is empty. Bucket names are global:
            without it a mistyped name could hand the snapshots to a stranger.
        region: of the bucket; boto3's own where it is empty.
    """

    def __init__(self, bucket: str, account: str = "", region: str = "") -> None:
        self.bucket = bucket
        self._account, self._region = account, region or None

    def list(self, prefix: str) -> List[Stored]:
        """See LakeStore."""
        return sorted(
            Stored(item["Key"], item["Size"], item["ETag"])
            for page in self._pages(prefix, deep=False)
            for item in page.get("Contents", [])
            if _is_object(item["Key"][len(prefix) :])
        )

    def walk(self, prefix: str, first: str = "", last: str = "") -> List[Stored]:
        """See LakeStore. Folders are passed over by their names, not listed one by one: a listing costs."""
        found: List[Stored] = []
        for page in self._pages(prefix, deep=True, after=first and prefix + first):
            for o in page.get("Contents", []):
                if last and o["Key"][len(prefix) :].partition("/")[0] > last:
                    return found
                if _is_object(o["Key"].rpartition("/")[2]):
                    found.append(Stored(o["Key"], o["Size"], o["ETag"]))
        return found

    def folders(self, prefix: str) -> List[str]:
        """See LakeStore."""
        found = [part for page in self._pages(prefix, deep=False) for part in page.get("CommonPrefixes", [])]
        return sorted(part["Prefix"][len(prefix) : -1] for part in found)

    def hash(self, stored: Stored) -> str:
        """The object's ETag, which S3 gives in the listing: no object is opened for it."""
        return stored.etag

    def fetch(self, stored: Stored) -> Tuple[str, bytes]:
        """See LakeStore."""
        return self._get(stored.key)

    def read(self, key: str) -> bytes:
        """See LakeStore."""
        return self._get(key)[1]

    def open(self, key: str) -> IO[bytes]:
        """See LakeStore. The whole object: what is opened is a footer of 0.2 MB, and requests cost more."""
        return io.BytesIO(self.read(key))

    def create(self, key: str, data: bytes) -> bool:
        """See LakeStore."""
        for attempt in range(_ATTEMPTS):
            try:
                self._call("put_object", key, Body=data, IfNoneMatch="*")
            except AwsError as error:
                if error.code in _CHANGED:
                    return False
                if error.code not in _RACED:
                    raise
                _pause(attempt)
            else:
                return True
        raise AwsError(f"{self.address(key)} is being written by others: 409 in {_ATTEMPTS} tries")

    def publish(self, changes: Sequence[Change], precondition: Callable[[], bool]) -> bool:
        """See LakeStore. Each object is replaced only if it is what it was before `precondition()` was asked.

        Whoever wrote in between saw other raw: then the question is asked anew. So of two writers the one
        that saw more raw wins, without a lock.
        """
        for attempt in range(_ATTEMPTS):
            seen = [self._etag(change.key) for change in changes]
            if not precondition():
                return False
            if all(self._swap(change, etag) for change, etag in zip(changes, seen)):
                return True
            _pause(attempt)
        raise AwsError(f"{self.address(changes[-1].key)} is being written by others: {_ATTEMPTS} tries")

    def address(self, key: str) -> str:
        """See LakeStore."""
        return f"s3://{self.bucket}/{key}"

    def link(self, key: str, seconds: int = 3600) -> str:
        """A link under which anybody can read the object for so long; less, where the credentials end first.

        Without the owner's number: a browser would have to send it.
        """
        asked = {"Bucket": self.bucket, "Key": key}
        return str(self._client()[0].generate_presigned_url("get_object", Params=asked, ExpiresIn=seconds))

    def _swap(self, change: Change, etag: Optional[str]) -> bool:
        if change.data is None and etag is None:
            return True
        if change.data is not None and etag == _md5(change.data):
            return True  # the same bytes lie there already; a write costs, and keeps a version
        condition: Dict[str, Any] = {"IfMatch": etag} if etag else {"IfNoneMatch": "*"}
        try:
            if change.data is None:
                self._call("delete_object", change.key, **condition)
            else:
                self._call("put_object", change.key, Body=change.data, **condition, **_kind(change.key))
        except AwsError as error:
            if error.code in _CHANGED | _RACED | _MISSING:
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

    def _get(self, key: str) -> Tuple[str, bytes]:
        """ETag and bytes; boto3 asks again for an answer, not for a body that broke off."""
        from botocore.exceptions import BotoCoreError  # noqa: PLC0415 - see aws_call

        failed: Optional[Exception] = None
        for _ in range(_READS):
            try:
                answer = self._call("get_object", key)
            except AwsError as error:
                if error.code in _MISSING:
                    raise FileNotFoundError(self.address(key)) from None
                raise
            try:
                return str(answer["ETag"]), answer["Body"].read()
            except (BotoCoreError, OSError) as error:
                failed = error
        raise AwsError(f"{self.address(key)} broke off each time it was read: {failed}")

    def _call(self, method: str, key: str, **arguments: Any) -> Any:  # noqa: ANN401 - boto3's answer
        s3, owner = self._client()
        return call(
            s3, method, self.address(key), Bucket=self.bucket, Key=key, ExpectedBucketOwner=owner, **arguments
        )

    def _pages(self, prefix: str, *, deep: bool, after: str = "") -> Iterator[Dict[str, Any]]:
        s3, owner = self._client()
        arguments = {"Bucket": self.bucket, "Prefix": prefix, "ExpectedBucketOwner": owner}
        if not deep:
            arguments["Delimiter"] = "/"
        if after:
            arguments["StartAfter"] = after
        while True:
            page = call(s3, "list_objects_v2", self.address(prefix), **arguments)
            yield page
            if not page.get("IsTruncated"):
                return
            arguments["ContinuationToken"] = page["NextContinuationToken"]

    def _client(self) -> Tuple[Any, str]:
        return _client(self._region, self._account)


@cache
def _client(region: Optional[str], account: str) -> Tuple[Any, str]:
    return client("s3", region), account or account_of(region)


def _kind(key: str) -> Dict[str, str]:
    """What a browser takes an object for; S3's own word makes it a download."""
    kind = _BROWSED.get(key.rpartition(".")[2])
    return {"ContentType": kind} if kind else {}


def _md5(data: bytes) -> str:
    """The ETag that S3 gives to these bytes, unless they are encrypted with a key of one's own."""
    return f'"{hashlib.md5(data, usedforsecurity=False).hexdigest()}"'


def _pause(attempt: int) -> None:
    """Let the other writer end: at random, ever longer, two seconds at most."""
    time.sleep(random.random() * min(2.0, 0.05 * 2**attempt))  # noqa: S311 - no secret


def _is_object(name: str) -> bool:
    """Whether it may be ours: not hidden, nor the empty name of a folder that a console made."""
    return bool(name) and not name.startswith(".")
