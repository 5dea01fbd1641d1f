"""A writer that is killed at any moment leaves one whole edition."""

import subprocess
import sys
import time
from pathlib import Path

from velib_assets.publish.folder_target import write_folder
from velib_assets.settings import CHECKOUT
from velib_assets_tests.publish.test_folder_target import contents, edition

WRITER = """
import itertools, sys
from pathlib import Path
from velib_assets.publish.folder_target import write_folder
from velib_assets_tests.publish.test_folder_target import edition

for number in itertools.count():
    write_folder(Path(sys.argv[1]), edition(("one", "two")[number % 2], size=20_000))
    if not number:
        print(flush=True)
"""


def test_killed_writer_leaves_one_whole_edition(tmp_path: Path) -> None:
    """Beside it, at most the hidden folder that it was about to write. The next writer goes on."""
    editions = [edition(text, size=20_000) for text in ("one", "two")]
    for number in range(6):
        command = [sys.executable, "-c", WRITER, str(tmp_path / "b")]
        with subprocess.Popen(command, cwd=CHECKOUT, stdout=subprocess.PIPE) as writer:
            assert writer.stdout
            writer.stdout.readline()
            time.sleep(0.003 * number)
            writer.kill()
        assert contents(tmp_path / "b") in editions
        assert all(path.name == "b" or path.name.endswith(".tmp") for path in tmp_path.iterdir())
    write_folder(tmp_path / "b", edition("three"))
    assert contents(tmp_path / "b") == edition("three")
