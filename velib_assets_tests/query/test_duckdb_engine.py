"""The newest state, the views' definitions, SHOW and DESCRIBE, and deleted files."""

import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from velib_assets.catalog.sqlite_catalog import LocalCatalog
from velib_assets.lake.keys import HOUR, clean_key, hour_of
from velib_assets.query.engine import QueryError
from velib_assets.query.kpis import KPIS, Kpi
from velib_assets_tests.kpi_lake import at, engine_over, row, rows_of, write_hour

FILL, SHORT, SATURATED, AREAS, TOP10 = (
    next(kpi for kpi in KPIS if kpi.name == f"kpi_{name}")
    for name in (
        "taux_remplissage",
        "shortage",
        "station_saturation",
        "saturation_par_arrondissement",
        "top10_2hour",
    )
)
TWO_SNAPSHOTS = [
    row("a", 0, 20, "2022-06-04 10:00"),
    row("b", 20, 0, "2022-06-04 10:00"),
    row("a", 5, 15, "2022-06-04 10:15"),
    row("b", 20, 0, "2022-06-04 10:15", is_stale=False),
]


def test_newest_state_is_at_the_newest_snapshot_of_the_table(tmp_path: Path) -> None:
    """No station is short now, although one was in the snapshot before."""
    engine = engine_over(tmp_path, TWO_SNAPSHOTS)
    assert not engine.read([SHORT])[0].newest.num_rows
    assert engine.read([SATURATED])[0].newest["station_id"].to_pylist() == ["b"]


def test_newest_rows_are_in_the_order_of_the_kpi(tmp_path: Path) -> None:
    """Stations are ordered by their code."""
    engine = engine_over(tmp_path, TWO_SNAPSHOTS)
    assert engine.read([FILL])[0].newest["station_id"].to_pylist() == ["a", "b"]
    assert engine.read([FILL])[0].newest.slice(0, 1)["station_id"].to_pylist() == ["a"]


def test_worst_arrondissement_comes_first(tmp_path: Path) -> None:
    """The preview shows the first rows."""
    rows = [row("a", 5, 15), row("b", 0, 20, arrondissement="Paris 2e")]
    areas = engine_over(tmp_path, rows).read([AREAS])[0].newest["arrondissement"]
    assert areas.to_pylist() == ["Paris 2e", "Paris 1er"]


@pytest.mark.parametrize(
    ("kpi", "numbers"),
    [
        (FILL, {"stations": 2, "mean_fill_rate": 0.625, "stale_stations": 0}),
        (SHORT, {"stations_short": 0, "arrondissements_touched": 0}),
        (SATURATED, {"stations_saturated": 1, "stations_without_dock": 1}),
        (
            AREAS,
            {
                "arrondissements": 1,
                "stations_in_operation": 2,
                "highest_fill_rate": 0.625,
                "lowest_fill_rate": 0.625,
                "worst_shortage_count": 0,
                "worst_saturation_count": 1,
            },
        ),
        (TOP10, {"top_score": 6, "critical_stations": 2, "shortage_hits": 1, "saturation_hits": 2}),
    ],
    ids=[kpi.name for kpi in KPIS],
)
def test_headlines_match_numbers_computed_by_hand(
    kpi: Kpi, numbers: dict[str, float], tmp_path: Path
) -> None:
    """Station b has no dock twice: 2 x 2 + 2 x 1 = 6 points."""
    assert engine_over(tmp_path, TWO_SNAPSHOTS).read([kpi])[0].headline == numbers


@pytest.mark.parametrize("kpi", KPIS, ids=lambda kpi: kpi.name)
def test_headlines_of_an_empty_lake_contain_no_null(kpi: Kpi, tmp_path: Path) -> None:
    """Counts are 0; means and maxima are left out, as a plot takes numbers only."""
    assert set(engine_over(tmp_path).read([kpi])[0].headline.values()) <= {0.0}


def test_definition_changes_once_and_for_top10_with_each_hour(tmp_path: Path) -> None:
    """Only kpi_top10_2hour contains the newest hours."""
    engine = engine_over(tmp_path, TWO_SNAPSHOTS)
    assert [
        engine.read([SHORT])[0].changed,
        engine.read([SHORT])[0].changed,
        engine.read([TOP10])[0].changed,
    ] == [
        True,
        False,
        True,
    ]
    engine = engine_over(tmp_path, [row("a", 0, 20, "2022-06-04 11:00")])
    assert [engine.read([SHORT])[0].changed, engine.read([TOP10])[0].changed] == [False, True]


