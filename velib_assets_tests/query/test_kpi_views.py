"""The five views on DuckDB, against numbers computed by hand."""

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from velib_assets.query.kpis import KPIS, Kpi
from velib_assets_tests.kpi_lake import engine_over, row, rows_of, sql

BY_NAME = {kpi.name: kpi for kpi in KPIS}
MIX = [
    row("full", 20, 0),  # saturated: no dock
    row("ninety", 18, 2),  # saturated: exactly 0.9
    row("almost", 17, 3),
    row("empty", 0, 20),  # short
    row("stale", 0, 20, is_stale=True),
    row("removed", 0, 20, is_installed=False),
    row("closed", 0, 20, is_renting=False),
    row("no_return", 20, 0, is_returning=False),
    row("broken_docks", 2, 0, capacity=20, fill_rate=0.1),  # saturated: no dock at a low rate
    row("unknown_flags", 0, 20, is_installed=None),
    row("unknown_renting", 0, 20, is_renting=None),
    row("unknown_returning", 20, 0, is_returning=None),
    row("no_places", 0, 0),  # fill_rate null
    row("unknown_docks", 0, None),
]


@pytest.fixture(params=["UTC", "Europe/Paris"])
def zone(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The machine's time zone."""
    monkeypatch.setenv("TZ", request.param)
    time.tzset()
    yield request.param
    monkeypatch.delenv("TZ")
    time.tzset()


def _stations(lake: Path, view: str) -> set[str]:
    return {found[0] for found in rows_of(engine_over(lake, MIX), sql("SELECT station_id FROM", view))}


def test_short_are_stations_in_operation_that_rent_and_have_no_bike(tmp_path: Path) -> None:
    """Closed, removed, stale and unknown stations are not short of bikes; nor is one without a place."""
    assert _stations(tmp_path, "kpi_shortage") == {"empty"}


def test_saturated_are_stations_without_a_dock_or_at_nine_tenths(tmp_path: Path) -> None:
    """Exactly 0.9 counts, docks = 0 counts at any rate, and unknown `is_returning` does not count."""
    assert _stations(tmp_path, "kpi_station_saturation") == {"full", "ninety", "broken_docks"}


def test_the_fill_rate_view_keeps_stale_stations(tmp_path: Path) -> None:
    """Only what is installed and has a rate: staleness is a column of this view, not a filter."""
    left_out = {"removed", "unknown_flags", "no_places", "unknown_docks"}
    assert _stations(tmp_path, "kpi_taux_remplissage") == {str(r["station_id"]) for r in MIX} - left_out


def test_arrondissements_count_their_stations_in_operation(tmp_path: Path) -> None:
    """By hand: (1.0 + 0.0 + 0.5) / 3; the stale one is not in operation."""
    rows = [
        row("a", 20, 0),
        row("b", 0, 20),
        row("c", 10, 10),
        row("d", 20, 0, is_stale=True),
        row("e", 5, 15, arrondissement="Pantin"),
    ]
    asked = (
        "SELECT arrondissement, station_count, avg_fill_rate, shortage_count, saturation_count "
        "FROM kpi_saturation_par_arrondissement ORDER BY arrondissement"
    )
    assert rows_of(engine_over(tmp_path, rows), asked) == [
        ("Pantin", 1, 0.25, 0, 0),
        ("Paris 1er", 3, 0.5, 1, 1),
    ]


def test_stations_without_an_arrondissement_are_a_group_of_their_own(tmp_path: Path) -> None:
    """Left out, the arrondissements would no longer add up to the city."""
    rows = [row("a", 5, 15), row("b", 5, 15, arrondissement=None)]
    asked = "SELECT sum(station_count) FROM kpi_saturation_par_arrondissement"
    assert rows_of(engine_over(tmp_path, rows), asked) == [(2,)]


def test_top10_scores_by_hand(tmp_path: Path) -> None:
    """x: short twice = 4; y: no dock (2) and >= 0.9 (1) in one snapshot = 3; z: 0.9 once = 1."""
    rows = [
        row("x", 0, 20, "2022-06-04 10:00"),
        row("x", 0, 20, "2022-06-04 11:00"),
        row("y", 20, 0, "2022-06-04 10:00"),
        row("y", 10, 10, "2022-06-04 11:00"),
        row("z", 18, 2, "2022-06-04 11:00"),
        row("w", 10, 10, "2022-06-04 11:00"),
    ]
    asked = (
        "SELECT station_id, avg_fill_rate, shortage_hits, saturation_hits, critical_score "
        "FROM kpi_top10_2hour"
    )
    assert rows_of(engine_over(tmp_path, rows), asked) == [
        ("x", 0.0, 2, 0, 4),
        ("y", 0.75, 0, 1, 3),
        ("z", 0.9, 0, 0, 1),
        ("w", 0.5, 0, 0, 0),
    ]


def test_exactly_two_hours_before_the_newest_is_outside(tmp_path: Path) -> None:
    """`ingested_ts > newest - 2 h`: 10:15 is outside of 12:15's window, one second later is inside."""
    rows = [
        row("edge", 0, 20, "2022-06-04 10:15"),
        row("inside", 0, 20, "2022-06-04 10:15:01"),
        row("now", 10, 10, "2022-06-04 12:15"),
    ]
    found = rows_of(engine_over(tmp_path, rows), "SELECT station_id, shortage_hits FROM kpi_top10_2hour")
    assert found == [("inside", 1), ("now", 0)]


def test_ties_are_broken_by_station_and_ten_are_kept(tmp_path: Path) -> None:
    """Twelve alike: the first ten as text, so that s10 comes before s2."""
    rows = [row(f"s{n}", 0, 20) for n in range(1, 13)]
    found = [r[0] for r in rows_of(engine_over(tmp_path, rows), "SELECT station_id FROM kpi_top10_2hour")]
    assert found == sorted(f"s{n}" for n in range(1, 13))[:10]


def test_one_snapshot_with_few_stations_gives_fewer_than_ten(tmp_path: Path) -> None:
    """Nothing is made up to fill ten."""
    found = rows_of(
        engine_over(tmp_path, [row("a", 5, 5)]), "SELECT station_id, critical_score FROM kpi_top10_2hour"
    )
    assert found == [("a", 0)]


def test_a_renamed_station_is_one_row_with_its_newest_name(tmp_path: Path) -> None:
    """Grouping by the name would split its hits."""
    rows = [
        row("a", 0, 20, "2022-06-04 10:00", name="Old"),
        row("a", 0, 20, "2022-06-04 10:15", name="New"),
        row("a", 0, 20, "2022-06-04 10:30", name=None),
    ]
    found = rows_of(engine_over(tmp_path, rows), "SELECT name, shortage_hits FROM kpi_top10_2hour")
    assert found == [("New", 3)]


def test_unknown_is_returning_scores_nothing_for_saturation(tmp_path: Path) -> None:
    """A null flag is not true."""
    found = rows_of(
        engine_over(tmp_path, [row("a", 20, 0, is_returning=None)]),
        "SELECT critical_score FROM kpi_top10_2hour",
    )
    assert found == [(0,)]


@pytest.mark.parametrize("kpi", KPIS, ids=lambda kpi: kpi.name)
def test_an_empty_lake_answers_with_the_columns(kpi: Kpi, tmp_path: Path) -> None:
    """The first look at a new lake is a table without rows, not an error."""
    frame = engine_over(tmp_path).query(sql("SELECT * FROM", kpi.name))
    assert list(frame.columns) == [name for name, _, _ in kpi.columns]
    assert frame.empty


@pytest.mark.parametrize("kpi", KPIS, ids=lambda kpi: kpi.name)
def test_columns_and_types_are_those_declared(kpi: Kpi, tmp_path: Path) -> None:
    """Read compares names, order and types, and raises where they differ."""
    engine = engine_over(tmp_path, MIX)
    assert engine.read(kpi).changed
    assert engine.read(kpi).newest.column_names == [name for name, _, _ in kpi.columns]


@pytest.mark.usefixtures("zone")
def test_times_are_plain_utc_whatever_the_machines_zone(tmp_path: Path) -> None:
    """Under TZ=Europe/Paris the hour was shifted by two, and the partition keys became dates and numbers."""
    engine = engine_over(tmp_path, [row("a", 0, 20, "2022-06-04 00:15")])
    frame = engine.query("SELECT ingested_ts, date, hour FROM kpi_shortage")
    assert frame["ingested_ts"].dt.tz is None
    assert [str(value) for value in frame.iloc[0]] == ["2022-06-04 00:15:00", "2022-06-04", "00"]
    assert rows_of(
        engine, "SELECT count(*) FROM kpi_shortage WHERE ingested_ts = TIMESTAMP '2022-06-04 00:15:00'"
    ) == [(1,)]


@pytest.mark.usefixtures("zone")
def test_the_two_hours_hold_in_any_zone(tmp_path: Path) -> None:
    """Across the hour that summer time skips, in Paris."""
    rows = [row("a", 0, 20, "2022-03-27 00:30"), row("a", 0, 20, "2022-03-27 02:15")]
    found = rows_of(engine_over(tmp_path, rows), "SELECT shortage_hits FROM kpi_top10_2hour")
    assert found == [(2,)]
    assert os.environ["TZ"]
