"""A query's DuckDB leaves nothing behind."""

import subprocess
import sys
from pathlib import Path

from velib_assets.settings import CHECKOUT

# The thread that interrupts slow queries wakes up late, as on a busy machine.
LATE_THREAD = """
import sys, threading, time
from pathlib import Path
from types import SimpleNamespace
from velib_assets.query import duckdb_session

class LateEvent(threading.Event):
    def wait(self, timeout=None):
        is_set = super().wait(timeout)
        time.sleep(0.5)
        return is_set

duckdb_session.threading = SimpleNamespace(Event=LateEvent, Thread=threading.Thread)
with duckdb_session.session(Path(sys.argv[1])) as db:
    print(db.sql("SELECT 1").fetchall())
del db
"""


def test_program_that_ends_after_a_query_reports_no_leak(tmp_path: Path) -> None:
    """A thread that still holds the connection at the end made DuckDB print `nanobind: leaked`."""
    done = subprocess.run(
        [sys.executable, "-c", LATE_THREAD, str(tmp_path)],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert (done.stdout, done.stderr) == ("[(1,)]\n", "")
