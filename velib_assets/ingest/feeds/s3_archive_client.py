"""Recorded snapshots below a prefix of an S3 bucket."""

import io
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, tzinfo
from functools import partial
from types import MappingProxyType
from typing import IO, Any

from velib_assets.aws.api import AwsError, call, client, pages
from velib_assets.ingest.feeds.archive import Archive, ArchiveUnreadableError
from velib_assets.ingest.feeds.feed import FeedError

_BUFFER = 131_072  # bytes per request: a snapshot, or the index of a pack


class BucketArchive(Archive):
    """An archive at `s3://bucket/prefix`. It is only read, so another account may own the bucket.

    Args:
        address: `s3://bucket/prefix`; the prefix may be empty.
        region: the bucket's region.
        zone: see Archive.
        columns: see Archive.
    """

    def __init__(
        self, address: str, region: str, zone: tzinfo = UTC, columns: Mapping[str, str] = MappingProxyType({})
    ) -> None:
        super().__init__(address, zone, columns)
        self._bucket, _, prefix = address.removeprefix("s3://").partition("/")
        self._prefix = f"{prefix.rstrip('/')}/" if prefix.strip("/") else ""
        self._region = region

    def _read_file(self, path: str) -> bytes:
        from botocore.exceptions import BotoCoreError  # noqa: PLC0415 - slow to import

        try:
            data: bytes = self._request("get_object", path)["Body"].read()
        except (BotoCoreError, OSError) as error:  # AwsError is an OSError
            raise FeedError(str(error)) from None
        return data

    def _paths(self) -> Iterator[str]:
        arguments = {"Bucket": self._bucket, "Prefix": self._prefix}
        try:
            s3 = client("s3", self._region)
            for page in pages(s3, "list_objects_v2", self._address(""), **arguments):
                yield from (item["Key"][len(self._prefix) :] for item in page.get("Contents", []))
        except AwsError as error:
            raise ArchiveUnreadableError(str(error)) from None

    def _open(self, path: str) -> IO[bytes]:
        """Open an object to read parts of it, each with a request of its own; used for packs."""
        try:
            head = self._request("head_object", path)
        except AwsError as error:
            if error.code in {"404", "NoSuchKey", "NotFound"}:
                raise FileNotFoundError(self._address(path)) from None
            raise ArchiveUnreadableError(str(error)) from None
        return io.BufferedReader(
            _Ranges(partial(self._request, "get_object", path), head["ContentLength"]), _BUFFER
        )

    def _request(self, method: str, path: str, **arguments: str) -> Any:  # noqa: ANN401 - boto3's response
        arguments |= {"Bucket": self._bucket, "Key": self._prefix + path}
        return call(client("s3", self._region), method, self._address(path), **arguments)

    def _address(self, path: str) -> str:
        return f"s3://{self._bucket}/{self._prefix}{path}"


class _Ranges(io.RawIOBase):
    """An object of a bucket as a file: each read is a request for a range of its bytes."""

    def __init__(self, request: Callable[..., Any], size: int) -> None:
        super().__init__()
        self._request, self._size, self._position = request, size, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self._position = (
            offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._size}[whence]
        )
        return self._position

    def tell(self) -> int:
        return self._position

    def readinto(self, buffer: Any) -> int:  # noqa: ANN401 - any writable buffer
        last = min(self._position + len(buffer), self._size) - 1
        if last < self._position:
            return 0
        data = self._request(Range=f"bytes={self._position}-{last}")["Body"].read()
        buffer[: len(data)] = data
        self._position += len(data)
        return len(data)
