"""The heavy steps in one of their two forms: on this machine, or on AWS.

Belongs here: which form each resource takes by the settings. Does not: the forms themselves. The AWS forms
are imported only where they are asked for.
"""

from pathlib import Path
from typing import NamedTuple

from velib_assets.catalog.catalog import Catalog
from velib_assets.catalog.sqlite_catalog import LocalCatalog
from velib_assets.clean.local_clean_job import CleanJob, LocalCleanJob
from velib_assets.ingest.feeds.archive import Archive
from velib_assets.ingest.feeds.feed import Feed
from velib_assets.ingest.feeds.feed_table import FEEDS
from velib_assets.ingest.feeds.live_feed import live_feed
from velib_assets.ingest.local_ingest import Ingest, LocalIngest
from velib_assets.lake.folder_store import FolderStore
from velib_assets.lake.store import LakeStore
from velib_assets.query.duckdb_engine import LocalQueryEngine
from velib_assets.query.engine import QueryEngine
from velib_assets.settings import Settings, dagster_home
from velib_assets.simulator.faults import parse_faults
from velib_assets.simulator.simulator import Simulator


class Resources(NamedTuple):
    """The resources of the graph, by the names that the assets know them by."""

    lake: LakeStore
    ingest: Ingest
    clean_job: CleanJob
    catalog: Catalog
    query_engine: QueryEngine


def build_resources(settings: Settings) -> Resources:
    """The resources for these settings; nothing is opened or called yet."""
    return _on_aws(settings) if settings.target == "aws" else _local(settings)


def feed_of(settings: Settings) -> Feed:
    """The feed that VELIB_SOURCE names."""
    if settings.source == "archive":
        return _archive(settings)
    if settings.source == "simulator":
        return Simulator(faults=parse_faults(settings.simulator_faults))
    return live_feed(settings.source, _base_url(settings))


def _archive(settings: Settings) -> Feed:
    if not settings.archive.startswith("s3://"):
        return Archive(Path(settings.archive))
    from velib_assets.ingest.feeds.s3_archive_client import BucketArchive  # noqa: PLC0415 - see above

    return BucketArchive(settings.archive, settings.names.region)


def _local(settings: Settings) -> Resources:
    store, catalog = FolderStore(settings.lake), LocalCatalog(settings.lake)
    return Resources(
        store,
        LocalIngest(store, feed_of(settings)),
        LocalCleanJob(store),
        catalog,
        LocalQueryEngine(settings.lake, catalog),
    )


def _on_aws(settings: Settings) -> Resources:
    from velib_assets.catalog.glue_catalog_client import CrawledCatalog, GlueCatalog  # noqa: PLC0415 - see above
    from velib_assets.clean.glue_client import GlueCleanJob  # noqa: PLC0415 - likewise
    from velib_assets.ingest.lambda_client import LambdaIngest  # noqa: PLC0415 - likewise
    from velib_assets.lake.bucket_store import BucketStore  # noqa: PLC0415 - likewise
    from velib_assets.query.athena_engine import AthenaQueryEngine  # noqa: PLC0415 - likewise

    names = settings.names
    store = BucketStore(names.bucket, region=names.region)
    catalog = CrawledCatalog(names) if settings.catalog_mode == "crawler" else GlueCatalog(names)
    return Resources(
        store,
        LambdaIngest(store, feed_of(settings), names, _own_url(settings)),
        GlueCleanJob(names),
        catalog,
        AthenaQueryEngine(names, catalog, store, dagster_home() / "mirror" / names.bucket),
    )


def _own_url(settings: Settings) -> str:
    """The feed's base URL if a setting replaces the default; otherwise the function's own settings apply."""
    url = _base_url(settings)
    return "" if url in [feed.base_url for feed in FEEDS.values()] else url


def _base_url(settings: Settings) -> str:
    return {"opendata": settings.opendata_url, "gbfs": settings.gbfs_url}.get(settings.source, "")
