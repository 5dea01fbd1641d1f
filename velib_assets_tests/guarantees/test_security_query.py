"""`velib query` only reads, only the catalog's tables, and only so much: a corpus of what tries otherwise."""

import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from velib_assets.query import duckdb_session
from velib_assets.query.duckdb_engine import LocalQueryEngine, QueryError
from velib_assets_tests.guarantees.statements import attacks
from velib_assets_tests.kpi_lake import engine_over, row, rows_of, sql

pytestmark = pytest.mark.promise("security")
Figure = Callable[[str, float], None]


class Place(NamedTuple):
    """A lake, and beside it a folder with secrets, which is also the working directory."""

    engine: LocalQueryEngine
    lake: Path
    outside: Path


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
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
    yield Place(engine, lake, outside)
    logging.getLogger("sqlglot").setLevel(logging.WARNING)


@pytest.mark.parametrize("where", ["outside", "lake"])
def test_no_statement_of_the_corpus_is_answered(where: str, place: Place, full: bool, figure: Figure) -> None:
    """Also within the lake: its catalog's tables are what may be asked, not its files."""
    before = {path: path.stat().st_mtime_ns for path in place.lake.parent.rglob("*")}
    answered, odd, count = [], [], 0
    for statement in attacks(place.outside if where == "outside" else place.lake, full):
        count += 1
        try:
            place.engine.query(statement)
            answered.append(statement)
        except QueryError as error:
            if "canary" in str(error) or "Permission" in str(error):
                odd.append((statement, str(error)))  # it was the second lock that held
    assert answered == []
    assert odd == []
    assert {path: path.stat().st_mtime_ns for path in place.lake.parent.rglob("*")} == before
    figure("statements refused", count)


def test_a_name_in_with_is_a_name_whatever_it_looks_like(place: Place) -> None:
    question = 'WITH "secret.csv" AS (SELECT 1 AS a) SELECT a FROM "secret.csv"'
    assert rows_of(place.engine, question) == [(1,)]


def test_a_partition_that_is_a_link_is_not_followed(place: Place) -> None:
    """Its rows are those of an hour that is gone."""
    (file,) = (place.lake / "clean").rglob("*.parquet")
    moved = place.outside / "elsewhere.parquet"
    file.rename(moved)
    file.symlink_to(moved)
    assert rows_of(place.engine, "SELECT count(*) FROM source_velib") == [(0,)]


@pytest.mark.parametrize("name", ["memory_limit", "temp_directory", "max_temp_directory_size", "threads"])
def test_bounds_cannot_be_lifted(name: str, place: Place) -> None:
    import duckdb

    with duckdb_session.session(place.lake) as db, pytest.raises(duckdb.Error, match="locked"):
        db.execute(sql("SET", name, "= '1'"))


def test_a_question_without_end_is_ended(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(duckdb_session, "MOST_SECONDS", 0.5)
    endless = (
        "SELECT count(*) FROM UNNEST(sequence(1, 1000000)) a(x) CROSS JOIN UNNEST(sequence(1, 1000000)) b(y)"
    )
    with pytest.raises(QueryError, match="it took over"):
        place.engine.query(endless)
    assert rows_of(place.engine, "SELECT 1") == [(1,)]


def test_an_answer_too_large_is_refused_and_leaves_nothing(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(duckdb_session, "MOST_BYTES", 1_000_000)
    with pytest.raises(QueryError, match="use LIMIT"):
        place.engine.query("SELECT x, x + 1, x + 2 FROM UNNEST(sequence(1, 500000)) t(x)")


def test_memory_is_bounded_and_what_spills_is_removed(
    place: Place, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Two gigabytes, then a folder in the system's temporary one, gone afterwards."""
    spill = tmp_path / "spill"
    spill.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(spill))
    with duckdb_session.session(place.lake) as db:
        asked = "SELECT current_setting('memory_limit'), current_setting('temp_directory')"
        limit, folder = db.execute(asked).fetchall()[0]
    assert (limit, Path(folder).parent) == ("1.8 GiB", spill)
    monkeypatch.setattr(duckdb_session, "MEMORY", "64MB")
    monkeypatch.setattr(duckdb_session, "MOST_SPILL", "16MB")
    strings = "array_agg(rpad(CAST(x AS varchar), 10000, 'x'))"
    with pytest.raises(QueryError, match="Out of Memory"):
        place.engine.query(sql("SELECT cardinality(", strings, ") FROM UNNEST(sequence(1, 50000)) t(x)"))
    assert list(spill.iterdir()) == []
