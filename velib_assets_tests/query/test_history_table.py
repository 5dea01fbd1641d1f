"""The table `velib_history` in the local engine."""

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from velib_assets.catalog.catalog import DAMAGED
from velib_assets.catalog.sqlite_catalog import LocalCatalog
from velib_assets.history.digests import key_of_period, period_of_key
from velib_assets.history.local_history_job import LocalHistoryJob
from velib_assets.lake.folder_store import FolderStore
from velib_assets.query.duckdb_engine import LocalQueryEngine
from velib_assets.query.duckdb_files import LakeFiles
from velib_assets.query.engine import LakeReadError, QueryError
from velib_assets.query.lake_hints import lake_hints
from velib_assets_tests.kpi_lake import engine_over, row, rows_of

ROWS = [
    row("a", 1, 19, "2022-06-04 10:00"),
    row("b", 2, 18, "2022-06-04 23:45"),
    row("a", 3, 17, "2022-06-05 10:00"),
    row("a", 4, 16, "2022-07-01 10:00"),
]


def test_query_on_source_velib_runs_on_velib_history(tmp_path: Path) -> None:
    engine = engine_over(tmp_path, ROWS)
    days = sorted({values["ingested_ts"].date() for values in ROWS})
    job, catalog = LocalHistoryJob(FolderStore(tmp_path), 1), LocalCatalog(tmp_path)
    catalog.register_history([result.file() for result in job.run(days)])
    select = "SELECT * FROM {} WHERE date >= '2022-06-05' ORDER BY ingested_ts, station_id"
    assert rows_of(engine, select.format("velib_history")) == rows_of(engine, select.format("source_velib"))
    months = [result.file() for result in job.compact([days[0].replace(day=1)])]
    assert catalog.register_history(months) == 1
    assert rows_of(engine, select.format("velib_history")) == rows_of(engine, select.format("source_velib"))


@pytest.fixture
def lake(tmp_path: Path) -> Path:
    """A closed month of ten days, and a day of the next month; all are registered."""
    rows = [row("a", n, 20 - n, f"2022-06-{n:02} 10:00") for n in range(1, 11)]
    rows.append(row("a", 3, 17, "2022-07-01 23:45"))
    engine_over(tmp_path, rows)
    job = LocalHistoryJob(FolderStore(tmp_path), 1)
    days = [values["ingested_ts"].date() for values in rows]
    files = [result.file() for result in job.run(days)]
    files += [result.file() for result in job.compact([days[0]])]
    LocalCatalog(tmp_path).register_history(files)
    return tmp_path


