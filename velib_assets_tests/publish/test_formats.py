"""The libraries of the formats accept a published month, and DuckDB reads it over HTTP with range requests.

They are in an environment of their own (constraints-formats.txt): the pipeline needs none of them.
"""

import json
import os
import shutil
import subprocess
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from velib_assets.catalog.sqlite_catalog import LocalCatalog
from velib_assets.lake.folder_store import FolderStore
from velib_assets.publish.dataset import dataset_files
from velib_assets.publish.folder_target import write_folder
from velib_assets.publish.month_data import MonthData, load_month
from velib_assets.publish.provenance import VELIB
from velib_assets.publish.published_tables import TABLES
from velib_assets.query.duckdb_engine import LocalQueryEngine
from velib_assets_tests.aws.emulator.environments import EnvironmentFailedError, Environments
from velib_assets_tests.publish.history_lakes import recorded_lake, simulated_history
from velib_assets_tests.publish.other_network import LICENCES, provenance
from velib_assets_tests.publish.range_server import RangeServer
from velib_assets_tests.samples import record, records

FIRST = datetime(2024, 3, 31, tzinfo=UTC)
LATER = datetime(2026, 1, 1, tzinfo=UTC)
FRICTIONLESS = """
import json, sys
from frictionless import Resource, validate
from pyarrow import parquet

folder, most = sys.argv[1], int(sys.argv[2])
report = validate(folder + "/datapackage.json")
errors, rows = report.flatten(["type", "note"]), {}
for described in json.load(open(folder + "/datapackage.json"))["resources"]:
    if described["format"] == "parquet":  # the library's own reader takes a null for text
        table = parquet.read_table(f"{folder}/{described['path']}").slice(0, most)
        data = [table.column_names, *(list(row.values()) for row in table.to_pylist())]
        task = Resource({"name": "rows", "data": data, "schema": described["schema"]}).validate().tasks[0]
        errors += [[error.type, error.note] for error in task.errors]
        rows[described["name"]] = task.stats["rows"]
sizes = {task.name: task.stats["bytes"] for task in report.tasks}
print(json.dumps({"errors": errors, "rows": rows, "bytes": sizes}))
"""
CROISSANT = """
import json, logging, sys
from itertools import islice

class Kept(logging.Handler):
    messages = []
    def emit(self, record):
        self.messages.append(record.getMessage())

logging.getLogger().addHandler(Kept())
logging.getLogger("absl").addHandler(Kept())
import mlcroissant

dataset = mlcroissant.Dataset(sys.argv[1] + "/croissant.json")
issues = dataset.metadata.ctx.issues
most = int(sys.argv[2])
rows = {part.id: len(list(islice(dataset.records(part.id), most))) for part in dataset.metadata.record_sets}
print(json.dumps({"issues": [*issues.errors, *issues.warnings, *Kept.messages], "rows": rows}))
"""
DUCKDB = """
import json, sys
from pathlib import Path
import duckdb, duckdb_extension_httpfs

base, station = sys.argv[1:]
database = duckdb.connect()
folder = Path(duckdb_extension_httpfs.__file__).parent / "extensions" / f"v{duckdb.__version__}"
database.execute(f"LOAD '{folder / 'httpfs.duckdb_extension'}'")
history = f"{base}/station_history.parquet"
of_station = f"SELECT count(*), sum(bikes) FROM '{history}' WHERE station_id = '{station}'"
days = f"SELECT date, slots_stored FROM '{base}/kpi_daily_network.parquet' ORDER BY date"
slots = f"SELECT state, count(*) FROM '{base}/coverage.csv' GROUP BY ALL ORDER BY ALL"
print(json.dumps([database.execute(sql).fetchall() for sql in (of_station, days, slots)]))
"""


@pytest.fixture(scope="module")
def formats() -> Path:
    """Return the interpreter that has the libraries; creating it must succeed under CI."""
    try:
        return Environments.default().formats
    except (EnvironmentFailedError, OSError) as error:
        if os.environ.get("CI") == "true":
            raise
        pytest.skip(f"THE LIBRARIES OF THE FORMATS ARE MISSING: {error}")


def month_of(lake: Path, month: date) -> MonthData:
    return load_month(FolderStore(lake), LocalCatalog(lake), month, LATER)


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("lake")
    simulated_history(folder, FIRST, 24, stations=300)
    return folder


