"""The tables beside `source_velib`: stations and their events, rejects, quarantine."""

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from velib_assets.catalog.sqlite_catalog import LocalCatalog
from velib_assets.clean.clean_file import encode_rejects
from velib_assets.clean.hour import clean_hour
from velib_assets.clean.typed_snapshot import Reject
from velib_assets.history.local_history_job import LocalHistoryJob
from velib_assets.ingest.response import FeedResponse
from velib_assets.ingest.step import store_or_quarantine
from velib_assets.lake.folder_store import FolderStore
from velib_assets.lake.keys import HOUR, STATIONS_KEY, hour_of, rejects_key
from velib_assets.lake.schema import QUARANTINE, REJECTS, TYPES
from velib_assets.query.duckdb_files import LakeFiles
from velib_assets.query.engine import LakeReadError, QueryError
from velib_assets.query.lake_tables import LAKE_TABLES
from velib_assets_tests.kpi_lake import T0, engine_over, row, rows_of, stretch, write_register

EVENTS = """
SELECT event_ts, station_id, event, coalesce(before, '-'), coalesce(after, '-')
FROM station_events ORDER BY 1, 2, 3
"""


def events(lake: Path, *rows: dict[str, Any]) -> list[tuple[float, str, str, str, str]]:
    """The events of a register, with their times in hours after T0; `always` is open all the time."""
    write_register(lake, stretch("always", 0, None), *rows)
    return [
        ((moment - T0.replace(tzinfo=None)) / HOUR, *rest)
        for moment, *rest in rows_of(engine_over(lake), EVENTS)
    ]


def quarantine(lake: Path, moment: datetime, body: bytes = b"<html>") -> None:
    response = FeedResponse("opendata", {"body": body})
    store_or_quarantine(FolderStore(lake), response, moment, moment)


def write_rejects(lake: Path, hour: datetime, *reasons: str) -> None:
    schema = pq.read_schema(pa.BufferReader(a_rejects_file()))
    rows = [
        {"raw_key": "raw/x", "ingested_ts": hour, "position": n, "reason": reason, "record": "{}"}
        for n, reason in enumerate(reasons)
    ]
    path = lake / rejects_key(hour)
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.Table.from_pylist(rows, schema), path)


def write_history(lake: Path, *rows: dict[str, Any]) -> None:
    """Register the hours of these rows, and then the history of their days."""
    engine_over(lake, rows)
    days = {values["ingested_ts"].date() for values in rows}
    files = [result.file() for result in LocalHistoryJob(FolderStore(lake)).run(sorted(days))]
    LocalCatalog(lake).register_history(files)


def a_rejects_file() -> bytes:
    """A rejects file as the cleaner writes it."""
    empty = clean_hour(hour_of(T0), [])
    data = encode_rejects(empty._replace(rejects=[("raw/x", T0, Reject(0, "1", "reason", "{}"))]))
    assert data is not None
    return data


@pytest.mark.parametrize("table", LAKE_TABLES, ids=lambda table: table.name)
def test_table_without_files_is_empty_and_has_its_columns(table: Any, tmp_path: Path) -> None:
    frame = engine_over(tmp_path).query(f"SELECT * FROM {table.name}")  # noqa: S608 - a declared name
    assert len(frame) == 0
    assert list(frame.columns) == [column.name for column in table.schema]
    described = rows_of(engine_over(tmp_path), f"DESCRIBE {table.name}")
    assert [(name, kind) for name, kind, _ in described] == [(c.name, c.type) for c in table.schema]
    assert (table.name,) in rows_of(engine_over(tmp_path), "SHOW TABLES")


@pytest.mark.parametrize("table", LAKE_TABLES, ids=lambda table: table.name)
def test_table_with_files_has_the_declared_types(table: Any, tmp_path: Path) -> None:
    write_register(tmp_path, stretch("a", 0, None), stretch("b", 1, 2))
    write_rejects(tmp_path, T0, "bikes is negative")
    quarantine(tmp_path, T0)
    write_history(tmp_path, row("a", 1, 2, "2024-11-01 00:00"))
    kinds = ", ".join(f"typeof({column.name})" for column in table.schema)
    found = rows_of(engine_over(tmp_path), f"SELECT {kinds} FROM {table.name} LIMIT 1")  # noqa: S608 - likewise
    assert list(found[0]) == [TYPES[column.type].duckdb for column in table.schema]


