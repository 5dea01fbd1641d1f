"""The typical week is read again only if something that goes into it has changed."""

import json
from collections.abc import Collection, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from velib_assets.catalog.catalog import DAMAGED
from velib_assets.catalog.sqlite_catalog import LocalCatalog
from velib_assets.history.local_history_job import LocalHistoryJob
from velib_assets.lake.folder_store import FolderStore
from velib_assets.lake.keys import clean_key, history_day_key, hour_of, state_key
from velib_assets.query.cached_state import newest_state, newest_states
from velib_assets.query.duckdb_engine import LocalQueryEngine
from velib_assets.query.engine import KpiState, QueryError
from velib_assets.query.kpis import KPIS, REPORT_VIEWS, Kpi
from velib_assets.query.stored_state import digest_of
from velib_assets_tests.kpi_lake import at, engine_over, row, write_hour

WEEK = REPORT_VIEWS[-1]
ROWS = [row("a", 5, 15, "2022-06-03 10:00"), row("a", 5, 5, "2022-06-04 10:00")]


class CountingEngine(LocalQueryEngine):
    """An engine that counts its reads, and the days that it reads from the history."""

    reads = 0
    history_days: Collection[date] = ()

    def read(self, views: Sequence[Kpi], history_days: Collection[date] = ()) -> list[KpiState]:
        """See QueryEngine."""
        self.reads += 1
        self.history_days = history_days
        return super().read(views, history_days)


@pytest.fixture
def lake(tmp_path: Path) -> Path:
    engine_over(tmp_path, ROWS)
    return tmp_path


def state(engine: CountingEngine, lake: Path, view: Kpi = WEEK) -> list[list[Any]]:
    newest = newest_state(view, engine, LocalCatalog(lake), FolderStore(lake)).newest
    assert newest.column_names == [column.name for column in view.schema]
    return [list(row.values()) for row in newest.to_pylist()]


def counting(lake: Path) -> CountingEngine:
    return CountingEngine(lake, LocalCatalog(lake))


def test_state_is_read_once_and_stored_in_the_lake(lake: Path) -> None:
    """Another process uses the stored state."""
    first, second = counting(lake), counting(lake)
    assert state(first, lake) == state(first, lake) == state(second, lake) == [[5, 12, 0.25, 1]]
    assert (first.reads, second.reads) == (1, 0)


def test_headline_and_types_are_stored(lake: Path) -> None:
    engine, catalog, store = counting(lake), LocalCatalog(lake), FolderStore(lake)
    read, stored = (newest_state(WEEK, engine, catalog, store) for _ in range(2))
    assert (read.changed, stored.changed) == (True, False)
    assert stored.headline == read.headline
    assert stored.newest.schema == read.newest.schema


def test_replaced_hour_within_the_weeks_is_read(lake: Path) -> None:
    """Rebuilt, or restored from an archive."""
    engine = counting(lake)
    state(engine, lake)
    rows = [row("a", 5, 15, "2022-06-03 10:00"), row("b", 15, 5, "2022-06-03 10:00")]
    LocalCatalog(lake).register([write_hour(lake, hour_of(at("2022-06-03 10:00")), rows)])
    assert state(engine, lake) == [[5, 12, 0.5, 1]]


def test_state_is_read_again_for_a_new_day_and_not_for_an_hour_of_today(lake: Path) -> None:
    engine, catalog = counting(lake), LocalCatalog(lake)
    state(engine, lake)
    for when, reads in (("2022-06-04 11:00", 1), ("2022-06-05 00:00", 2)):
        catalog.register([write_hour(lake, hour_of(at(when)), [row("a", 5, 5, when)])])
        state(engine, lake)
        assert engine.reads == reads


DAYS = [date(2022, 6, 2), date(2022, 6, 3)]
WEEK_ROWS = [
    *(
        row(code, n, 10 - n, f"2022-06-0{day} {n:02}:30")
        for day in (2, 3)
        for n in range(11)
        for code in "ab"
    ),
    row("a", 0, 10, "2022-06-01 10:00"),
    row("a", 5, 5, "2022-06-04 10:00"),
]


@pytest.fixture
def week(tmp_path: Path) -> Path:
    """A lake whose history has two of the three days before the newest."""
    engine_over(tmp_path, WEEK_ROWS)
    files = [result.file() for result in LocalHistoryJob(FolderStore(tmp_path), 1).run(DAYS)]
    assert LocalCatalog(tmp_path).register_history(files) == len(DAYS)
    return tmp_path


