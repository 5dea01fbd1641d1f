"""`velib query` reads only the catalog's tables, within limits: a corpus of statements that try more."""

import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from velib_assets.query import duckdb_session
from velib_assets.query.duckdb_engine import LocalQueryEngine
from velib_assets.query.engine import QueryError
from velib_assets_tests.guarantees.statements import attacks
from velib_assets_tests.kpi_lake import engine_over, row, rows_of, sql

pytestmark = pytest.mark.promise("security")
Figure = Callable[[str, float], None]


class Site(NamedTuple):
    """A lake, and beside it a folder with secrets, which is also the working directory."""

    engine: LocalQueryEngine
    lake: Path
    outside: Path


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    logging.getLogger("sqlglot").setLevel(logging.ERROR)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "canary-env")
    lake, outside = tmp_path / "lake", tmp_path / "outside"
    outside.mkdir()
    monkeypatch.chdir(outside)
    engine = engine_over(lake, [row("a", 0, 20)])
    for folder in (outside, lake):
        (folder / "secret.csv").write_text("a\ncanary-file\n", encoding="utf-8")
        (folder / "secret.json").write_text('[{"a": "canary-file"}]', encoding="utf-8")
        pq.write_table(pa.table({"a": ["canary-file"]}), folder / "secret.parquet")
    yield Site(engine, lake, outside)
    logging.getLogger("sqlglot").setLevel(logging.WARNING)


@pytest.mark.parametrize("where", ["outside", "lake"])
def test_no_statement_of_the_corpus_runs(where: str, site: Site, full: bool, figure: Figure) -> None:
    """Within the lake too, only the catalog's tables can be queried, not the files."""
    before = {path: path.stat().st_mtime_ns for path in site.lake.parent.rglob("*")}
    accepted, unguarded, count = [], [], 0
    for statement in attacks(site.outside if where == "outside" else site.lake, full):
        count += 1
        try:
            site.engine.query(statement)
            accepted.append(statement)
        except QueryError as error:
            if "canary" in str(error) or "Permission" in str(error):
                unguarded.append((statement, str(error)))  # only DuckDB's configuration refused it
    assert accepted == []
    assert unguarded == []
    assert {path: path.stat().st_mtime_ns for path in site.lake.parent.rglob("*")} == before
    figure("statements refused", count)


def test_name_in_with_may_look_like_a_file(site: Site) -> None:
    query = 'WITH "secret.csv" AS (SELECT 1 AS a) SELECT a FROM "secret.csv"'
    assert rows_of(site.engine, query) == [(1,)]


def test_symbolic_link_is_not_followed(site: Site) -> None:
    """Its hour counts as deleted."""
    (file,) = (site.lake / "clean").rglob("*.parquet")
    moved = site.outside / "elsewhere.parquet"
    file.rename(moved)
    file.symlink_to(moved)
    assert rows_of(site.engine, "SELECT count(*) FROM source_velib") == [(0,)]


@pytest.mark.parametrize("name", ["memory_limit", "temp_directory", "max_temp_directory_size", "threads"])
def test_limits_cannot_be_changed(name: str, site: Site) -> None:
    import duckdb

    with duckdb_session.session(site.lake) as db, pytest.raises(duckdb.Error, match="locked"):
        db.execute(sql("SET", name, "= '1'"))


def test_endless_query_is_interrupted(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(duckdb_session, "MAX_SECONDS", 0.5)
    endless = (
        "SELECT count(*) FROM UNNEST(sequence(1, 1000000)) a(x) CROSS JOIN UNNEST(sequence(1, 1000000)) b(y)"
    )
    with pytest.raises(QueryError, match="the query took over"):
        site.engine.query(endless)
    assert rows_of(site.engine, "SELECT 1") == [(1,)]


def test_result_that_is_too_large_is_refused(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(duckdb_session, "MAX_BYTES", 1_000_000)
    with pytest.raises(QueryError, match="use LIMIT"):
        site.engine.query("SELECT x, x + 1, x + 2 FROM UNNEST(sequence(1, 500000)) t(x)")


def test_memory_is_limited_and_spilled_data_is_deleted(
    site: Site, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Two gigabytes, then a folder in the system's temporary folder, which is deleted afterwards."""
    spill = tmp_path / "spill"
    spill.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(spill))
    with duckdb_session.session(site.lake) as db:
        settings = "SELECT current_setting('memory_limit'), current_setting('temp_directory')"
        limit, folder = db.execute(settings).fetchall()[0]
    assert (limit, Path(folder).parent) == ("1.8 GiB", spill)
    monkeypatch.setattr(duckdb_session, "MEMORY", "64MB")
    monkeypatch.setattr(duckdb_session, "MAX_SPILL", "16MB")
    strings = "array_agg(rpad(CAST(x AS varchar), 10000, 'x'))"
    with pytest.raises(QueryError, match="Out of Memory"):
        site.engine.query(sql("SELECT cardinality(", strings, ") FROM UNNEST(sequence(1, 50000)) t(x)"))
    assert list(spill.iterdir()) == []