def test_declared_columns_of_rejects_are_those_of_its_files() -> None:
    table = next(table for table in LAKE_TABLES if table.name == REJECTS)
    schema = pq.read_schema(pa.BufferReader(a_rejects_file()))
    assert schema.names == [column.name for column in table.schema if column.name not in ("date", "hour")]


def test_station_events_are_opened_and_closed(tmp_path: Path) -> None:
    """The stations of the register's first moment did not open then."""
    assert events(tmp_path, stretch("new", 5, None), stretch("old", 0, 9)) == [
        (5, "new", "opened", "-", "-"),
        (9, "old", "closed", "-", "-"),
    ]


def test_gap_of_under_a_day_neither_closes_nor_opens(tmp_path: Path) -> None:
    rows = [stretch("a", 0, 9), stretch("a", 32.9, None), stretch("b", 0, 9), stretch("b", 33, None)]
    assert events(tmp_path, *rows) == [(9, "b", "closed", "-", "-"), (33, "b", "opened", "-", "-")]


def test_change_in_place_is_moved_renamed_or_resized(tmp_path: Path) -> None:
    """A degree of latitude is 111.2 km: 0.0002 are 22 m, 0.0003 are 33 m."""
    rows = [
        stretch("a", 0, 1),
        stretch("a", 1, 2, lat=48.8502),
        stretch("a", 2, 3, lat=48.8505),
        stretch("a", 3, 4, lat=48.8505, name="New"),
        stretch("a", 4, None, lat=48.8505, name="New", capacity=31),
    ]
    assert events(tmp_path, *rows) == [
        (2, "a", "moved", "48.85020, 2.35000", "48.85050, 2.35000"),
        (3, "a", "renamed", "Station a", "New"),
        (4, "a", "resized", "20", "31"),
    ]


def test_longitude_counts_by_its_length_on_the_ground(tmp_path: Path) -> None:
    """At 48.85 degrees, 0.0004 degrees of longitude are 29 m, and 0.00045 are 33 m."""
    rows = [stretch("a", 0, 1), stretch("a", 1, 2, lon=2.3504), stretch("a", 2, None, lon=2.35085)]
    assert [event[:3] for event in events(tmp_path, *rows)] == [(2, "a", "moved")]


def test_unknown_description_is_no_event(tmp_path: Path) -> None:
    unknown = dict.fromkeys(("name", "lat", "lon", "capacity"))
    assert events(tmp_path, stretch("a", 0, 1, **unknown), stretch("a", 1, None)) == []


def test_register_joins_with_the_table(tmp_path: Path) -> None:
    write_register(tmp_path, stretch("a", 0, None, name="Here"))
    query = "SELECT s.name, t.bikes FROM source_velib t JOIN stations s ON s.station_id = t.station_id"
    assert rows_of(engine_over(tmp_path, [row("a", 3, 4)]), query) == [("Here", 3)]


def test_damaged_register_is_named(tmp_path: Path) -> None:
    write_register(tmp_path, stretch("a", 0, None))
    (tmp_path / STATIONS_KEY).write_bytes(b"PAR1 not really PAR1")
    with pytest.raises(LakeReadError, match=r"stations\.parquet.*velib tick"):
        engine_over(tmp_path).query("SELECT * FROM station_events")


