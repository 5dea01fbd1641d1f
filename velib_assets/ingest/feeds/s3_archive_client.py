"""Recorded snapshots below a prefix of an S3 bucket."""

from collections.abc import Iterator, Mapping
from datetime import UTC, tzinfo
from types import MappingProxyType

from velib_assets.aws.api import AwsError, call, client, pages
from velib_assets.ingest.feeds.archive import Archive, ArchiveUnreadableError
from velib_assets.ingest.feeds.feed import FeedError


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

    def _read(self, path: str) -> bytes:
        from botocore.exceptions import BotoCoreError  # noqa: PLC0415 - slow to import

        arguments = {"Bucket": self._bucket, "Key": self._prefix + path}
        try:
            response = call(client("s3", self._region), "get_object", self._address(path), **arguments)
            data: bytes = response["Body"].read()
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

    def _address(self, path: str) -> str:
        return f"s3://{self._bucket}/{self._prefix}{path}"
