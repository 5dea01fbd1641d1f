"""The files that a query opens: never too few, and few where its conditions allow it."""

from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path

import pytest

from velib_assets.catalog.catalog import Partition
from velib_assets.query import duckdb_query
from velib_assets.query.duckdb_engine import LocalQueryEngine
from velib_assets.query.duckdb_files import LakeFiles
from velib_assets_tests.kpi_lake import at, engine_over, row, rows_of, sql

HOURS = 60
COUNT = "SELECT count(*) FROM kpi_shortage WHERE"
MAX = "(SELECT max(ingested_ts) FROM kpi_shortage)"
ALL_HOURS = [
    "SELECT count(*) FROM kpi_shortage",
    sql(COUNT, "hour = '03' OR bikes = 0"),
    sql(COUNT, "(hour = '03' AND bikes = 0) OR NOT (hour = '07')"),
    sql(COUNT, "NOT (\"date\" = '2022-06-04')"),
    sql(
        "SELECT count(*) FROM source_velib s LEFT JOIN kpi_shortage k",
        "ON s.station_id = k.station_id AND k.\"date\" = '2022-06-04'",
    ),
    sql(
        "SELECT count(*) FROM source_velib",
        "WHERE station_id NOT IN (SELECT station_id FROM kpi_shortage WHERE hour = '05')",
    ),
    "SELECT hour, max(ingested_ts) FROM kpi_shortage GROUP BY hour ORDER BY hour",
    "SELECT max(ingested_ts) FROM kpi_shortage WHERE station_id = 's7'",
    "SELECT station_id FROM source_velib ORDER BY ingested_ts, station_id LIMIT 3",
    "SELECT DISTINCT station_id FROM source_velib ORDER BY station_id DESC LIMIT 3",
    'SELECT "date", station_id FROM source_velib ORDER BY "date" DESC, station_id LIMIT 30',
    "SELECT count(*) OVER () AS n, ingested_ts FROM source_velib ORDER BY ingested_ts DESC LIMIT 1",
    "SELECT station_id FROM kpi_shortage ORDER BY ingested_ts DESC LIMIT 0",
    sql(
        "SELECT count(*) FROM source_velib s FULL JOIN kpi_shortage k",
        "ON s.ingested_ts = k.ingested_ts AND s.hour = '03'",
    ),
    sql(
        "SELECT count(*) FROM source_velib s LEFT JOIN kpi_shortage k",
        'ON s.station_id = k.station_id AND s.ingested_ts = k.ingested_ts WHERE k."date" IS NULL',
    ),
    sql(
        "SELECT count(*) FROM kpi_shortage k RIGHT JOIN source_velib s",
        "ON s.ingested_ts = k.ingested_ts WHERE coalesce(k.hour, 'none') = 'none'",
    ),
    sql(COUNT, "ingested_ts IN (SELECT ingested_ts FROM source_velib WHERE bikes = 0)"),
    sql(COUNT, "ingested_ts + INTERVAL '1' HOUR > TIMESTAMP '2022-06-06 10:59:59'"),
    sql(COUNT, "1 / (CAST(hour AS integer) - 3) > 5 AND bikes = 7"),
]
FEW_HOURS = [
    (sql(COUNT, "\"date\" = '2022-06-05'"), 24),
    (sql(COUNT, "\"date\" = '2022-06-05' AND hour IN ('03', '04')"), 2),
    (sql(COUNT, "\"date\" BETWEEN '2022-06-04' AND '2022-06-05'"), 48),
    (sql(COUNT, "'2022-06-06' <= \"date\""), 12),
    (sql(COUNT, "ingested_ts >= TIMESTAMP '2022-06-06 10:59:59'"), 2),
    (sql(COUNT, "ingested_ts < TIMESTAMP '2022-06-04 01:00:00'"), 1),
    (sql(COUNT, "ingested_ts > DATE '2022-06-06'"), 12),
    (sql(COUNT, "\"date\" = CAST(DATE '2022-06-04' + INTERVAL '1' DAY AS varchar)"), 24),
    (sql(COUNT, "hour IN ('03') AND NOT (\"date\" = '2022-06-05')"), 2),
    (sql(COUNT, "substr(hour, 1, 1) = '0' AND \"date\" > '2022-06-05'"), 10),
    (
        sql(COUNT, "ingested_ts BETWEEN TIMESTAMP '2022-06-04 05:00:00' AND TIMESTAMP '2022-06-04 07:00:00'"),
        3,
    ),
    (
        sql(
            "SELECT count(*) FROM kpi_shortage s LEFT JOIN (SELECT 1 AS x) t ON t.x = s.bikes",
            "WHERE s.\"date\" = '2022-06-05'",
        ),
        24,
    ),
    (sql(COUNT, "ingested_ts =", MAX), 1),
    (sql(COUNT, "ingested_ts IN", MAX), 1),
    (sql(COUNT, "ingested_ts >", MAX, "- INTERVAL '2' HOUR"), 3),
    (
        sql(
            "WITH n AS (SELECT max(ingested_ts) AS ts FROM kpi_shortage)",
            "SELECT count(*) FROM kpi_shortage k JOIN n ON k.ingested_ts = n.ts",
        ),
        1,
    ),
    (
        sql(
            "SELECT count(*) FROM kpi_shortage k CROSS JOIN",
            "(SELECT max(ingested_ts) AS ts FROM kpi_shortage) n WHERE k.ingested_ts = n.ts",
        ),
        1,
    ),
    ("SELECT max(ingested_ts) FROM source_velib", 1),
    ('SELECT max("date") AS d FROM source_velib', 1),
    ("SELECT station_id, ingested_ts FROM source_velib ORDER BY ingested_ts DESC LIMIT 1", 1),
    ("SELECT station_id FROM source_velib ORDER BY ingested_ts DESC, station_id LIMIT 5", 24),
    ("SELECT count(*) FROM kpi_top10_2hour", 3),
    ("SELECT count(*) FROM kpi_episodes", 26),
    ("SELECT sum(snapshots) FROM kpi_typical_week", 48),
    (sql(COUNT, "(\"date\" IN ('2022-06-05') OR (\"date\" = '2022-06-04' AND hour IN ('22', '23')))"), 26),
    (sql(COUNT, "(\"date\" = '2022-06-04' AND bikes = 0 AND hour = '03') OR hour = '07'"), 4),
    (
        sql(
            "SELECT a.hour FROM kpi_shortage a JOIN kpi_shortage b ON a.station_id = b.station_id",
            "WHERE a.\"date\" = '2022-06-04' AND b.\"date\" = '2022-06-05'",
            "AND a.hour = '03' AND b.hour = '03'",
        ),
        2,
    ),
]


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> LocalQueryEngine:
    """Sixty hours from 4 June 00:00 with one station each at hh:59:59; every fourth station is short."""
    start = at("2022-06-04 00:00")
    rows = [
        row(
            f"s{n % 11}",
            0 if n % 4 == 3 else n % 4,
            20,
            (start + timedelta(hours=n, seconds=3599)).isoformat(" ")[:19],
        )
        for n in range(HOURS)
    ]
    return engine_over(tmp_path_factory.mktemp("lake"), rows)


