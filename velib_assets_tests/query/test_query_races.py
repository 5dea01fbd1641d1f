"""Questions while files are replaced and hours are registered."""

import threading
from datetime import UTC, datetime
from pathlib import Path

from velib_assets.query.kpis import KPIS
from velib_assets.query.lake_files import WatchedFiles, pinned
from velib_assets_tests.kpi_lake import engine_over, row, rows_of, write_hour

HOUR = datetime(2022, 6, 4, 10, tzinfo=UTC)
REPLACEMENTS, READERS = 60, 3


def test_sixty_replacements_under_concurrent_reads(tmp_path: Path) -> None:
    """A reader sees an hour whole, before or after: 100 rows or 400, never a part nor an error."""
    small = [row(f"s{n}", 0, 20) for n in range(100)]
    large = [
        row(f"s{n}", 0, 20, f"2022-06-04 10:{minute:02}") for n in range(100) for minute in (0, 15, 30, 45)
    ]
    engine = engine_over(tmp_path, small)
    seen: list[int] = []
    troubles: list[Exception] = []
    done = threading.Event()

    def read() -> None:
        try:
            while not done.is_set():
                seen.append(
                    rows_of(engine, "SELECT count(*), count(DISTINCT ingested_ts) FROM kpi_shortage")[0][0]
                )
        except Exception as error:  # noqa: BLE001 - handed to the test
            troubles.append(error)

    readers = [threading.Thread(target=read) for _ in range(READERS)]
    for reader in readers:
        reader.start()
    for number in range(REPLACEMENTS):
        write_hour(tmp_path, HOUR, large if number % 2 else small)
        done.wait(0.02)
    done.set()
    for reader in readers:
        reader.join()
    assert not troubles
    assert set(seen) <= {100, 400}
    assert len(seen) > READERS


def test_two_threads_ask_for_the_newest_state_at_once(tmp_path: Path) -> None:
    """Each question has a DuckDB of its own."""
    engine = engine_over(tmp_path, [row("a", 0, 20)])
    found: list[dict[str, float]] = []
    askers = [threading.Thread(target=lambda: found.append(engine.read(KPIS[1]).headline)) for _ in range(4)]
    for asker in askers:
        asker.start()
    for asker in askers:
        asker.join()
    assert [numbers["stations_short"] for numbers in found] == [1.0] * 4


def test_a_replaced_file_is_noticed(tmp_path: Path) -> None:
    """DuckDB took the old footer and the new bytes, and failed, or gave rows that never were."""
    partition = write_hour(tmp_path, HOUR, [row("a", 0, 20)])
    files = WatchedFiles(tmp_path)
    files.paths([partition])
    assert files.unchanged()
    write_hour(tmp_path, HOUR, [row("a", 0, 20)])
    assert not files.unchanged()


def test_a_pinned_file_stays_as_it_was(tmp_path: Path) -> None:
    """The second try reads this, so that a busy writer cannot starve a reader; nothing is left behind."""
    partition = write_hour(tmp_path, HOUR, [row("a", 0, 20)])
    with pinned(tmp_path) as files:
        (path,) = files.paths([partition])
        before = path.read_bytes()
        write_hour(tmp_path, HOUR, [row("b", 0, 20)] * 50)
        assert files.paths([partition]) == [path]
        assert path.read_bytes() == before
    assert [entry.name for entry in tmp_path.iterdir()] == ["clean"]
