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
    return {result[0] for result in rows_of(engine_over(lake, MIX), sql("SELECT station_id FROM", view))}


def test_short_stations_are_in_operation_renting_and_without_a_bike(tmp_path: Path) -> None:
    """Closed, removed, stale and unknown stations are not short, nor is one without bikes and docks."""
    assert _stations(tmp_path, "kpi_shortage") == {"empty"}


def test_saturated_stations_have_no_dock_or_are_nearly_full(tmp_path: Path) -> None:
    """Exactly 0.9 counts, `docks = 0` counts at any fill rate, and an unknown `is_returning` does not."""
    assert _stations(tmp_path, "kpi_station_saturation") == {"full", "ninety", "broken_docks"}


def test_fill_rate_view_includes_stale_stations(tmp_path: Path) -> None:
    """It contains installed stations with a fill rate; staleness is a column."""
    excluded = {"removed", "unknown_flags", "no_places", "unknown_docks"}
    assert _stations(tmp_path, "kpi_taux_remplissage") == {str(r["station_id"]) for r in MIX} - excluded


def test_arrondissements_count_stations_in_operation(tmp_path: Path) -> None:
    """(1.0 + 0.0 + 0.5) / 3: the stale station is not in operation."""
    rows = [
        row("a", 20, 0),
        row("b", 0, 20),
        row("c", 10, 10),
        row("d", 20, 0, is_stale=True),
        row("e", 5, 15, arrondissement="Pantin"),
    ]
    query = (
        "SELECT arrondissement, station_count, avg_fill_rate, shortage_count, saturation_count "
        "FROM kpi_saturation_par_arrondissement ORDER BY arrondissement"
    )
    assert rows_of(engine_over(tmp_path, rows), query) == [
        ("Pantin", 1, 0.25, 0, 0),
        ("Paris 1er", 3, 0.5, 1, 1),
    ]


def test_stations_without_an_arrondissement_form_their_own_group(tmp_path: Path) -> None:
    """Without them, the arrondissements would not add up to the network."""
    rows = [row("a", 5, 15), row("b", 5, 15, arrondissement=None)]
    query = "SELECT sum(station_count) FROM kpi_saturation_par_arrondissement"
    assert rows_of(engine_over(tmp_path, rows), query) == [(2,)]


def test_top10_scores_match_numbers_computed_by_hand(tmp_path: Path) -> None:
    """x: short twice = 4; y: no dock (2) and >= 0.9 (1) in one snapshot = 3; z: 0.9 once = 1."""
    rows = [
        row("x", 0, 20, "2022-06-04 10:00"),
        row("x", 0, 20, "2022-06-04 11:00"),
        row("y", 20, 0, "2022-06-04 10:00"),
        row("y", 10, 10, "2022-06-04 11:00"),
        row("z", 18, 2, "2022-06-04 11:00"),
        row("w", 10, 10, "2022-06-04 11:00"),
    ]
    query = (
        "SELECT station_id, avg_fill_rate, shortage_hits, saturation_hits, critical_score "
        "FROM kpi_top10_2hour"
    )
    assert rows_of(engine_over(tmp_path, rows), query) == [
        ("x", 0.0, 2, 0, 4),
        ("y", 0.75, 0, 1, 3),
        ("z", 0.9, 0, 0, 1),
        ("w", 0.5, 0, 0, 0),
    ]


def test_snapshot_of_exactly_two_hours_ago_is_outside(tmp_path: Path) -> None:
    """`ingested_ts > newest - 2 h`: for 12:15, 10:15 is outside, and one second later is inside."""
    rows = [
        row("edge", 0, 20, "2022-06-04 10:15"),
        row("inside", 0, 20, "2022-06-04 10:15:01"),
        row("now", 10, 10, "2022-06-04 12:15"),
    ]
    result = rows_of(engine_over(tmp_path, rows), "SELECT station_id, shortage_hits FROM kpi_top10_2hour")
    assert result == [("inside", 1), ("now", 0)]


