"""Recorded snapshots below a prefix of an S3 bucket."""

from collections.abc import Iterator
from typing import Any

from velib_assets.aws.api import AwsError, call, client
from velib_assets.ingest.feeds.archive import Archive, ArchiveUnreadableError
from velib_assets.ingest.feeds.feed import FeedError


class BucketArchive(Archive):
    """An archive at `s3://bucket/prefix`. It is only read, so another account may own the bucket.

    Args:
        address: `s3://bucket/prefix`; the prefix may be empty.
        region: the bucket's region.
    """

    def __init__(self, address: str, region: str) -> None:
        super().__init__(address)
        self._bucket, _, prefix = address.removeprefix("s3://").partition("/")
        self._prefix = f"{prefix.rstrip('/')}/" if prefix.strip("/") else ""
        self._region = region

    def _read(self, path: str) -> bytes:
        from botocore.exceptions import BotoCoreError  # noqa: PLC0415 - slow to import

        try:
            data: bytes = self._call("get_object", path, Key=self._prefix + path)["Body"].read()
        except (BotoCoreError, OSError) as error:  # AwsError is an OSError
            raise FeedError(str(error)) from None
        return data

    def _paths(self) -> Iterator[str]:
        token: dict[str, str] = {}
        while True:
            try:
                page = self._call("list_objects_v2", "", Prefix=self._prefix, **token)
            except AwsError as error:
                raise ArchiveUnreadableError(str(error)) from None
            yield from (item["Key"][len(self._prefix) :] for item in page.get("Contents", []))
            if not page.get("IsTruncated"):
                return
            token = {"ContinuationToken": page["NextContinuationToken"]}

    def _call(self, method: str, path: str, **arguments: Any) -> Any:  # noqa: ANN401 - boto3's response
        s3 = client("s3", self._region)
        return call(s3, method, f"s3://{self._bucket}/{self._prefix}{path}", Bucket=self._bucket, **arguments)
