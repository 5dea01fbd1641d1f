"""Storing the days of the daily KPIs, and telling which are outdated."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from velib_assets.catalog.catalog import Partition
from velib_assets.catalog.sqlite_catalog import LocalCatalog
from velib_assets.history.local_history_job import LocalHistoryJob
from velib_assets.lake import network
from velib_assets.lake.folder_store import FolderStore
from velib_assets.lake.keys import clean_key, daily_kpi_key, history_day_key
from velib_assets.lake.listing import utc_now
from velib_assets.lake.store import Change, LakeStore
from velib_assets.query import daily_sql
from velib_assets.query.daily_currency import outdated_local_days
from velib_assets.query.daily_file import DailyFooter, read_daily_footer, read_daily_rows
from velib_assets.query.daily_kpis import DAILY_KPIS
from velib_assets.query.daily_sql import history_days, local_days_computed_from
from velib_assets.query.daily_store import store_daily_kpis
from velib_assets.query.duckdb_engine import LocalQueryEngine
from velib_assets.query.duckdb_files import LakeFiles
from velib_assets.query.engine import LakeReadError, QueryError
from velib_assets.query.hints import partition_hints
from velib_assets.query.lake_hints import lake_hints
from velib_assets_tests.kpi_lake import row, rows_of
from velib_assets_tests.query.daily_lake import DailyLake

DAY = date(2022, 6, 4)
NAMES = [kpi.name for kpi in DAILY_KPIS]
ROWS = [
    row(code, bikes, 20 - bikes, f"2022-06-0{day} {hour}:00")
    for day in (3, 4, 5)
    for hour in ("09", "23")
    for code, bikes in (("a", 0), ("b", 7))
]
LOCAL_DAYS = [DAY + timedelta(days=n) for n in (-1, 0, 1, 2)]  # 23:00 UTC belongs to the next day


@pytest.fixture
def daily(tmp_path: Path) -> DailyLake:
    return DailyLake(tmp_path, ROWS)


@pytest.fixture(scope="module")
def stored_lake(tmp_path_factory: pytest.TempPathFactory) -> Path:
    lake = tmp_path_factory.mktemp("stored") / "lake"
    daily = DailyLake(lake, ROWS)
    for day in LOCAL_DAYS:
        assert [result.error for result in daily.store_day(day)] == [""] * 3
    return lake


@pytest.fixture
def complete(stored_lake: Path, tmp_path: Path) -> DailyLake:
    """A lake in which all days are stored."""
    shutil.copytree(stored_lake, tmp_path, dirs_exist_ok=True)
    return DailyLake(tmp_path, [])


def outdated(daily: DailyLake, now: datetime | None = None) -> list[date]:
    return outdated_local_days(daily.catalog, daily.store, now or utc_now())


def path(daily: DailyLake, name: str, day: date = DAY) -> Path:
    return Path(daily.store.address(daily_kpi_key(name, day)))


def of_day(*days: int, **changes: Any) -> list[dict[str, Any]]:
    """Rows of UTC days of June 2022, changed."""
    return [values | changes for values in ROWS if values["ingested_ts"].day in days]


def test_day_is_outdated_until_it_is_stored(daily: DailyLake) -> None:
    assert outdated(daily) == LOCAL_DAYS
    daily.store_day(DAY)
    assert outdated(daily) == [day for day in LOCAL_DAYS if day != DAY]


def test_results_say_what_is_stored(daily: DailyLake) -> None:
    results = daily.store_day(DAY)
    assert [(result.name, result.rows) for result in results] == list(zip(NAMES, (2, 2, 1), strict=True))
    assert all(result.changed and result.digest and not result.absent for result in results)
    assert [result.bytes for result in results] == [path(daily, name).stat().st_size for name in NAMES]
    assert results[-1].headline["coverage"] == 2 / 96
    assert [set(result.headline) for result in results] == [
        {h.name for h in kpi.headlines} for kpi in DAILY_KPIS
    ]


def test_storing_a_day_again_changes_nothing(complete: DailyLake) -> None:
    """The same history gives the same bytes."""
    before = [path(complete, name).read_bytes() for name in NAMES]
    assert not any(result.changed for result in complete.store_day(DAY))
    assert [path(complete, name).read_bytes() for name in NAMES] == before


def test_changed_history_outdates_the_local_days_that_read_it(complete: DailyLake) -> None:
    """The two local days that overlap the UTC day, and the one that compares itself with the second."""
    complete.write_day(DAY, of_day(4, bikes=1))
    assert outdated(complete) == local_days_computed_from(DAY) == [DAY + timedelta(days=n) for n in range(3)]
    for day in outdated(complete):
        complete.store_day(day)
    assert outdated(complete) == []
    assert complete.view("kpi_daily_network", DAY)[0]["minutes_short"] == 30  # 23:00 UTC of 3 June


def test_compacted_month_changes_no_day(complete: DailyLake) -> None:
    """Its days are current, and the same rows are computed from its file."""
    months = [result.file() for result in LocalHistoryJob(complete.store, 1).compact([DAY.replace(day=1)])]
    assert complete.catalog.register_history(months) == 1
    assert outdated(complete) == []
    for day in history_days(DAY):
        Path(complete.store.address(history_day_key(day))).unlink(missing_ok=True)
    assert not any(result.changed for result in complete.store_day(DAY))


def test_days_of_the_history_and_local_days_fit_each_other() -> None:
    for n in range(366):
        day = date(2024, 1, 1) + timedelta(days=n)
        assert all(day in local_days_computed_from(utc_day) for utc_day in history_days(day))
        assert all(day in history_days(local) for local in local_days_computed_from(day))


def test_changed_definition_outdates_all_days(complete: DailyLake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("velib_assets.query.daily_store.daily_code_version", lambda kpi: f"new {kpi.name}")
    assert outdated(complete) == LOCAL_DAYS


def test_definition_is_the_sql_the_columns_and_the_time_zone(monkeypatch: pytest.MonkeyPatch) -> None:
    versions = {daily_sql.daily_code_version(kpi) for kpi in DAILY_KPIS}
    assert len(versions) == 3
    monkeypatch.setattr(network, "DECLARED_ZONE", "Europe/London")
    assert versions.isdisjoint(daily_sql.daily_code_version(kpi) for kpi in DAILY_KPIS)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("damage", [Path.unlink, lambda file: file.write_bytes(b"PAR1")], ids=["gone", "cut"])
def test_lost_or_damaged_file_outdates_its_day(
    complete: DailyLake, name: str, damage: Callable[[Path], object]
) -> None:
    damage(path(complete, name))
    assert outdated(complete) == [DAY]
    complete.store_day(DAY)
    assert outdated(complete) == []


def test_day_that_is_stored_in_part_is_outdated(complete: DailyLake, monkeypatch: pytest.MonkeyPatch) -> None:
    """As after a crash between its files: the last one completes it."""
    complete.write_day(DAY, of_day(4, bikes=1))
    publish = FolderStore.publish

    def failing(self: FolderStore, changes: Any, precondition: Any) -> bool:
        if "kpi_daily_network" in changes[0].key:
            raise OSError("no space left on device")
        return publish(self, changes, precondition)

    monkeypatch.setattr(FolderStore, "publish", failing)
    assert {result.error for result in complete.store_day(DAY)} == {"no space left on device"}
    assert DAY in outdated(complete)


def test_currency_costs_one_footer_per_day(complete: DailyLake, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []

    def counted(lake: LakeStore, key: str) -> DailyFooter | None:
        read.append(key)
        return read_daily_footer(lake, key)

    monkeypatch.setattr("velib_assets.query.daily_currency.read_daily_footer", counted)
    assert outdated(complete) == []
    assert sorted(read) == [daily_kpi_key("kpi_daily_network", day) for day in LOCAL_DAYS]
    read.clear()
    assert outdated_local_days(complete.catalog, complete.store, utc_now(), DAY, DAY) == []
    assert read == [daily_kpi_key("kpi_daily_network", DAY)]


def test_day_ends_with_the_last_utc_day_that_it_overlaps(daily: DailyLake) -> None:
    """4 June in Paris ends at 22:00 UTC, but its history is built after 24:00 UTC."""
    early, late = (datetime(2022, 6, 4, 23, 59, tzinfo=UTC) + timedelta(minutes=n) for n in (0, 1))
    assert outdated(daily, early) == [DAY - timedelta(days=1)]
    assert outdated(daily, late) == [DAY - timedelta(days=1), DAY]
    results = store_daily_kpis(DAY, daily.engine, daily.store, daily.catalog, early)
    assert {result.error for result in results} == {
        "2022-06-04 (Europe/Paris) has not ended: its history is not there yet"
    }
    assert not path(daily, NAMES[0]).exists()


def test_day_whose_history_is_not_built_is_not_stored(daily: DailyLake) -> None:
    """Its rows would lack a part of the day that the lake has."""
    daily.catalog.unregister_history(["2022-06-04"])
    hour = datetime(2022, 6, 4, 9, tzinfo=UTC)
    daily.catalog.register([Partition(hour, clean_key(hour), 2, 100, "digest")])
    assert {result.error for result in daily.store_day(DAY)} == {
        "the history of 2022-06-04 (UTC) is missing. Materialize station_history for it"
    }


def test_day_of_which_half_is_missing_everywhere_is_stored(daily: DailyLake) -> None:
    """The other half is all that there is; the coverage says so."""
    daily.catalog.unregister_history(["2022-06-04"])
    assert [result.error for result in daily.store_day(DAY)] == [""] * 3
    assert daily.view("kpi_daily_network", DAY)[0]["slots_stored"] == 1


def test_day_without_history_is_absent_and_leaves_no_file(complete: DailyLake) -> None:
    complete.catalog.unregister_history(["2022-06-03", "2022-06-04"])
    assert outdated(complete) == LOCAL_DAYS
    results = complete.store_day(DAY)
    assert all(result.absent and result.changed for result in results)
    assert {result.error for result in results} == {
        "the history has no snapshot of 2022-06-04 (Europe/Paris)"
    }
    assert not any(path(complete, name).exists() for name in NAMES)
    assert DAY not in outdated(complete)
    assert not any(result.changed for result in complete.store_day(DAY))


def test_day_without_snapshots_between_others_is_stored_once(tmp_path: Path) -> None:
    """A UTC day that overlaps it has history, so its files say that it has no snapshot."""
    daily = DailyLake(tmp_path, [row("a", 1, 1, "2022-06-03 09:00")])
    assert outdated(daily) == [date(2022, 6, 3), DAY]
    results = daily.store_day(DAY)
    assert all(result.absent and not result.changed for result in results)
    assert {result.error for result in results} == {
        "the history has no snapshot of 2022-06-04 (Europe/Paris)"
    }
    assert outdated(daily) == [date(2022, 6, 3)]
    assert all(rows_of(daily.engine, f"SELECT count(*) FROM {name}") == [(0,)] for name in NAMES)  # noqa: S608 - our own names


class SlowEngine:
    """A local engine that lets something happen after its first query."""

    history_by_month = False

    def __init__(self, engine: LocalQueryEngine, event: Callable[[], None]) -> None:
        self._engine, self._events = engine, iter([event])

    def query_table(self, sql: str) -> pa.Table:
        """Run a query."""
        rows = self._engine.query_table(sql)
        next(self._events, lambda: None)()
        return rows


def test_history_that_changes_meanwhile_starts_the_day_over(daily: DailyLake) -> None:
    """Otherwise rows of an older history would be stored as those of the newer one."""
    engine: Any = SlowEngine(daily.engine, lambda: daily.write_day(DAY, of_day(4, bikes=1)))
    results = store_daily_kpis(DAY, engine, daily.store, daily.catalog)
    assert [result.error for result in results] == [""] * 3
    assert DAY not in outdated(daily)
    assert daily.view("kpi_daily_station", DAY)[0]["last_bikes"] == 1


def test_slow_writer_does_not_replace_a_newer_day(daily: DailyLake) -> None:
    """It computed its rows before the history changed, and stores after the other writer did."""
    changed, stored = threading.Event(), threading.Event()

    def wait() -> None:
        changed.set()
        assert stored.wait(60)

    slow: Any = SlowEngine(daily.engine, wait)
    arguments = (DAY, slow, daily.store, daily.catalog)
    writer = threading.Thread(target=store_daily_kpis, args=arguments)
    writer.start()
    assert changed.wait(60)
    daily.write_day(DAY, of_day(4, bikes=1))
    newer = daily.store_day(DAY)
    stored.set()
    writer.join(60)
    assert [path(daily, name).stat().st_size for name in NAMES] == [result.bytes for result in newer]
    assert daily.view("kpi_daily_station", DAY)[0]["last_bikes"] == 1
    assert DAY not in outdated(daily)


def test_failed_query_is_returned(daily: DailyLake) -> None:
    Path(daily.store.address("history/source=velib/month=2022-06/date=2022-06-04.parquet")).write_bytes(
        b"PAR1"
    )
    errors = {result.error for result in daily.store_day(DAY)}
    assert len(errors) == 1
    assert "date=2022-06-04.parquet" in errors.pop()
    assert not path(daily, NAMES[0]).exists()


def opened_days(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    opened: list[str] = []
    existing = LakeFiles.existing

    def listed(self: LakeFiles, keys: Any) -> list[Path]:
        found = existing(self, keys := list(keys))
        opened.extend(key.split("date=")[1][:10] for key in keys if key.startswith("kpi/"))
        return found

    monkeypatch.setattr(LakeFiles, "existing", listed)
    yield opened


@pytest.mark.parametrize("suffix", ["", "_days"], ids=["view", "table"])
def test_query_opens_only_the_days_in_its_condition(
    complete: DailyLake, monkeypatch: pytest.MonkeyPatch, suffix: str
) -> None:
    (opened,) = opened_days(monkeypatch)
    query = f"SELECT station_id FROM kpi_daily_station{suffix} WHERE \"date\" IN ('2022-06-04', '2022-06-05')"  # noqa: S608 - our own names
    assert len(rows_of(complete.engine, query)) == 4
    assert opened == ["2022-06-04", "2022-06-05"]


def test_views_join_and_aggregate_over_all_days(complete: DailyLake) -> None:
    query = """
        SELECT s."date", count(*), max(n.stations)
        FROM kpi_daily_station s JOIN kpi_daily_network n ON n."date" = s."date"
        GROUP BY s."date" ORDER BY 1
    """
    assert rows_of(complete.engine, query) == [(f"{day}", 2, 2) for day in LOCAL_DAYS]


@pytest.mark.parametrize("kpi", DAILY_KPIS, ids=lambda kpi: kpi.name)
def test_view_and_table_are_described(daily: DailyLake, kpi: Any) -> None:
    """Without a stored day they are empty, and have their columns."""
    for name in (kpi.name, kpi.table):
        table = daily.engine.query_table(f"SELECT * FROM {name}")  # noqa: S608 - our own names
        assert table.num_rows == 0
        assert table.column_names == [column.name for column in kpi.schema]
        described = rows_of(daily.engine, f"DESCRIBE {name}")
        assert [(column, kind) for column, kind, _ in described] == [(c.name, c.type) for c in kpi.schema]
        assert (name,) in rows_of(daily.engine, "SHOW TABLES")
    assert (kpi.name,) in rows_of(daily.engine, "SHOW VIEWS")
    ((statement,),) = rows_of(daily.engine, f"SHOW CREATE VIEW {kpi.name}")
    assert statement.startswith(f"CREATE OR REPLACE VIEW velib_db_tf.{kpi.name} AS\nSELECT\n")
    assert all(column.description for column in kpi.schema)


def test_hour_is_not_a_column_of_a_day(daily: DailyLake) -> None:
    with pytest.raises(QueryError, match="COLUMN_NOT_FOUND"):
        daily.engine.query("SELECT hour FROM kpi_daily_station")


def test_condition_on_a_date_of_another_form_has_a_hint() -> None:
    assert partition_hints("SELECT * FROM kpi_daily_network WHERE date = '20220604'") == [
        "hint: date is text of the form YYYY-MM-DD: '2022-06-04'"
    ]


@pytest.mark.parametrize("name", ["kpi_daily_station", "kpi_daily_station_days"])
def test_query_of_a_kpi_without_a_stored_day_has_a_hint(daily: DailyLake, name: str) -> None:
    Path(daily.store.address("clean/source=velib/date=2022-06-04")).mkdir(parents=True)
    query = f"SELECT * FROM {name}"  # noqa: S608 - our own names
    (hint,) = lake_hints(query, daily.store, daily.catalog, "empty")
    assert hint.startswith("hint: no day of kpi_daily_station is stored, so it is empty; ")
    daily.store_day(DAY)
    assert lake_hints(query, daily.store, daily.catalog, "empty") == []


def test_query_of_a_history_without_days_has_a_hint(daily: DailyLake, tmp_path: Path) -> None:
    query = "SELECT count(*) FROM velib_history"
    store = FolderStore(tmp_path / "other")
    Path(store.address("clean/source=velib/date=2022-06-04")).mkdir(parents=True)
    (hint,) = lake_hints(query, store, LocalCatalog(tmp_path / "other"), "empty")
    assert hint.startswith("hint: no day is in history yet, so velib_history is empty; ")
    Path(daily.store.address("clean/source=velib/date=2022-06-04")).mkdir(parents=True)
    assert lake_hints(query, daily.store, daily.catalog, "empty") == []


def test_damaged_day_is_named_with_its_repair(complete: DailyLake) -> None:
    file = path(complete, "kpi_daily_network")
    file.write_bytes(b"PAR1 not really PAR1")
    repair = "; compute that day again: velib backfill 2022-06-03 2022-06-04"
    with pytest.raises(LakeReadError, match=rf"rows\.parquet is damaged: (?!.*LINE).+{repair}$"):
        complete.engine.query("SELECT * FROM kpi_daily_network")


def test_day_whose_history_comes_back_while_it_is_removed_stays(
    complete: DailyLake, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = complete.catalog.history()
    complete.catalog.unregister_history(["2022-06-03", "2022-06-04"])
    before = [path(complete, name).read_bytes() for name in NAMES]
    publish, calls = FolderStore.publish, list[str]()

    def published(store: FolderStore, changes: Sequence[Change], precondition: Callable[[], bool]) -> bool:
        if not calls:
            complete.catalog.register_history(files)
        calls.append(changes[0].key)
        done = publish(store, changes, precondition)
        assert path(complete, NAMES[-1]).exists()
        return done

    monkeypatch.setattr(FolderStore, "publish", published)
    results = complete.store_day(DAY)
    assert not any(result.absent or result.error for result in results)
    assert [path(complete, name).read_bytes() for name in NAMES] == before


def test_every_failure_by_damaged_bytes_names_the_day(complete: DailyLake) -> None:
    """A damaged name of a column is no text, and DuckDB's message with it; pyarrow raises OSError of some."""
    file, failures = path(complete, "kpi_daily_network"), []
    good = file.read_bytes()
    for position in range(4, len(good) - 8, len(good) // 40):
        file.write_bytes(good[:position] + b"\xc5\0\xff\x0f" + good[position + 4 :])
        assert read_daily_rows(complete.store, "kpi_daily_network", DAY).num_rows in (0, 1)
        try:
            complete.engine.query("SELECT * FROM kpi_daily_network")
        except QueryError as error:
            failures.append(str(error))
    assert len(failures) > 20
    assert [text for text in failures if f"{file} is damaged: " not in text] == []
