"""The resources of the asset graph, in their local or their AWS form.

The AWS forms are imported only for VELIB_TARGET=aws.
"""

from pathlib import Path
from typing import NamedTuple

from velib_assets.catalog.catalog import Catalog
from velib_assets.catalog.sqlite_catalog import LocalCatalog
from velib_assets.clean.local_clean_job import CleanJob, LocalCleanJob
from velib_assets.history.local_history_job import HistoryJob, LocalHistoryJob
from velib_assets.ingest.feeds.archive import Archive
from velib_assets.ingest.feeds.feed import Feed
from velib_assets.ingest.feeds.feed_table import FEEDS
from velib_assets.ingest.feeds.live_feed import live_feed
from velib_assets.ingest.step import Ingest
from velib_assets.lake.folder_store import FolderStore
from velib_assets.lake.network import use_network_file
from velib_assets.lake.network_facts import read_network_file
from velib_assets.lake.store import LakeStore
from velib_assets.query.duckdb_engine import LocalQueryEngine
from velib_assets.query.engine import QueryEngine
from velib_assets.settings import Settings, dagster_home
from velib_assets.simulator.simulator import Simulator


class Resources(NamedTuple):
    """The resources, by the names that the assets use."""

    lake: LakeStore
    ingest: Ingest
    clean_job: CleanJob
    catalog: Catalog
    query_engine: QueryEngine
    history_job: HistoryJob


def build_resources(settings: Settings) -> Resources:
    """Build the resources for these settings, without opening or calling anything."""
    resources = _aws_resources(settings) if settings.target == "aws" else _local_resources(settings)
    use_network_file(lambda: read_network_file(resources.lake))
    return resources


def _local_resources(settings: Settings) -> Resources:
    lake, catalog = FolderStore(settings.lake), LocalCatalog(settings.lake)
    ingest = Ingest(lake, feed_of(settings))
    engine = LocalQueryEngine(settings.lake, catalog)
    return Resources(
        lake, ingest, LocalCleanJob(lake), catalog, engine, LocalHistoryJob(lake, catalog=catalog)
    )


def feed_of(settings: Settings) -> Feed:
    """Build the feed of VELIB_SOURCE."""
    if settings.source == "simulator":
        return Simulator(faults=settings.simulator_faults, gbfs=settings.simulator_gbfs)
    if settings.source != "archive":
        # The settings have required the URL if it is fetched here.
        return live_feed(settings.source, settings.feed_urls.get(settings.source, ""), needed=False)
    if not settings.archive.startswith("s3://"):
        return Archive(Path(settings.archive), settings.archive_timezone, settings.archive_columns)
    from velib_assets.ingest.feeds.s3_archive_client import BucketArchive  # noqa: PLC0415 - only needed on AWS

    zone, columns = settings.archive_timezone, settings.archive_columns
    return BucketArchive(settings.archive, settings.names.region, zone, columns)


def _aws_resources(settings: Settings) -> Resources:
    from velib_assets.catalog.crawler_client import CrawledCatalog  # noqa: PLC0415 - see above
    from velib_assets.catalog.glue_table import GlueTable  # noqa: PLC0415 - see above
    from velib_assets.clean.glue_client import HOURS, GlueJob  # noqa: PLC0415 - see above
    from velib_assets.clean.lambda_clean_client import LambdaJob  # noqa: PLC0415 - see above
    from velib_assets.history.history_client import DAYS, MONTHS, RemoteHistoryJob  # noqa: PLC0415 - see above
    from velib_assets.ingest.lambda_client import LambdaIngest  # noqa: PLC0415 - see above
    from velib_assets.lake.bucket_store import BucketStore  # noqa: PLC0415 - see above
    from velib_assets.query.athena_engine import AthenaQueryEngine  # noqa: PLC0415 - see above

    names = settings.names
    lake = BucketStore(names.bucket, region=names.region)
    catalog = GlueTable(names.database, names.bucket, names.region)
    if settings.catalog_mode == "crawler":
        catalog = CrawledCatalog(names)
    # A default URL is not sent, so that the function's own setting applies.
    url = settings.feed_urls.get(settings.source, "")
    own_url = "" if url in [feed.base_url for feed in FEEDS.values()] else url
    ingest = LambdaIngest(lake, feed_of(settings), names, own_url)
    engine = AthenaQueryEngine(names, catalog, lake, dagster_home(settings) / "mirror" / names.bucket)
    job = LambdaJob if settings.clean_runtime == "lambda" else GlueJob
    history_job = RemoteHistoryJob(job(names, DAYS), job(names, MONTHS))
    return Resources(lake, ingest, job(names, HOURS), catalog, engine, history_job)
