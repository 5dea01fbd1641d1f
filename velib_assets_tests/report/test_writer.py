"""The report's files as others read them: the page with its data, CSV and Parquet, each replaced whole."""

import csv
import json
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from velib_assets.catalog.sqlite_catalog import LocalCatalog
from velib_assets.lake.folder_store import FolderStore
from velib_assets.lake.keys import REPORT_KEY, export_key
from velib_assets.lake.store import Change
from velib_assets.query.duckdb_engine import LocalQueryEngine
from velib_assets.report.report_data import load_report_data
from velib_assets.report.writer import WrittenReport, write_report
from velib_assets_tests.kpi_lake import at, engine_over, row

NAME = 'Île, "Saint" <Louis>'
ROWS = [
    row("a", 0, 20, "2022-06-04 10:00", name=NAME),
    row("a", 0, 20, "2022-06-04 10:15", name=NAME),
    row("b", None, None, "2022-06-04 10:15", lat=None),
]


def written(lake: Path, store: FolderStore | None = None) -> WrittenReport:
    catalog, there = LocalCatalog(lake), FolderStore(lake)
    found = load_report_data(LocalQueryEngine(lake, catalog), catalog, there, at("2022-06-04 10:20"))
    return write_report(store or there, found)


@pytest.fixture
def lake(tmp_path: Path) -> Path:
    engine_over(tmp_path, ROWS)
    return tmp_path


def rows_of_part(lake: Path, name: str) -> list[dict[str, str]]:
    with (lake / export_key(name, "csv")).open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_the_page_holds_the_object(lake: Path) -> None:
    made = written(lake)
    page = Path(made.address).read_text(encoding="utf-8")
    assert (lake / REPORT_KEY).stat().st_size == made.size
    (data,) = re.findall(r'<script[^>]*\bid="?data"?[^>]*>(.*?)</script>', page, re.DOTALL)
    assert json.loads(data) == made.report
    assert NAME not in data


def test_every_listed_export_is_there_with_its_rows(lake: Path) -> None:
    made = written(lake)
    folder = (lake / REPORT_KEY).parent
    for export in made.report["exports"]:
        assert pq.read_table(folder / export["parquet"]).num_rows == export["rows"]
        assert len(rows_of_part(lake, export["name"])) == export["rows"]
    listed = {folder / export[form] for export in made.report["exports"] for form in ("csv", "parquet")}
    assert listed == set((folder / "data").iterdir())


def test_a_csv_says_what_the_view_says(lake: Path) -> None:
    written(lake)
    assert rows_of_part(lake, "kpi_shortage") == [
        {
            "ingested_ts": "2022-06-04T10:15:00Z",
            "station_id": "a",
            "name": NAME,
            "arrondissement": "Paris 1er",
            "bikes": "0",
            "docks": "20",
            "fill_rate": "0",
            "date": "2022-06-04",
            "hour": "10",
        }
    ]
    (episode,) = rows_of_part(lake, "kpi_episodes")
    assert (episode["start_ts"], episode["minutes"]) == ("2022-06-04T10:00:00Z", "15")
    assert [one["lat"] for one in rows_of_part(lake, "stations")] == ["48.85", ""]


def test_parquet_has_the_types_of_the_table(lake: Path) -> None:
    written(lake)
    table = pq.read_table(lake / export_key("station_history", "parquet"))
    assert table.schema.field("ingested_ts").type == pa.timestamp("ms", "UTC")
    assert table.schema.field("bikes").type == pa.int32()
    assert table.to_pylist() == [
        {"ingested_ts": at("2022-06-04 10:00"), "station_id": "a", "bikes": 0, "docks": 20},
        {"ingested_ts": at("2022-06-04 10:15"), "station_id": "a", "bikes": 0, "docks": 20},
        {"ingested_ts": at("2022-06-04 10:00"), "station_id": "b", "bikes": None, "docks": None},
        {"ingested_ts": at("2022-06-04 10:15"), "station_id": "b", "bikes": None, "docks": None},
    ]


def test_an_empty_lake_has_every_file_with_its_columns(tmp_path: Path) -> None:
    made = written(tmp_path)
    assert {export["rows"] for export in made.report["exports"]} == {0}
    table = pq.read_table(tmp_path / export_key("stations", "parquet"))
    assert table.column_names[:3] == ["station_id", "name", "commune"]


class Full(FolderStore):
    """A store that has no room for one file."""

    def __init__(self, root: Path, refused: str) -> None:
        super().__init__(root)
        self._refused = refused

    def publish(self, changes: Sequence[Change], still: Callable[[], bool]) -> bool:
        """See LakeStore."""
        if any(change.key == self._refused for change in changes):
            raise OSError(28, "No space left on device")
        return super().publish(changes, still)


def test_a_page_is_only_replaced_after_all_that_it_links_to(lake: Path) -> None:
    written(lake)
    before = (lake / REPORT_KEY).read_bytes()
    with pytest.raises(OSError, match="No space"):
        written(lake, Full(lake, export_key("quarantined", "csv")))
    assert (lake / REPORT_KEY).read_bytes() == before
    assert not [path for path in (lake / "reports").rglob("*") if path.name.startswith(".")]


def test_a_report_is_replaced_and_nothing_else_is_touched(lake: Path) -> None:
    def others() -> dict[str, Any]:
        files = [path for path in lake.rglob("*") if path.is_file() and "reports" not in path.parts]
        return {str(path): path.stat().st_mtime_ns for path in files}

    written(lake)
    before = others()
    written(lake)
    assert others() == before