def read_of(lake: Path, sql: str, monkeypatch: pytest.MonkeyPatch) -> tuple[list[str], list[tuple[Any, ...]]]:
    """Return the periods of the files that a query reads, and its rows."""
    read: list[str] = []

    def existing(files: LakeFiles, keys: Iterable[str]) -> list[Path]:
        paths = original(files, keys)
        read.extend(period_of_key(path.relative_to(files.lake).as_posix()) for path in paths)
        return paths

    original = LakeFiles.existing
    monkeypatch.setattr(LakeFiles, "existing", existing)
    rows = rows_of(LocalQueryEngine(lake, LocalCatalog(lake)), sql)
    monkeypatch.setattr(LakeFiles, "existing", original)
    return read, rows


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("1 = 1", ["2022-06", "2022-07-01"]),
        ("station_id = 'a'", ["2022-06", "2022-07-01"]),
        ("date >= '2022-07-01'", ["2022-07-01"]),
        ("date < '2022-07'", ["2022-06"]),
        ("date = '2022-06-03'", ["2022-06-03"]),
        ("date IN ('2022-06-03', '2022-07-01')", ["2022-06-03", "2022-07-01"]),
        ("ingested_ts >= TIMESTAMP '2022-07-01 00:00:00'", ["2022-07-01"]),
        ("date = '2022-06-03' AND hour = '10'", ["2022-06-03"]),
        ("date = '2023-01-01'", []),
    ],
)
def test_only_the_files_that_a_query_needs_are_read(
    lake: Path, condition: str, expected: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A few days of a month are read from their own files."""
    select = f"SELECT ingested_ts, bikes FROM {{}} WHERE {condition} ORDER BY ingested_ts"  # noqa: S608
    read, rows = read_of(lake, select.format("velib_history"), monkeypatch)
    assert read == expected
    assert rows == read_of(lake, select.format("source_velib"), monkeypatch)[1]


def test_days_are_read_instead_of_a_month_that_is_missing_damaged_or_outdated(
    lake: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    catalog, sql = LocalCatalog(lake), "SELECT count(*) FROM velib_history WHERE date < '2022-07'"
    month = next(file for file in catalog.history() if file.period == "2022-06")
    days = [f"2022-06-{n:02}" for n in range(1, 11)]
    assert read_of(lake, sql, monkeypatch) == (["2022-06"], [(10,)])
    for changed in (month._replace(sha256=DAMAGED), month._replace(digest="other")):
        catalog.register_history([changed])
        assert read_of(lake, sql, monkeypatch) == (days, [(10,)])
    catalog.register_history([month])
    (lake / month.key).unlink()
    assert read_of(lake, sql, monkeypatch) == (days, [(10,)])


def test_month_is_read_instead_of_a_day_that_is_missing_damaged_or_another(
    lake: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    catalog, sql = LocalCatalog(lake), "SELECT bikes FROM velib_history WHERE date = '2022-06-03'"
    day = next(file for file in catalog.history() if file.period == "2022-06-03")
    data = (lake / day.key).read_bytes()
    assert read_of(lake, sql, monkeypatch) == (["2022-06-03"], [(3,)])
    catalog.register_history([day._replace(sha256=DAMAGED)])
    assert read_of(lake, sql, monkeypatch) == (["2022-06"], [(3,)])
    catalog.register_history([day])
    (lake / day.key).write_bytes(data + b"more")
    assert read_of(lake, sql, monkeypatch) == (["2022-06"], [(3,)])
    (lake / day.key).unlink()
    assert read_of(lake, sql, monkeypatch) == (["2022-06"], [(3,)])


def test_days_are_read_instead_of_another_file_in_the_place_of_the_month(
    lake: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """DuckDB could read it: it would give the rows of one day as those of ten."""
    (lake / key_of_period("2022-06")).write_bytes((lake / key_of_period("2022-06-03")).read_bytes())
    sql = "SELECT count(*) FROM velib_history WHERE date < '2022-07'"
    assert read_of(lake, sql, monkeypatch)[1] == [(10,)]


@pytest.mark.parametrize("damage", ["none", "month", "day", "other day", "both"])
def test_hint_says_that_a_day_has_no_sound_file(lake: Path, damage: str) -> None:
    """A month stands for its days, and they for it."""
    month, day = (lake / key_of_period(period) for period in ("2022-06", "2022-06-03"))
    if damage in ("month", "both"):
        month.unlink()
    if damage in ("day", "both"):
        day.unlink()
    if damage == "other day":
        path = lake / key_of_period("2022-07-01")
        path.write_bytes(day.read_bytes() + b"more")
    hints = lake_hints("SELECT * FROM velib_history", FolderStore(lake), LocalCatalog(lake), "no lake")
    assert len(hints) == (damage in ("other day", "both"))
    for hint in hints:
        assert "hint: the history of 1 day is missing, or not as it was registered" in hint
        assert f"{path if damage == 'other day' else day}. Run `velib verify`" in hint


def test_query_on_history_reads_no_partitions(lake: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def unwanted(*_: object) -> None:
        raise AssertionError("the partitions were read")

    monkeypatch.setattr(LocalCatalog, "partitions", unwanted)
    monkeypatch.setattr(LocalCatalog, "newest_hours", lambda *_: [])
    assert rows_of(LocalQueryEngine(lake, LocalCatalog(lake)), "SELECT count(*) FROM velib_history") == [
        (11,)
    ]


@pytest.mark.parametrize("period", ["2022-06", "2022-07-01"])
def test_query_names_the_damaged_history_file(lake: Path, period: str) -> None:
    path = lake / key_of_period(period)
    path.write_bytes(path.read_bytes()[:300] + bytes(200) + path.read_bytes()[500:])
    with pytest.raises(LakeReadError, match=rf"{re.escape(str(path))} is damaged: .*velib verify"):
        LocalQueryEngine(lake, LocalCatalog(lake)).query("SELECT * FROM velib_history")


@pytest.mark.parametrize("is_hashed", [True, False])
@pytest.mark.parametrize("period", ["2022-06", "2022-07-01"])
def test_every_failure_by_damaged_bytes_names_the_history_file(
    lake: Path, period: str, is_hashed: bool
) -> None:
    """Of pages and footer; DuckDB fails in the first row or a later one, and seldom says in which file."""
    catalog, path = LocalCatalog(lake), lake / key_of_period(period)
    if not is_hashed:
        catalog.register_history([file._replace(sha256="") for file in catalog.history()])
    good, failures = path.read_bytes(), []
    for position in range(4, len(good) - 8, len(good) // 40):
        path.write_bytes(good[:position] + b"\xc5\0\xff\x0f" + good[position + 4 :])
        try:
            LocalQueryEngine(lake, catalog).query("SELECT * FROM velib_history")
        except QueryError as error:
            failures.append(str(error))
    expected = re.compile(rf"{re.escape(str(path))} is damaged: .+velib verify")
    assert len(failures) > 20
    assert [text for text in failures if not expected.match(text)] == []