def test_days_that_the_history_holds_are_read_from_it_with_the_same_result(week: Path) -> None:
    """The hours of these days are not even opened."""
    expected = LocalQueryEngine(week, LocalCatalog(week)).read([WEEK])[0]
    for when in {hour_of(values["ingested_ts"]) for values in WEEK_ROWS}:
        if when.date() in DAYS:
            (week / clean_key(when)).unlink()
    engine = counting(week)
    read = newest_state(WEEK, engine, LocalCatalog(week), FolderStore(week))
    assert (read.newest, read.headline) == (expected.newest, expected.headline)
    assert read.newest.num_rows == 23
    assert engine.history_days == DAYS


def test_day_that_changed_since_its_history_was_built_is_read_from_its_hours(week: Path) -> None:
    rows = [row("a", 5, 15, "2022-06-03 10:00")]
    LocalCatalog(week).register([write_hour(week, hour_of(at("2022-06-03 10:00")), rows)])
    engine = counting(week)
    assert [5, 12, 0.25, 1] in state(engine, week)
    assert engine.history_days == DAYS[:1]


@pytest.mark.parametrize("content", [None, b"no parquet"])
def test_week_is_read_from_the_hours_if_the_history_cannot_be_read(content: bytes | None, week: Path) -> None:
    expected = LocalQueryEngine(week, LocalCatalog(week)).read([WEEK])[0].newest
    file = week / history_day_key(DAYS[0])
    file.unlink() if content is None else file.write_bytes(content)
    read = newest_state(WEEK, counting(week), LocalCatalog(week), FolderStore(week))
    assert read.newest == expected


def test_history_that_was_found_damaged_is_not_read(week: Path) -> None:
    catalog, engine = LocalCatalog(week), counting(week)
    catalog.register_history([catalog.history()[0]._replace(sha256=DAMAGED)])
    state(engine, week)
    assert engine.history_days == DAYS[1:]


@pytest.mark.parametrize("content", [None, b"{", b"[]", b"{}"])
def test_stored_state_may_be_deleted_or_damaged(content: bytes | None, lake: Path) -> None:
    engine, file = counting(lake), lake / state_key(WEEK.name)
    state(engine, lake)
    assert json.loads(file.read_bytes())
    file.unlink() if content is None else file.write_bytes(content)
    assert state(engine, lake) == [[5, 12, 0.25, 1]]
    assert engine.reads == 2


def test_format_of_the_stored_state_is_stable(lake: Path) -> None:
    """A new version of the program must not read four weeks again."""
    file = lake / state_key(WEEK.name)
    state(counting(lake), lake)
    digest = json.loads(file.read_bytes())["digest"]
    headline = '{"hours_of_the_week": 1.0, "highest_fill_rate": 0.5, "lowest_fill_rate": 0.5}'
    file.write_text(f'{{"digest": "{digest}", "headline": {headline}, "rows": [[5, 12, 0.5, 1]]}}')
    engine = counting(lake)
    assert state(engine, lake) == [[5, 12, 0.5, 1]]
    assert engine.reads == 0


def test_other_views_are_always_read(lake: Path) -> None:
    engine = counting(lake)
    for _ in range(2):
        newest_state(KPIS[0], engine, LocalCatalog(lake), FolderStore(lake))
    assert engine.reads == 2
    assert not (lake / "reports").exists()


def test_kpis_are_read_together_and_each_alone_if_one_fails(lake: Path) -> None:
    """The failing view's state is its exception."""
    catalog, store, engine = LocalCatalog(lake), FolderStore(lake), counting(lake)
    states = newest_states(KPIS, engine, catalog, store)
    assert (engine.reads, len(states)) == (1, len(KPIS))
    views = [KPIS[0], KPIS[1]._replace(schema=KPIS[1].schema[:-1]), WEEK]
    fill_rate, shortage, week = newest_states(views, engine, catalog, store)
    assert isinstance(shortage, QueryError)
    assert isinstance(fill_rate, KpiState)
    assert isinstance(week, KpiState)


def test_failing_view_stores_nothing(lake: Path) -> None:
    hour = write_hour(lake, hour_of(at("2022-06-03 10:00")), ROWS[:1])
    (lake / hour.key).write_bytes(b"no parquet")
    with pytest.raises(QueryError, match="parquet"):
        state(counting(lake), lake)
    assert not (lake / "reports").exists()


def test_digest_changes_with_inputs_and_code() -> None:
    """A newer version of the program does not show what an older one computed."""
    digests = {
        digest_of(inputs, "velib_assets.query", code)
        for inputs in ([1], [2])
        for code in ("stored_state.py", "windows.py")
    }
    assert len(digests) == 4
    assert digest_of([1], "velib_assets.query", "windows.py") in digests
