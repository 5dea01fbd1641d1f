"""A published month has what the lake has: rows, sums, register, daily KPIs, every slot; byte for byte."""

import csv
import hashlib
import io
import json
import os
import re
import shutil
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from velib_assets.catalog.registration import hashed_partition_of
from velib_assets.catalog.sqlite_catalog import LocalCatalog
from velib_assets.history.retirement import retire_before
from velib_assets.lake.folder_store import FolderStore
from velib_assets.lake.keys import SLOT, STATIONS_KEY, iso_z
from velib_assets.lake.local_days import day_bounds
from velib_assets.lake.packing import pack_day
from velib_assets.publish.dataset import dataset_files
from velib_assets.publish.month_data import load_month
from velib_assets.publish.provenance import VELIB, DataSource, Licence, Provenance
from velib_assets.publish.published_tables import DAILY, TABLES
from velib_assets.query.duckdb_engine import LocalQueryEngine
from velib_assets_tests.publish.history_lakes import (
    add_daily_layer,
    compact,
    recorded_lake,
    simulated_history,
)
from velib_assets_tests.samples import pair, record, records

MARCH = date(2024, 3, 1)
LATER = datetime(2026, 1, 1, tzinfo=UTC)
FIRST = datetime(2024, 3, 30, 20, tzinfo=UTC)  # the clocks go forward in Paris on the 31st
HOURS = 34


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a lake of 28 hours of March and six of April, with a gap of an hour."""
    folder = tmp_path_factory.mktemp("lake")
    simulated_history(folder, FIRST, HOURS, stations=30)
    return folder


def publish(folder: Path, month: date = MARCH, now: datetime = LATER) -> dict[str, bytes]:
    return dataset_files(load_month(FolderStore(folder), LocalCatalog(folder), month, now), VELIB)


def table(files: dict[str, bytes], name: str) -> pa.Table:
    return pq.read_table(io.BytesIO(files[f"{name}.parquet"]))


def coverage(files: dict[str, bytes]) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(files["coverage.csv"].decode())))


def states(files: dict[str, bytes]) -> dict[str, str]:
    return {row["slot"]: row["state"] for row in coverage(files) if row["state"] != "missed"}


@pytest.fixture(scope="module")
def files(lake: Path) -> dict[str, bytes]:
    return publish(lake)


def test_rows_and_sums_are_those_of_the_lake(lake: Path, files: dict[str, bytes]) -> None:
    numbers = "count(*), sum(bikes), sum(docks), count(fill_rate), sum(fill_rate), count(DISTINCT station_id)"
    engine = LocalQueryEngine(lake, LocalCatalog(lake))
    expected = engine.query_table(f"SELECT {numbers} FROM source_velib WHERE \"date\" LIKE '2024-03-%'")  # noqa: S608
    history = table(files, "station_history")
    with duckdb.connect() as db:
        (found,) = db.sql(f"SELECT {numbers} FROM history").fetchall()  # noqa: S608
    assert history.num_rows == 28 * 4 * 30
    assert found == pytest.approx(tuple(column[0].as_py() for column in expected.columns))
    order = list(zip(history["station_id"].to_pylist(), history["ingested_ts"].to_pylist(), strict=True))
    assert order == sorted(order)


def test_every_row_is_that_of_the_lake(lake: Path, files: dict[str, bytes]) -> None:
    engine = LocalQueryEngine(lake, LocalCatalog(lake))
    rows = "SELECT * FROM source_velib WHERE \"date\" LIKE '2024-03-%' ORDER BY station_id, ingested_ts"
    expected = engine.query_table(rows).to_pylist()
    history = table(files, "station_history").to_pylist()
    naive = [
        {k: v.replace(tzinfo=None) if isinstance(v, datetime) else v for k, v in row.items()}
        for row in history
    ]
    assert naive == expected


@pytest.mark.parametrize("name", [published.name for published in DAILY])
def test_daily_kpis_are_those_of_the_lake(lake: Path, files: dict[str, bytes], name: str) -> None:
    engine = LocalQueryEngine(lake, LocalCatalog(lake))
    found = table(files, name)
    key = [column for column in ("date", "station_id") if column in found.column_names]
    names, where = ", ".join(found.column_names), "\"date\" LIKE '2024-03-%'"
    sql = f"SELECT {names} FROM {name} WHERE {where} ORDER BY {', '.join(key)}"  # noqa: S608
    assert found.num_rows > 0
    assert found.to_pylist() == engine.query_table(sql).to_pylist()


def test_days_are_local_days_and_the_month_is_utc(files: dict[str, bytes]) -> None:
    """On 31 March 2024 Paris has 23 hours. Two hours of 1 April are in the UTC month: that day is April's."""
    network = table(files, "kpi_daily_network").to_pylist()
    assert [row["date"] for row in network] == ["2024-03-30", "2024-03-31"]
    assert [row["slots"] for row in network] == [96, 92]
    start, end = day_bounds(date(2024, 3, 31))
    assert (end - start) == timedelta(hours=23)
    assert [row["slots_stored"] for row in network] == [12, 92]
    last = pc.max(table(files, "station_history")["ingested_ts"]).as_py()
    assert last == datetime(2024, 3, 31, 23, 45, tzinfo=UTC)


