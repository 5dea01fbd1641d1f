"""A lake of simulated hours, made by the steps of the pipeline without Dagster."""

from datetime import datetime
from pathlib import Path

from velib_assets.catalog.sqlite_catalog import LocalCatalog
from velib_assets.clean.local_clean_job import LocalCleanJob
from velib_assets.defs.clean_stations import clean_hours
from velib_assets.defs.raw_snapshot import RESTORE_ONLY, ingest_hours
from velib_assets.ingest.step import Ingest
from velib_assets.lake.folder_store import FolderStore
from velib_assets.lake.keys import HOUR
from velib_assets.simulator.simulator import Simulator


def simulated_lake(folder: Path, first: datetime, hours: int, stations: int = 60) -> None:
    """Fill a folder with so many hours from `first` on: raw, clean and the catalog."""
    store = FolderStore(folder)
    wanted = [first + n * HOUR for n in range(hours)]
    list(ingest_hours(store, Ingest(store, Simulator(stations=stations)), wanted, {RESTORE_ONLY: "true"}))
    list(clean_hours(store, LocalCleanJob(store, 1), wanted))
    LocalCatalog(folder).prepare()  # registers the files that it finds
