"""Sessions of Dagster Pipes with a Lambda or a Glue job: its lines and outcomes arrive in the run.

Belongs here: how context and messages travel through the bucket. Does not: what is run, or what it says.
dagster-aws's own clients are not used: PipesGlueClient waits for ever for an EXPIRED run and fails by one
throttled poll, PipesLambdaClient throws the function's answer away.
"""

import contextlib
import secrets
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, cast

import dagster as dg

from velib_assets.aws.api import client, to_aws_error
from velib_assets.aws.names import PIPES_PREFIX

if TYPE_CHECKING:
    from dagster._core.pipes.context import PipesSession

_INTERVAL = 1.0  # seconds between two looks for messages


@contextmanager
def session(bucket: str, region: str) -> "Iterator[PipesSession]":
    """A session for the op that is running; messages keep arriving until the context ends.

    Raises:
        AwsError: where its own reading or writing in the bucket is refused.
    """
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 - only here is AWS called
    from dagster_aws.pipes import PipesS3ContextInjector  # noqa: PLC0415 - imports all of dagster-aws's clients

    warnings.simplefilter("ignore", dg.PreviewWarning)  # Dagster's, of its own reader
    s3 = client("s3", region)
    try:
        with dg.open_pipes_session(
            context=cast("dg.OpExecutionContext", _Quiet(dg.OpExecutionContext.get())),
            context_injector=PipesS3ContextInjector(bucket=bucket, client=s3, key_prefix=PIPES_PREFIX),
            message_reader=_messages(bucket, s3),
        ) as opened:
            yield opened
    except (BotoCoreError, ClientError) as error:  # what the body calls is an AwsError already
        raise to_aws_error(s3, f"s3://{bucket}/{PIPES_PREFIX}", error) from None


class _Quiet:
    """The op's context, as that of no asset: of an asset's, Dagster would demand every output by `yield`.

    The layers log each hour's events themselves (assets.hourly).
    """

    has_assets_def = False

    def __init__(self, context: dg.OpExecutionContext) -> None:
        self._context = context

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - any attribute of the context
        return getattr(self._context, name)


def _messages(bucket: str, s3: Any) -> Any:  # noqa: ANN401 - boto3's client, dagster-aws's reader
    from botocore.exceptions import BotoCoreError  # noqa: PLC0415 - as above
    from dagster_aws.pipes import PipesS3MessageReader  # noqa: PLC0415 - likewise

    class Messages(PipesS3MessageReader):
        """The reader, with its chunks below the one prefix that the steps may write to.

        Dagster takes one chunk in two seconds, and drops what is left ten seconds after the end; and its
        thread ends with the first connection that breaks off. Here all that lies there is taken.
        """

        @contextmanager
        def get_params(self) -> Iterator[dict[str, Any]]:
            """Where the remote step writes its messages."""
            with super().get_params() as params:
                yield {**params, "key_prefix": PIPES_PREFIX + secrets.token_hex(16)}

        def download_messages(self, cursor: Any, params: Any) -> Any:  # noqa: ANN401 - Dagster's
            """Every chunk that has come since the last look."""
            chunks: list[str] = []
            with contextlib.suppress(BotoCoreError, OSError):  # the next look may get through
                while found := super().download_messages(cursor, params):
                    cursor, chunk = found
                    chunks.append(chunk)
            return (cursor, "\n".join(chunks)) if chunks else None

    return Messages(interval=_INTERVAL, bucket=bucket, client=s3)