@pytest.mark.parametrize("prefix", ["history/", "kpi/"])
def test_month_that_is_built_again_while_it_is_read_is_of_one_history(tmp_path: Path, prefix: str) -> None:
    """A late snapshot comes after some files were read: the tables agree, and nothing is called damaged."""
    noon = datetime(2022, 6, 4, 12, tzinfo=UTC)
    recorded_lake(tmp_path, {noon: records(30), noon + timedelta(days=1): records(30)})

    class BusyLake(FolderStore):
        is_late = False

        def read(self, key: str) -> bytes:
            if key.startswith(prefix) and not self.is_late:
                self.is_late = True
                recorded_lake(tmp_path, {noon + timedelta(minutes=15): records(30)})
                LocalCatalog(tmp_path).register([hashed_partition_of(FolderStore(tmp_path), noon)])
                add_daily_layer(tmp_path)
            return super().read(key)

    lake = BusyLake(tmp_path)
    month = load_month(lake, LocalCatalog(tmp_path), date(2022, 6, 1), LATER)
    files = dataset_files(month, VELIB)
    assert lake.is_late
    assert table(files, "station_history").num_rows == 90
    assert pc.sum(table(files, "kpi_daily_station")["snapshots"]).as_py() == 90
    assert sum(int(row["rows"]) for row in coverage(files)) == 90


def test_every_slot_of_the_month_has_a_state(files: dict[str, bytes]) -> None:
    rows = coverage(files)
    start = datetime(2024, 3, 1, tzinfo=UTC)
    assert [row["slot"] for row in rows] == [iso_z(start + n * SLOT) for n in range(31 * 96)]
    assert {row["state"] for row in rows} == {"stored", "missed"}
    assert sum(int(row["snapshots"]) for row in rows) == 28 * 4
    assert sum(int(row["rows"]) for row in rows) == 28 * 4 * 30
    assert len(states(files)) == 28 * 4


def test_register_has_the_stretches_of_the_month(lake: Path, files: dict[str, bytes]) -> None:
    register = pq.read_table(lake / STATIONS_KEY, partitioning=None)
    assert table(files, "stations").num_rows == register.num_rows == 30
    assert table(files, "stations")["valid_to"].null_count == 30


def test_same_lake_gives_the_same_bytes(lake: Path, files: dict[str, bytes], tmp_path: Path) -> None:
    """Whenever, wherever the lake is, and whether the month is compacted, raw packed or the catalog lost."""
    copy = tmp_path / "elsewhere" / "copy"
    shutil.copytree(lake, copy)
    assert publish(copy, now=LATER + timedelta(days=400)) == files
    compact(copy)
    assert publish(copy) == files
    for day in (date(2024, 3, 30), date(2024, 3, 31)):
        pack_day(FolderStore(copy), day)
    assert publish(copy) == files
    (copy / "catalog.sqlite").unlink()
    LocalCatalog(copy).prepare()
    assert publish(copy) == files
    assert not any(
        str(tmp_path).encode() in data or os.uname().nodename.encode() in data for data in files.values()
    )


