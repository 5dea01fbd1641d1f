"""The names of the deployed resources, and links to them in AWS's console."""

from typing import NamedTuple
from urllib.parse import quote

from velib_assets.lake.network import KEY

PIPES_PREFIX = "glue/tmp/pipes/"


class Names(NamedTuple):
    """The names in one deployment; the defaults are those of infra/variables_names.tf."""

    bucket: str
    region: str = "us-east-1"
    function: str = f"{KEY}_ingest_lambda"
    job: str = f"{KEY}_clean_job"
    crawler: str = f"{KEY}_clean_crawler"
    database: str = f"{KEY}_db_tf"
    workgroup: str = f"{KEY}_workgroup"
    clean_function: str = f"{KEY}_clean_lambda"

    def function_link(self) -> str:
        """Link to the Lambda that takes snapshots, and its logs."""
        return f"{self._console('lambda')}#/functions/{quote(self.function)}?tab=monitoring"

    def clean_function_link(self) -> str:
        """Link to the Lambda that cleans, and its logs."""
        return f"{self._console('lambda')}#/functions/{quote(self.clean_function)}?tab=monitoring"

    def run_link(self, run: str) -> str:
        """Link to a run of the Glue job."""
        return f"{self._console('gluestudio')}#/job/{quote(self.job)}/run/{run}"

    def crawler_link(self) -> str:
        """Link to the crawler."""
        return f"{self._console('glue')}#/v2/data-catalog/crawlers/view/{quote(self.crawler)}"

    def query_link(self, query: str) -> str:
        """Link to an Athena query."""
        return f"{self._console('athena')}#/query-editor/history/{query}"

    def _console(self, service: str) -> str:
        return f"https://{self.region}.console.aws.amazon.com/{service}/home?region={self.region}"
