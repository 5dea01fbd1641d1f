"""The typical week is read anew only where something that goes into it has changed."""

import json
from pathlib import Path
from typing import Any

import pytest

from velib_assets.catalog.sqlite_catalog import LocalCatalog
from velib_assets.lake.folder_store import FolderStore
from velib_assets.lake.keys import hour_of, state_key
from velib_assets.query.cached_state import newest_state
from velib_assets.query.duckdb_engine import KpiState, LocalQueryEngine, QueryError
from velib_assets.query.kpis import DERIVED, KPIS, Kpi
from velib_assets_tests.kpi_lake import at, engine_over, row, write_hour

WEEK = DERIVED[-1]
ROWS = [row("a", 5, 15, "2022-06-03 10:00"), row("a", 5, 5, "2022-06-04 10:00")]


class Counting(LocalQueryEngine):
    """An engine that counts what it reads."""

    reads = 0

    def read(self, kpi: Kpi) -> KpiState:
        """See QueryEngine."""
        self.reads += 1
        return super().read(kpi)


@pytest.fixture
def lake(tmp_path: Path) -> Path:
    engine_over(tmp_path, ROWS)
    return tmp_path


def state(engine: Counting, lake: Path, view: Kpi = WEEK) -> list[list[Any]]:
    found = newest_state(view, engine, LocalCatalog(lake), FolderStore(lake))
    assert found.newest.column_names == [column.name for column in view.schema]
    return [list(row.values()) for row in found.newest.to_pylist()]


def counting(lake: Path) -> Counting:
    return Counting(lake, LocalCatalog(lake))


def test_it_is_read_once_and_then_kept_in_the_lake(lake: Path) -> None:
    """Another process finds it there."""
    first, second = counting(lake), counting(lake)
    assert state(first, lake) == state(first, lake) == state(second, lake) == [[5, 12, 0.25, 1]]
    assert (first.reads, second.reads) == (1, 0)


def test_headline_and_types_are_kept(lake: Path) -> None:
    engine, catalog, store = counting(lake), LocalCatalog(lake), FolderStore(lake)
    read, kept = (newest_state(WEEK, engine, catalog, store) for _ in range(2))
    assert (read.changed, kept.changed) == (True, False)
    assert kept.headline == read.headline
    assert kept.newest.schema == read.newest.schema


def test_an_hour_of_the_weeks_that_was_made_anew_is_read(lake: Path) -> None:
    """Healed, or filled in from an archive."""
    engine = counting(lake)
    state(engine, lake)
    rows = [row("a", 5, 15, "2022-06-03 10:00"), row("b", 15, 5, "2022-06-03 10:00")]
    LocalCatalog(lake).register([write_hour(lake, hour_of(at("2022-06-03 10:00")), rows)])
    assert state(engine, lake) == [[5, 12, 0.5, 1]]


def test_an_hour_of_today_changes_nothing_and_a_new_day_does(lake: Path) -> None:
    engine, catalog = counting(lake), LocalCatalog(lake)
    state(engine, lake)
    for when, reads in (("2022-06-04 11:00", 1), ("2022-06-05 00:00", 2)):
        catalog.register([write_hour(lake, hour_of(at(when)), [row("a", 5, 5, when)])])
        state(engine, lake)
        assert engine.reads == reads


@pytest.mark.parametrize("kept", [None, b"{", b"[]", b"{}"])
def test_what_is_kept_may_vanish_or_be_damaged(kept: bytes | None, lake: Path) -> None:
    engine, file = counting(lake), lake / state_key(WEEK.name)
    state(engine, lake)
    assert json.loads(file.read_bytes())
    file.unlink() if kept is None else file.write_bytes(kept)
    assert state(engine, lake) == [[5, 12, 0.25, 1]]
    assert engine.reads == 2


def test_its_form_is_that_of_every_version(lake: Path) -> None:
    """A lake outlives the program: nobody who updates it should have to read four weeks again."""
    file = lake / state_key(WEEK.name)
    state(counting(lake), lake)
    digest = json.loads(file.read_bytes())["digest"]
    headline = '{"hours_of_the_week": 1.0, "highest_fill_rate": 0.5, "lowest_fill_rate": 0.5}'
    file.write_text(f'{{"digest": "{digest}", "headline": {headline}, "rows": [[5, 12, 0.5, 1]]}}')
    engine = counting(lake)
    assert state(engine, lake) == [[5, 12, 0.5, 1]]
    assert engine.reads == 0


def test_other_views_are_read_each_time(lake: Path) -> None:
    engine = counting(lake)
    for _ in range(2):
        newest_state(KPIS[0], engine, LocalCatalog(lake), FolderStore(lake))
    assert engine.reads == 2
    assert not (lake / "reports").exists()


def test_all_states_after_a_tick_are_those_that_the_tick_has_read(lake: Path) -> None:
    """The report takes them, and reads again only what has changed since."""
    engine = counting(lake)
    read = {name: found.newest for name, found in engine.read_all().items()}
    reads = engine.reads
    assert all(found.newest is read[name] for name, found in engine.read_all().items())
    assert engine.reads == reads
    rows = [row("a", 5, 5, "2022-06-04 10:15"), row("b", 0, 5, "2022-06-04 10:15")]
    LocalCatalog(lake).register([write_hour(lake, hour_of(at("2022-06-04 10:00")), rows)])
    assert engine.read_all()["kpi_shortage"].newest["station_id"].to_pylist() == ["b"]


def test_a_view_that_does_not_answer_keeps_nothing(lake: Path) -> None:
    hour = write_hour(lake, hour_of(at("2022-06-03 10:00")), ROWS[:1])
    (lake / hour.key).write_bytes(b"no parquet")
    with pytest.raises(QueryError, match="parquet"):
        state(counting(lake), lake)
    assert not (lake / "reports").exists()
