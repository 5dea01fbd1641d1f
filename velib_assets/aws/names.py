"""What the deployed things are called, and where a person sees them in AWS's console.

Belongs here: names and console links. Does not: calling anything.
"""

from typing import NamedTuple
from urllib.parse import quote

from velib_assets.lake.schema import DATABASE

PIPES_PREFIX = "glue/tmp/pipes/"


class Names(NamedTuple):
    """The deployment: the defaults are those of infra/variables.tf."""

    bucket: str
    region: str = "us-east-1"
    function: str = "velib_ingest_lambda"
    job: str = "velib_clean_job"
    crawler: str = "velib_clean_crawler"
    database: str = DATABASE
    workgroup: str = "velib_workgroup"

    def function_link(self) -> str:
        """The Lambda with its logs."""
        return f"{self._console('lambda')}#/functions/{quote(self.function)}?tab=monitoring"

    def run_link(self, run: str) -> str:
        """A run of the Glue job."""
        return f"{self._console('gluestudio')}#/job/{quote(self.job)}/run/{run}"

    def crawler_link(self) -> str:
        """The crawler."""
        return f"{self._console('glue')}#/v2/data-catalog/crawlers/view/{quote(self.crawler)}"

    def query_link(self, query: str) -> str:
        """An Athena query."""
        return f"{self._console('athena')}#/query-editor/history/{query}"

    def folder_link(self, prefix: str) -> str:
        """A prefix of the bucket."""
        return f"https://s3.console.aws.amazon.com/s3/buckets/{self.bucket}?region={self.region}&prefix={quote(prefix)}"

    def _console(self, service: str) -> str:
        return f"https://{self.region}.console.aws.amazon.com/{service}/home?region={self.region}"
