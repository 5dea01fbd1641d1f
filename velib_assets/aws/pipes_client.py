"""Dagster Pipes sessions with a Lambda or a Glue job, whose messages arrive in the run through the bucket.

Why not dagster-aws's Pipes clients: PipesGlueClient never returns for an EXPIRED run and fails on a single
throttled poll, and PipesLambdaClient discards the function's response.
"""

import contextlib
import secrets
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, cast

import dagster as dg

from velib_assets.aws.api import aws_errors, bucket_client
from velib_assets.aws.names import PIPES_PREFIX

if TYPE_CHECKING:
    from botocore.client import BaseClient

_INTERVAL = 1.0  # seconds between two polls for messages


@contextmanager
def session(bucket: str, region: str) -> Iterator[dg.PipesSession]:
    """Open a session for the running op; messages arrive until the context ends.

    Raises:
        AwsError: the session may not read or write in the bucket.
    """
    from dagster_aws.pipes import PipesS3ContextInjector  # noqa: PLC0415 - imports all clients of dagster-aws

    warnings.simplefilter("ignore", dg.PreviewWarning)  # for the message reader
    s3 = bucket_client(region)
    with (
        aws_errors(s3, f"s3://{bucket}/{PIPES_PREFIX}"),
        dg.open_pipes_session(
            context=cast("dg.OpExecutionContext", _WithoutAssets(dg.OpExecutionContext.get())),
            context_injector=PipesS3ContextInjector(bucket=bucket, client=s3, key_prefix=PIPES_PREFIX),
            message_reader=_messages(bucket, s3),
        ) as opened,
    ):
        yield opened


class _WithoutAssets:
    """The op's context as that of an op without assets, because `defs.hourly` logs the events of each hour.

    For an asset, Dagster would require that the session yields every output.
    """

    has_assets_def = False

    def __init__(self, context: dg.OpExecutionContext) -> None:
        self._context = context

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - any attribute of the context
        return getattr(self._context, name)


def _messages(bucket: str, s3: "BaseClient") -> dg.PipesMessageReader:
    from botocore.exceptions import BotoCoreError  # noqa: PLC0415 - only needed on AWS
    from dagster_aws.pipes import PipesS3MessageReader  # noqa: PLC0415 - see above

    class Messages(PipesS3MessageReader):
        """A reader that keeps its chunks below the prefix that the steps may write, and misses none.

        The reader of dagster-aws takes one chunk per two seconds, drops those left ten seconds after the end,
        and stops at the first broken connection.
        """

        @contextmanager
        def get_params(self) -> Iterator[dict[str, Any]]:
            """Choose where the remote step writes its messages."""
            with super().get_params() as params:
                yield {**params, "key_prefix": PIPES_PREFIX + secrets.token_hex(16)}

        def download_messages(self, cursor: Any, params: Any) -> Any:  # noqa: ANN401 - as Dagster declares it
            """Read every chunk since the last poll."""
            chunks: list[str] = []
            with contextlib.suppress(BotoCoreError, OSError):  # the next poll may succeed
                while result := super().download_messages(cursor, params):
                    cursor, chunk = result
                    chunks.append(chunk)
            return (cursor, "\n".join(chunks)) if chunks else None

    return Messages(interval=_INTERVAL, bucket=bucket, client=s3)
