"""Queries while files are replaced and hours are registered."""

import threading
from datetime import UTC, datetime
from pathlib import Path

from velib_assets.query.duckdb_files import LakeFiles, pinned
from velib_assets.query.kpis import KPIS
from velib_assets_tests.kpi_lake import engine_over, row, rows_of, write_hour

HOUR = datetime(2022, 6, 4, 10, tzinfo=UTC)
REPLACEMENTS, READERS = 60, 3


def test_concurrent_reads_see_complete_files_during_replacements(tmp_path: Path) -> None:
    """A reader sees the complete hour before or after a replacement: 100 or 400 rows, and no error."""
    small = [row(f"s{n}", 0, 20) for n in range(100)]
    large = [
        row(f"s{n}", 0, 20, f"2022-06-04 10:{minute:02}") for n in range(100) for minute in (0, 15, 30, 45)
    ]
    engine = engine_over(tmp_path, small)
    counts: list[int] = []
    errors: list[Exception] = []
    done = threading.Event()

    def read() -> None:
        try:
            while not done.is_set():
                counts.append(
                    rows_of(engine, "SELECT count(*), count(DISTINCT ingested_ts) FROM kpi_shortage")[0][0]
                )
        except Exception as error:  # noqa: BLE001 - handed to the test
            errors.append(error)

    readers = [threading.Thread(target=read) for _ in range(READERS)]
    for reader in readers:
        reader.start()
    for number in range(REPLACEMENTS):
        write_hour(tmp_path, HOUR, large if number % 2 else small)
        done.wait(0.02)
    done.set()
    for reader in readers:
        reader.join()
    assert not errors
    assert set(counts) <= {100, 400}
    assert len(counts) > READERS


def test_threads_can_read_the_newest_state_concurrently(tmp_path: Path) -> None:
    """Each query has its own DuckDB."""
    engine = engine_over(tmp_path, [row("a", 0, 20)])
    headlines: list[dict[str, float]] = []
    threads = [
        threading.Thread(target=lambda: headlines.append(engine.read([KPIS[1]])[0].headline))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [numbers["stations_short"] for numbers in headlines] == [1.0] * 4


def test_replaced_file_is_noticed(tmp_path: Path) -> None:
    """DuckDB combined the old footer with the new bytes, and failed or returned wrong rows."""
    partition = write_hour(tmp_path, HOUR, [row("a", 0, 20)])
    files = LakeFiles(tmp_path)
    files.paths([partition])
    assert files.unchanged()
    write_hour(tmp_path, HOUR, [row("a", 0, 20)])
    assert not files.unchanged()


def test_pinned_file_is_unaffected_by_a_replacement(tmp_path: Path) -> None:
    """The second attempt reads pinned files, so that a busy writer cannot starve a reader."""
    partition = write_hour(tmp_path, HOUR, [row("a", 0, 20)])
    with pinned(tmp_path) as files:
        (path,) = files.paths([partition])
        before = path.read_bytes()
        write_hour(tmp_path, HOUR, [row("b", 0, 20)] * 50)
        assert files.paths([partition]) == [path]
        assert path.read_bytes() == before
    assert [entry.name for entry in tmp_path.iterdir()] == ["clean"]