def test_view_with_undeclared_columns_is_refused(tmp_path: Path) -> None:
    """The check of the view reports it."""
    wrong = SHORT._replace(schema=SHORT.schema[:-1])
    with pytest.raises(QueryError, match="kpi_shortage has the columns"):
        engine_over(tmp_path, TWO_SNAPSHOTS).read([wrong])[0]


@pytest.mark.parametrize("kpi", KPIS, ids=lambda kpi: kpi.name)
def test_newest_state_opens_only_the_newest_hours(kpi: Kpi, tmp_path: Path) -> None:
    """The cost of a tick must not depend on the history: older files are unreadable here."""
    engine = engine_over(tmp_path, [row("a", 0, 20), row("b", 20, 0)])
    catalog = LocalCatalog(tmp_path)
    newest = hour_of(at("2022-06-04 10:00"))
    for back in range(3, 30):
        partition = write_hour(tmp_path, newest - back * HOUR, [row("a", 0, 20)])
        catalog.register([partition])
        (tmp_path / partition.key).write_bytes(b"no parquet")
    assert engine.read([kpi])[0].changed
    assert len(engine.read([kpi])[0].newest) > 0
    assert engine.read([kpi])[0].headline


def test_deleted_files_are_skipped(tmp_path: Path) -> None:
    """Somebody deleted a file by hand: the newest hour with a file counts."""
    rows = [row("a", 0, 20, "2022-06-04 10:00"), row("a", 0, 20, "2022-06-04 11:00")]
    engine = engine_over(tmp_path, rows)
    (tmp_path / clean_key(datetime(2022, 6, 4, 11, tzinfo=UTC))).unlink()
    assert rows_of(engine, "SELECT hour FROM kpi_shortage") == [("10",)]
    assert len(engine.read([SHORT])[0].newest) == 1


def test_error_names_a_damaged_file(tmp_path: Path) -> None:
    """The command can then tell which hour to rebuild."""
    engine = engine_over(tmp_path, [row("a", 0, 20)])
    (tmp_path / clean_key(datetime(2022, 6, 4, 10, tzinfo=UTC))).write_bytes(b"no parquet at all")
    with pytest.raises(QueryError, match=r"stations\.parquet"):
        engine.query("SELECT * FROM kpi_shortage")


@pytest.mark.parametrize(
    ("sql", "first"),
    [
        ("SHOW TABLES", ("source_velib",)),
        ("show tables in velib_db_tf;", ("source_velib",)),
        ("SHOW VIEWS", ("kpi_taux_remplissage",)),
        ("SHOW DATABASES", ("velib_db_tf",)),
        ("SHOW PARTITIONS velib_db_tf.source_velib", ("date=2022-06-04/hour=10",)),
        (
            "DESCRIBE kpi_shortage",
            ("ingested_ts", "timestamp", "When the snapshot was taken (UTC, milliseconds)"),
        ),
        ("SHOW COLUMNS IN `source_velib`", ("ingested_ts", "timestamp", "When the snapshot was taken")),
    ],
)
def test_show_and_describe_return_the_catalog(sql: str, first: tuple[str, ...], tmp_path: Path) -> None:
    """These are the first statements of a newcomer."""
    assert rows_of(engine_over(tmp_path, TWO_SNAPSHOTS), sql)[0] == first


def test_show_create_view_returns_a_complete_statement(tmp_path: Path) -> None:
    """It contains the newest hours as constants, and no placeholder."""
    shown = rows_of(engine_over(tmp_path, TWO_SNAPSHOTS), "SHOW CREATE VIEW kpi_top10_2hour")[0][0]
    assert "'2022-06-04' AND \"hour\" IN ('08', '09', '10')" in shown
    assert "$" not in shown


@pytest.mark.parametrize("sql", ["DESCRIBE nothing", "SHOW CREATE VIEW source_velib", "SHOW GRANTS"])
def test_unknown_show_statement_is_refused_with_the_alternatives(sql: str, tmp_path: Path) -> None:
    """The message does not contain DuckDB's internals."""
    with pytest.raises(QueryError, match="there are"):
        engine_over(tmp_path).query(sql)


def test_importing_kpis_catalog_and_engine_is_light() -> None:
    """Pandas and DuckDB take two seconds, which `velib status` and loading definitions must not pay."""
    code = (
        "import sys, velib_assets.catalog.sqlite_catalog, velib_assets.query.duckdb_engine;"
        "import velib_assets.query.kpis, velib_assets.query.view_sql;"
        "print([m for m in ('pandas', 'duckdb', 'sqlglot', 'pyarrow', 'dagster') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