def test_later_months_change_nothing(lake: Path, files: dict[str, bytes], tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(lake, copy)
    simulated_history(copy, datetime(2024, 4, 2, tzinfo=UTC), 2, stations=20)
    assert publish(copy) == files


def test_sums_are_those_of_all_other_files(files: dict[str, bytes]) -> None:
    sums = dict(line.split("  ")[::-1] for line in files["SHA256SUMS"].decode().splitlines())
    assert sums == {
        name: hashlib.sha256(data).hexdigest() for name, data in files.items() if name != "SHA256SUMS"
    }
    assert list(sums) == sorted(sums)


def test_every_file_is_described(files: dict[str, bytes]) -> None:
    card = files["README.md"].decode()
    assert [name for name in files if f"`{name}`" not in card and name != "README.md"] == []
    package = json.loads(files["datapackage.json"])
    assert [resource["path"] for resource in package["resources"]] == [published.file for published in TABLES]
    croissant = json.loads(files["croissant.json"])
    assert [part["contentUrl"] for part in croissant["distribution"]] == [
        published.file for published in TABLES
    ]


def test_every_column_is_described_as_it_is(files: dict[str, bytes]) -> None:
    """In the order of the file, with its type, and with its unit where it has one."""
    kinds = {"int32": "int", "int64": "bigint", "bool": "boolean", "timestamp[ms, tz=UTC]": "timestamp"}
    card = files["README.md"].decode()
    for published in TABLES:
        section = card.partition(f"### {published.file}\n")[2].partition("\n## ")[0].partition("\n### ")[0]
        described = re.findall(r"^\| `(\w+)` \| (\w+) \| (.*?) \| (.+) \|$", section, re.MULTILINE)
        assert [name for name, *_ in described] == [column.name for column in published.columns]
        assert all(meaning for *_, meaning in described)
        if published.form == "parquet":
            schema = table(files, published.name).schema
            actual = [(field.name, kinds.get(str(field.type), str(field.type))) for field in schema]
            assert [(name, kind) for name, kind, *_ in described] == actual
        else:
            header = files[published.file].decode().partition("\n")[0].split(",")
            assert [name for name, *_ in described] == header


def test_licence_is_whole(files: dict[str, bytes]) -> None:
    """The text of Open Data Commons, as the SPDX licence list has it."""
    text = files["LICENSE-ODbL.txt"]
    assert (
        hashlib.sha256(text).hexdigest() == "77d2692c3d64efdd4db18dce2407699baf62930e2b50d6e5ed90b48acf16b7c1"
    )
    assert text.startswith(b"## Open Data Commons Open Database License (ODbL)\n")
    assert text.endswith(b"meet the\nterms of this License.\n")


def test_simulated_data_are_called_so(files: dict[str, bytes]) -> None:
    for name in ("README.md", "datapackage.json", "croissant.json", "CITATION.cff"):
        text = files[name].decode()
        assert "(simulated)" in text
        assert "Fictional data" in text
        assert "Ville de Paris open data" not in text


def test_another_network_changes_one_place(tmp_path: Path) -> None:
    """Its name, sources, licence, attribution and time zone; columns are described by the lake's schema."""
    terms = Licence("CC0-1.0", "CC0", "https://example.org/cc0", "LICENSE-ODbL.txt")
    source = DataSource("The city's feed", "https://example.org/feed", "free", ("City of Elsewhere",))
    other = Provenance(
        "elsewhere", "Elsewhere Bikes", "Elsewhere", "UTC", terms, ("bikes",), {"opendata": source}
    )
    recorded_lake(tmp_path, {at("2022-06-04T10:00"): records(40)})
    files = dataset_files(
        load_month(FolderStore(tmp_path), LocalCatalog(tmp_path), date(2022, 6, 1), LATER), other
    )
    described = {
        name: files[name].decode() for name in ("datapackage.json", "croissant.json", "CITATION.cff")
    }
    described["README.md"] = files["README.md"].decode().partition("## Columns")[0]
    for name, text in described.items():
        assert re.findall(r"V[ée]lib|ODbL|opendata", text.replace("LICENSE-ODbL.txt", "")) == [], name
        assert "Elsewhere Bikes" in text
    assert json.loads(files["datapackage.json"])["name"] == "elsewhere-2022-06"


def test_queries_of_the_card_run(
    files: dict[str, bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
    monkeypatch.chdir(tmp_path)
    blocks = dict(re.findall(r"^```(\w+)\n(.*?)^```$", files["README.md"].decode(), re.DOTALL | re.MULTILINE))
    with duckdb.connect() as db:
        assert len(db.sql(blocks["sql"]).fetchall()) == 28 * 4
    names: dict[str, Any] = {}
    exec(blocks["python"], names)  # noqa: S102 - as a reader does
    assert (len(names["history"]), len(names["stations"])) == (28 * 4 * 30, 30)


# Lakes that lack something


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_gaps_are_said(tmp_path: Path) -> None:
    times = ["2022-06-04T10:00", "2022-06-04T10:15", "2022-06-04T13:31:07"]
    store = recorded_lake(tmp_path, {at(time): records(40) for time in times})
    card = publish(tmp_path, date(2022, 6, 1))["README.md"].decode()
    assert "Of 2,880 quarters of an hour, 3 have a snapshot" in card
    assert "| 2022-06-04T10:30:00Z | 2022-06-04T13:30:00Z | 3.00 | 0 |" in card
    assert "(simulated)" not in card
    assert "Credit: **Vélib' Métropole / Ville de Paris open data**" in card
    assert store.folders("published/") == []


def test_quarantined_slots_are_covered_as_such(tmp_path: Path) -> None:
    store = recorded_lake(tmp_path, {at("2022-06-04T10:00"): records(40)})
    stem = "quarantine/source=velib/date=2022-06-04/hour=10/velib_20220604_101500_0123456789ab"
    store.create(f"{stem}.body", b"<html>")
    store.create(f"{stem}.reason.json", b'{"code": "not_json", "reason": "\\n| `"}')
    files = publish(tmp_path, date(2022, 6, 1))
    assert states(files) == {"2022-06-04T10:00:00Z": "stored", "2022-06-04T10:15:00Z": "quarantined"}
    assert "1 have only a response that is not usable" in files["README.md"].decode()


def test_snapshot_that_is_not_cleaned_is_said(tmp_path: Path) -> None:
    recorded_lake(tmp_path, {at("2022-06-04T10:00"): records(40)})
    other = tmp_path / "other"
    recorded_lake(other, {at("2022-06-04T12:00"): records(40)})
    shutil.copytree(other / "raw", tmp_path / "raw", dirs_exist_ok=True)
    files = publish(tmp_path, date(2022, 6, 1))
    rows = {row["slot"]: row["rows"] for row in coverage(files) if row["state"] == "stored"}
    assert rows == {"2022-06-04T10:00:00Z": "40", "2022-06-04T12:00:00Z": "0"}
    assert "1 quarter of an hour with a snapshot have no rows here" in files["README.md"].decode()


def test_slots_of_published_rows_are_stored_without_raw(tmp_path: Path) -> None:
    """Raw may have been moved away once it is in history."""
    recorded_lake(tmp_path, {at("2022-06-04T10:00"): records(40)})
    shutil.rmtree(tmp_path / "raw")
    assert states(publish(tmp_path, date(2022, 6, 1))) == {"2022-06-04T10:00:00Z": "stored"}


UNUSUAL = [
    'Île "Saint" <b>|</b> `x`',
    "a,b\nc\r\n",
    "=1+1",
    "${title} $x",
    "\N{REPLACEMENT CHARACTER}",
    "東京 🚲",
    "]]>",
    "{}",
]


def test_unusual_text_is_published_as_it_is(tmp_path: Path) -> None:
    rows = [*records(40), *(record(f"9{n:03}", name=name) for n, name in enumerate(UNUSUAL))]
    recorded_lake(tmp_path, {at("2022-06-04T10:00"): rows})
    files = publish(tmp_path, date(2022, 6, 1))
    clean = pq.read_table(next((tmp_path / "clean").rglob("*.parquet")), partitioning=None)
    assert table(files, "station_history")["name"].to_pylist() == clean["name"].to_pylist()
    assert set(table(files, "stations")["name"].to_pylist()) == set(clean["name"].to_pylist())
    for name in ("README.md", "datapackage.json", "croissant.json", "CITATION.cff", "coverage.csv"):
        assert "Saint" not in files[name].decode()


def test_two_feeds_are_both_credited(tmp_path: Path) -> None:
    pairs = [pair(str(1001 + n)) for n in range(40)]
    portal, operator = at("2022-06-04T10:00"), at("2022-06-04T12:00")
    recorded_lake(tmp_path, {portal: records(40), operator: pairs}, {operator: "gbfs"})
    files = publish(tmp_path, date(2022, 6, 1))
    sources = json.loads(files["datapackage.json"])["sources"]
    assert [source["title"].split()[0] for source in sources] == ["Vélib", "GBFS"]


@pytest.mark.parametrize("month", ["2022-02", "2024-02", "2022-10", "2022-12"])
def test_month_of_any_length_is_covered(tmp_path: Path, month: str) -> None:
    """Also one in which the clocks change, and the last of a year; its last and first snapshots are there."""
    first = at(f"{month}-01T00:00")
    end = (first + timedelta(days=32)).replace(day=1)
    times = [first - SLOT, first, end - SLOT, end]
    recorded_lake(tmp_path, {moment: records(40) for moment in times})
    files = publish(tmp_path, first.date())
    assert len(coverage(files)) == (end - first) // SLOT
    assert list(states(files)) == [iso_z(first), iso_z(end - SLOT)]
    dates = table(files, "kpi_daily_network")["date"].to_pylist()
    assert dates[0] == f"{month}-01"
    assert dates[-1] <= (end - timedelta(days=1)).strftime("%Y-%m-%d")


def test_register_is_cut_at_the_month(tmp_path: Path) -> None:
    """A stretch that goes on has no end, also if it ended in a later month. Earlier ones are left out."""
    days = {"2022-05-31T10:00": "old", "2022-06-10T10:00": "new", "2022-07-10T10:00": "newest"}
    recorded_lake(tmp_path, {at(day): records(40, name=name) for day, name in days.items()})
    rows = table(publish(tmp_path, date(2022, 6, 1)), "stations").to_pylist()
    assert {(row["name"], row["valid_from"], row["valid_to"]) for row in rows} == {
        ("old", at("2022-05-31T10:00"), at("2022-06-10T10:00")),
        ("new", at("2022-06-10T10:00"), None),
    }
    rows = table(publish(tmp_path, date(2022, 7, 1)), "stations").to_pylist()
    assert {row["name"] for row in rows} == {"new", "newest"}


def test_month_that_has_just_begun_has_no_local_day_yet(tmp_path: Path) -> None:
    """Its only snapshot is on the second in Paris, a day that has not ended."""
    recorded_lake(tmp_path, {at("2022-06-01T22:30"): records(40)})
    files = publish(tmp_path, date(2022, 6, 1), now=at("2022-06-02T12:00"))
    assert (len(coverage(files)), table(files, "kpi_daily_network").num_rows) == (96, 0)


def test_running_month_ends_with_its_last_day_in_history(tmp_path: Path) -> None:
    times = ["2022-06-01T10:00", "2022-06-03T10:00", "2022-06-03T23:00"]  # the last is on the 4th in Paris
    recorded_lake(tmp_path, {at(time): records(40) for time in times})
    files = publish(tmp_path, date(2022, 6, 1), now=at("2022-06-05T12:00"))
    assert (len(coverage(files)), coverage(files)[-1]["slot"]) == (3 * 96, "2022-06-03T23:45:00Z")
    assert table(files, "kpi_daily_network")["date"].to_pylist() == ["2022-06-01", "2022-06-03"]
    assert "The month had not ended. The data end at 2022-06-04T00:00:00Z." in files["README.md"].decode()
    assert publish(tmp_path, date(2022, 6, 1), now=at("2022-06-29T12:00")) == files
    assert len(coverage(publish(tmp_path, date(2022, 6, 1), now=at("2022-07-01T00:00")))) == 30 * 96


def test_first_local_day_is_there_when_its_only_hours_are_retired(tmp_path: Path) -> None:
    """It begins at 22:00 UTC of the month before, of which only the history has rows."""
    recorded_lake(
        tmp_path,
        {
            datetime(2024, 3, 31, 22, 30, tzinfo=UTC): records(3),
            datetime(2024, 4, 2, 12, tzinfo=UTC): records(3),
        },
    )
    before = publish(tmp_path, date(2024, 4, 1))
    assert set(table(before, "kpi_daily_network")["date"].to_pylist()) == {"2024-04-01", "2024-04-02"}
    store, catalog = FolderStore(tmp_path), LocalCatalog(tmp_path)
    assert [one.reason for one in retire_before(store, catalog, date(2024, 4, 1))] == [""]
    assert publish(tmp_path, date(2024, 4, 1)) == before