@pytest.fixture(scope="module")
def published(lake: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("published") / "velib-2024-03"
    write_folder(folder, dataset_files(month_of(lake, date(2024, 3, 1)), VELIB))
    return folder


@pytest.fixture(scope="module")
def unusual(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a published month with null counts, unusual names, and one snapshot."""
    lake = tmp_path_factory.mktemp("unusual")
    nothing = {"numbikesavailable": None, "numdocksavailable": None, "mechanical": None, "ebike": None}
    rows = [
        *records(40),
        record("9001", name='a "b", <c>|\n', **nothing, capacity=None, coordonnees_geo=None, duedate=None),
        record("31024_relais", name=None, nom_arrondissement_communes=None, is_installed="?"),
    ]
    recorded_lake(lake, {datetime(2022, 6, 4, 10, tzinfo=UTC): rows})
    folder = lake / "published" / "velib-2022-06"
    write_folder(folder, dataset_files(month_of(lake, date(2022, 6, 1)), VELIB))
    return folder


def run(python: Path, script: str, *arguments: str) -> Any:
    done = subprocess.run([python, "-c", script, *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout.splitlines()[-1])


def test_frictionless_validates_files_and_rows(formats: Path, published: Path) -> None:
    """Each file's size and hash, and up to 2,000 rows of each table against its schema."""
    found = run(formats, FRICTIONLESS, str(published), "2000")
    assert found["errors"] == []
    assert found["bytes"] == {table.name: (published / table.file).stat().st_size for table in TABLES}
    assert found["rows"]["station_history"] == 2000
    assert found["rows"].keys() == {table.name for table in TABLES if table.form == "parquet"}


def test_mlcroissant_validates_and_reads_rows(formats: Path, lake: Path, published: Path) -> None:
    found = run(formats, CROISSANT, str(published), "3000")
    rows = month_of(lake, date(2024, 3, 1)).rows
    assert found == {"issues": [], "rows": {name: min(count, 3000) for name, count in rows.items()}}


def test_nulls_and_unusual_text_are_valid_too(formats: Path, unusual: Path) -> None:
    found = run(formats, FRICTIONLESS, str(unusual), "100")
    assert (found["errors"], found["rows"]["station_history"]) == ([], 42)
    found = run(formats, CROISSANT, str(unusual), "100")
    assert (found["issues"], found["rows"]["station_history"]) == ([], 42)


@pytest.mark.parametrize("licence", LICENCES)
def test_month_of_another_network_is_valid(
    formats: Path, unusual: Path, tmp_path: Path, licence: str
) -> None:
    """Whatever its feed says of the licence; a name may have any character."""
    lake = unusual.parents[1]
    write_folder(tmp_path / "bay", dataset_files(month_of(lake, date(2022, 6, 1)), provenance(licence)))
    assert run(formats, FRICTIONLESS, str(tmp_path / "bay"), "10")["errors"] == []
    assert run(formats, CROISSANT, str(tmp_path / "bay"), "10")["issues"] == []
    check_citation(formats, tmp_path / "bay")


def test_validators_notice_what_is_wrong(formats: Path, unusual: Path, tmp_path: Path) -> None:
    """They are no formality."""
    copy = tmp_path / "copy"
    shutil.copytree(unusual, copy)
    coverage = (copy / "coverage.csv").read_text()
    (copy / "coverage.csv").write_text(coverage.replace(",missed,0,0", ",lost,x,0", 1))
    shutil.copy(copy / "stations.parquet", copy / "kpi_daily_station.parquet")
    found = run(formats, FRICTIONLESS, str(copy), "100")
    kinds = {kind for kind, _ in found["errors"]}
    assert {"constraint-error", "type-error", "hash-count", "byte-count"} <= kinds
    croissant = json.loads((copy / "croissant.json").read_text())
    croissant["recordSet"][0]["field"][0]["source"]["extract"]["column"] = "no_such_column"
    (copy / "croissant.json").write_text(json.dumps(croissant))
    command = [str(formats), "-c", CROISSANT, str(copy), "100"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, "no_such_column" in done.stderr) == (1, True)


def test_citation_is_valid(formats: Path, published: Path, unusual: Path) -> None:
    for folder in (published, unusual):
        check_citation(formats, folder)


def check_citation(formats: Path, folder: Path) -> None:
    program = str(formats.with_name("cffconvert"))
    command = [program, "--validate", "--infile", str(folder / "CITATION.cff")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "valid according to schema version 1.2.0" in done.stdout


def test_sha256sum_verifies_the_folder(published: Path) -> None:
    command = ["sha256sum", "--check", "--strict", "SHA256SUMS"]
    done = subprocess.run(command, cwd=published, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.count(": OK")) == (0, len(list(published.iterdir())) - 1)


def test_duckdb_reads_a_station_over_http_in_parts(formats: Path, lake: Path, published: Path) -> None:
    """Every request for Parquet is one for a range, and together they are a part of the file."""
    history = published / "station_history.parquet"
    engine = LocalQueryEngine(lake, LocalCatalog(lake))
    of_a_station = "SELECT station_id, count(*), sum(bikes) FROM source_velib GROUP BY 1 ORDER BY 1 LIMIT 1"
    ((station, *expected),) = engine.query(of_a_station).to_numpy().tolist()
    with RangeServer(published) as server:
        row, days, slots = run(formats, DUCKDB, server.url, station)
    assert row == [expected]
    assert days == [["2024-03-31", 88]]
    assert slots == [["missed", 30 * 96], ["stored", 96]]
    parts = [part for part in server.served if part.name == history.name and part.method == "GET"]
    assert {part.status for part in parts} == {206}
    assert sum(part.size for part in parts) < history.stat().st_size / 2
