"""The tables of a published month: their files, what a row is, their columns and their keys."""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

from velib_assets.lake.daily_schema import DAILY_COLUMNS, DAILY_GRAINS, DAILY_PARTITION
from velib_assets.lake.months import month_text
from velib_assets.lake.schema import HISTORY_COLUMNS, STATION_COLUMNS, Column

CSV, PARQUET = "csv", "parquet"


class PublishedTable(NamedTuple):
    """A table of the data set.

    Attributes:
        name: of the table, and of its file without the extension.
        form: `parquet` or `csv`.
        grain: what one row represents.
        columns: in the order of the file.
        key: the columns that identify a row, by which rows are sorted.
        note: what a reader must know of its times; a sentence, or empty.
    """

    name: str
    form: str
    grain: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    note: str = ""

    @property
    def file(self) -> str:
        """The file's name."""
        return f"{self.name}.{self.form}"


HISTORY = PublishedTable(
    "station_history",
    PARQUET,
    "one station in a snapshot",
    HISTORY_COLUMNS,
    ("station_id", "ingested_ts"),
    "The month is that of `ingested_ts` in UTC.",
)
REGISTER = PublishedTable(
    "stations",
    PARQUET,
    "one station per stretch of time in which it was described alike, if the stretch meets the month",
    tuple(
        column._replace(description="When this ended; null if it held beyond the month")
        if column.name == "valid_to"
        else column
        for column in STATION_COLUMNS
    ),
    ("station_id", "valid_from"),
)
COVERAGE = PublishedTable(
    "coverage",
    CSV,
    "one quarter of an hour",
    (
        Column("slot", "timestamp", "Start of the quarter of an hour", "UTC"),
        Column("state", "string", "stored, quarantined (a response came and is unusable) or missed"),
        Column("snapshots", "bigint", f"Snapshots in {HISTORY.file}", "snapshots"),
        Column("rows", "bigint", f"Rows in {HISTORY.file}", "rows"),
    ),
    ("slot",),
)
_FIRST_KEY = {True: ("date", "station_id"), False: ("date",)}


def _daily(name: str) -> PublishedTable:
    columns = (*DAILY_PARTITION, *DAILY_COLUMNS[name])
    columns = tuple(
        column._replace(description=column.description.replace("Partition key: local", "Local"))
        for column in columns
    )
    by_station = any(column.name == "station_id" for column in columns)
    note = "The days are local days of the network, so the first and the last differ from the UTC month."
    return PublishedTable(name, PARQUET, DAILY_GRAINS[name], columns, _FIRST_KEY[by_station], note)


DAILY = tuple(_daily(name) for name in DAILY_COLUMNS)
TABLES = (HISTORY, *DAILY, REGISTER, COVERAGE)


def dataset_name(network: str, month: date) -> str:
    """Return the name of a published month of the network with this key, such as `velib-2022-06`."""
    return f"{network}-{month_text(month)}"