def _rows_and_files(
    engine: LocalQueryEngine, query: str, monkeypatch: pytest.MonkeyPatch, *, prune: bool
) -> tuple[object, int]:
    """The rows, and how many files the last step read."""
    opened = [0]
    paths = LakeFiles.paths

    def count(files: LakeFiles, partitions: Iterable[Partition]) -> list[Path]:
        existing = paths(files, partitions)
        opened[0] = len(existing)
        return existing

    with monkeypatch.context() as patch:
        patch.setattr(LakeFiles, "paths", count)
        if not prune:
            patch.setattr(duckdb_query, "newest_value_selects", lambda _: [])
            patch.setattr(duckdb_query, "newest_rows", lambda _: None)
            patch.setattr(duckdb_query, "partitions_needed", lambda _db, _tree, partitions, _: partitions)
        return rows_of(engine, query), opened[0]


@pytest.mark.parametrize("query", ALL_HOURS)
def test_conditions_that_do_not_restrict_partitions_lose_no_rows(
    query: str, engine: LocalQueryEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """OR, NOT, outer joins, groups and windows: the same rows as from all files."""
    pruned = _rows_and_files(engine, query, monkeypatch, prune=True)
    assert pruned[0] == _rows_and_files(engine, query, monkeypatch, prune=False)[0]


@pytest.mark.parametrize(("query", "files"), FEW_HOURS)
def test_conditions_on_partitions_open_few_files_and_lose_no_rows(
    query: str, files: int, engine: LocalQueryEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A query for a day must not open the files of a year."""
    rows, opened = _rows_and_files(engine, query, monkeypatch, prune=True)
    assert rows == _rows_and_files(engine, query, monkeypatch, prune=False)[0]
    assert opened <= files


def test_newest_time_of_an_empty_table_is_null(tmp_path: Path) -> None:
    """Like any aggregate over no rows."""
    assert engine_over(tmp_path).query("SELECT max(ingested_ts) AS m FROM kpi_shortage")["m"].isna().all()


def test_comparison_with_newest_time_of_no_rows_selects_nothing(tmp_path: Path) -> None:
    """A comparison with null is true for no row."""
    engine = engine_over(tmp_path, [row("a", 5, 5)])
    assert rows_of(engine, sql("SELECT count(*) FROM source_velib WHERE ingested_ts =", MAX)) == [(0,)]