def test_ties_are_ordered_by_station_and_limited_to_ten(tmp_path: Path) -> None:
    """Of twelve equal stations, the first ten as text: s10 comes before s2."""
    rows = [row(f"s{n}", 0, 20) for n in range(1, 13)]
    result = [r[0] for r in rows_of(engine_over(tmp_path, rows), "SELECT station_id FROM kpi_top10_2hour")]
    assert result == sorted(f"s{n}" for n in range(1, 13))[:10]


def test_few_stations_give_fewer_than_ten_rows(tmp_path: Path) -> None:
    """No rows are added to reach ten."""
    result = rows_of(
        engine_over(tmp_path, [row("a", 5, 5)]), "SELECT station_id, critical_score FROM kpi_top10_2hour"
    )
    assert result == [("a", 0)]


def test_renamed_station_is_one_row_with_its_newest_name(tmp_path: Path) -> None:
    """Grouping by name would split its hits."""
    rows = [
        row("a", 0, 20, "2022-06-04 10:00", name="Old"),
        row("a", 0, 20, "2022-06-04 10:15", name="New"),
        row("a", 0, 20, "2022-06-04 10:30", name=None),
    ]
    result = rows_of(engine_over(tmp_path, rows), "SELECT name, shortage_hits FROM kpi_top10_2hour")
    assert result == [("New", 3)]


def test_unknown_is_returning_does_not_score(tmp_path: Path) -> None:
    """Null is not true."""
    result = rows_of(
        engine_over(tmp_path, [row("a", 20, 0, is_returning=None)]),
        "SELECT critical_score FROM kpi_top10_2hour",
    )
    assert result == [(0,)]


@pytest.mark.parametrize("kpi", KPIS, ids=lambda kpi: kpi.name)
def test_empty_lake_returns_the_columns(kpi: Kpi, tmp_path: Path) -> None:
    """A new lake is a table without rows, not an error."""
    frame = engine_over(tmp_path).query(sql("SELECT * FROM", kpi.name))
    assert list(frame.columns) == [name for name, _, _ in kpi.columns]
    assert frame.empty


@pytest.mark.parametrize("kpi", KPIS, ids=lambda kpi: kpi.name)
def test_columns_and_types_are_as_declared(kpi: Kpi, tmp_path: Path) -> None:
    """`read` compares names, order and types, and raises if they differ."""
    engine = engine_over(tmp_path, MIX)
    assert engine.read([kpi])[0].changed
    assert engine.read([kpi])[0].newest.column_names == [name for name, _, _ in kpi.columns]


@pytest.mark.usefixtures("zone")
def test_times_are_utc_in_any_time_zone(tmp_path: Path) -> None:
    """With TZ=Europe/Paris, hours were shifted by two, and partition keys became dates and numbers."""
    engine = engine_over(tmp_path, [row("a", 0, 20, "2022-06-04 00:15")])
    frame = engine.query("SELECT ingested_ts, date, hour FROM kpi_shortage")
    assert frame["ingested_ts"].dt.tz is None
    assert [str(value) for value in frame.iloc[0]] == ["2022-06-04 00:15:00", "2022-06-04", "00"]
    assert rows_of(
        engine, "SELECT count(*) FROM kpi_shortage WHERE ingested_ts = TIMESTAMP '2022-06-04 00:15:00'"
    ) == [(1,)]


@pytest.mark.usefixtures("zone")
def test_two_hours_are_the_same_in_any_time_zone(tmp_path: Path) -> None:
    """They include the hour that summer time skips in Paris."""
    rows = [row("a", 0, 20, "2022-03-27 00:30"), row("a", 0, 20, "2022-03-27 02:15")]
    result = rows_of(engine_over(tmp_path, rows), "SELECT shortage_hits FROM kpi_top10_2hour")
    assert result == [(2,)]
    assert os.environ["TZ"]