def test_every_failure_by_damaged_bytes_names_the_register(tmp_path: Path) -> None:
    write_register(tmp_path, stretch("a", 0, None), stretch("b", 0, None))
    path, engine = tmp_path / STATIONS_KEY, engine_over(tmp_path)
    good, failures = path.read_bytes(), []
    for position in range(4, len(good) - 8, len(good) // 40):
        path.write_bytes(good[:position] + b"\xc5\0\xff\x0f" + good[position + 4 :])
        try:
            engine.query("SELECT * FROM stations")
        except QueryError as error:
            failures.append(str(error))
    assert len(failures) > 20
    assert [text for text in failures if f"{path} is damaged: " not in text] == []


def test_rejects_are_pruned_by_date_and_hour(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the files of the hours in the condition are opened."""
    for number in range(30):
        write_rejects(tmp_path, T0 + number * HOUR, f"reason {number}")
    opened: list[int] = []
    existing = LakeFiles.existing

    def counted(self: LakeFiles, keys: Any) -> list[Path]:
        opened.append(len(keys := list(keys)))
        return existing(self, keys)

    monkeypatch.setattr(LakeFiles, "existing", counted)
    query = "SELECT reason FROM rejects_velib WHERE date = '2024-11-02' AND hour IN ('00', '03')"
    assert sorted(rows_of(engine_over(tmp_path), query)) == [("reason 24",), ("reason 27",)]
    assert sorted(opened) == [2]
    assert rows_of(engine_over(tmp_path), "SELECT count(*), max(ingested_ts) FROM rejects_velib") == [
        (30, datetime(2024, 11, 2, 5))  # noqa: DTZ001 - results have no zone
    ]


def test_newest_reject_is_found_without_a_newer_clean_hour(tmp_path: Path) -> None:
    """The short cut for the newest rows of the table looks only at its newest hours."""
    for hour in (T0, T0 + 2 * HOUR):
        write_rejects(tmp_path, hour, "x")
    rows = [row("a", 1, 1, "2022-06-04 10:00")]
    assert rows_of(engine_over(tmp_path, rows), "SELECT max(ingested_ts) FROM rejects_velib") == [
        (datetime(2024, 11, 1, 2),)  # noqa: DTZ001 - likewise
    ]


def test_quarantine_has_a_row_per_response(tmp_path: Path) -> None:
    moment = T0 + timedelta(minutes=15)
    quarantine(tmp_path, moment)
    query = (
        "SELECT ingested_at, code, feed, raw_key IS NULL, bytes, address, date, hour FROM quarantine_velib"
    )
    (found,) = rows_of(engine_over(tmp_path), query)
    assert found[:5] == (moment.replace(tzinfo=None), "not_json", "opendata", True, 6)
    assert found[6:] == ("2024-11-01", "00")
    assert Path(found[5]).read_bytes() == b"<html>"


def test_quarantine_reads_only_the_hours_in_the_condition(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(3):
        quarantine(tmp_path, T0 + number * HOUR)
    read: list[str] = []
    original = FolderStore.read

    def counted(self: FolderStore, key: str) -> bytes:
        read.append(key)
        return original(self, key)

    monkeypatch.setattr(FolderStore, "read", counted)
    assert rows_of(engine_over(tmp_path), "SELECT count(*) FROM quarantine_velib WHERE hour = '01'") == [(1,)]
    assert len(read) == 1


@pytest.mark.parametrize(
    "content", [b"{", b"[]", b"null", b'{"ingested_at": "soon"}', b'{"keys": 7}', b"\xff"]
)
def test_damaged_reason_is_a_row(content: bytes, tmp_path: Path) -> None:
    """It must not hide the others."""
    quarantine(tmp_path, T0)
    quarantine(tmp_path, T0, b"other")
    reason = next(tmp_path.rglob("*.reason.json"))
    reason.write_bytes(content)
    found = rows_of(engine_over(tmp_path), "SELECT code, reason FROM quarantine_velib ORDER BY 1")
    assert sorted(code for code, _ in found) == ["not_json", "unreadable"]
    assert any(text.endswith(f"{reason} cannot be read") for _, text in found)


def test_raw_object_that_the_clean_step_quarantined_has_its_key(tmp_path: Path) -> None:
    reason = {"code": "not_gzip", "reason": "it is damaged", "raw_key": "raw/x", "raw_hash": "h"}
    stem = tmp_path / f"quarantine/source=velib/date=2024-11-01/hour=00/velib_20241101_000000_{'a' * 12}"
    stem.parent.mkdir(parents=True)
    stem.with_name(stem.name + ".reason.json").write_text(json.dumps(reason))
    query = f"SELECT code, raw_key, address, ingested_at FROM {QUARANTINE}"  # noqa: S608 - a declared name
    moment = datetime(2024, 11, 1)  # noqa: DTZ001 - likewise
    assert rows_of(engine_over(tmp_path), query) == [("not_gzip", "raw/x", str(tmp_path / "raw/x"), moment)]


@pytest.mark.parametrize("name", ["stations", "station_events", REJECTS, QUARANTINE])
def test_tables_are_read_only(name: str, tmp_path: Path) -> None:
    for statement in (f"DELETE FROM {name}", f"DROP TABLE {name}", f"INSERT INTO {name} VALUES (1)"):  # noqa: S608 - likewise
        with pytest.raises(QueryError, match="read-only"):
            engine_over(tmp_path).query(statement)
