"""The report's files: the page with its data, CSV and Parquet, each replaced atomically."""

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
from velib_assets.report.exports import csv_bytes
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
    catalog, folder = LocalCatalog(lake), FolderStore(lake)
    data = load_report_data(LocalQueryEngine(lake, catalog), catalog, folder, at("2022-06-04 10:20"))
    return write_report(store or folder, data)


@pytest.fixture
def lake(tmp_path: Path) -> Path:
    engine_over(tmp_path, ROWS)
    return tmp_path


def csv_rows(lake: Path, name: str) -> list[dict[str, str]]:
    with (lake / export_key(name, "csv")).open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_page_contains_report_object(lake: Path) -> None:
    result = written(lake)
    page = Path(result.address).read_text(encoding="utf-8")
    assert (lake / REPORT_KEY).stat().st_size == result.size
    (data,) = re.findall(r'<script[^>]*\bid="?data"?[^>]*>(.*?)</script>', page, re.DOTALL)
    assert json.loads(data) == result.report
    assert NAME not in data


def test_every_listed_export_exists_with_its_rows(lake: Path) -> None:
    result = written(lake)
    folder = (lake / REPORT_KEY).parent
    for export in result.report["exports"]:
        assert pq.read_table(folder / export["parquet"]).num_rows == export["rows"]
        assert len(csv_rows(lake, export["name"])) == export["rows"]
    listed = {folder / export[form] for export in result.report["exports"] for form in ("csv", "parquet")}
    assert listed == set((folder / "data").iterdir())


def test_csv_equals_view(lake: Path) -> None:
    written(lake)
    assert csv_rows(lake, "kpi_shortage") == [
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
    (episode,) = csv_rows(lake, "kpi_episodes")
    assert (episode["start_ts"], episode["minutes"]) == ("2022-06-04T10:00:00Z", "15")
    assert [row["lat"] for row in csv_rows(lake, "stations")] == ["48.85", ""]


def test_csv_times_keep_their_milliseconds() -> None:
    """GBFS reports milliseconds; they made the export fail."""
    times = pa.array([0, 1_654_363_999_000, 1_654_363_999_250, None], pa.timestamp("ms", "UTC"))
    assert csv_bytes(pa.table({"t": times, "n": pa.array([1, None, 3, 4], pa.int32())})).decode() == (
        '"t","n"\n"1970-01-01T00:00:00Z",1\n"2022-06-04T17:33:19Z",\n"2022-06-04T17:33:19.250Z",3\n,4\n'
    )


def test_parquet_types_equal_table_types(lake: Path) -> None:
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


def test_empty_lake_has_every_file_with_columns(tmp_path: Path) -> None:
    result = written(tmp_path)
    assert {export["rows"] for export in result.report["exports"]} == {0}
    table = pq.read_table(tmp_path / export_key("stations", "parquet"))
    assert table.column_names[:3] == ["station_id", "name", "commune"]


class FullStore(FolderStore):
    """A store that refuses one file as if the disk was full."""

    def __init__(self, root: Path, refused_key: str) -> None:
        super().__init__(root)
        self._refused_key = refused_key

    def publish(self, changes: Sequence[Change], still: Callable[[], bool]) -> bool:
        """See LakeStore."""
        if any(change.key == self._refused_key for change in changes):
            raise OSError(28, "No space left on device")
        return super().publish(changes, still)


def test_page_is_replaced_after_its_exports(lake: Path) -> None:
    written(lake)
    before = (lake / REPORT_KEY).read_bytes()
    with pytest.raises(OSError, match="No space"):
        written(lake, FullStore(lake, export_key("quarantined", "csv")))
    assert (lake / REPORT_KEY).read_bytes() == before
    assert not [path for path in (lake / "reports").rglob("*") if path.name.startswith(".")]


def test_writing_changes_nothing_outside_reports(lake: Path) -> None:
    def others() -> dict[str, Any]:
        files = [path for path in lake.rglob("*") if path.is_file() and "reports" not in path.parts]
        return {str(path): path.stat().st_mtime_ns for path in files}

    written(lake)
    before = others()
    written(lake)
    assert others() == before
