"""A writer that is killed at any moment leaves one whole edition."""

import errno
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

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

WITHOUT_EXCHANGE = """
import os, shutil, signal, sys
from pathlib import Path
from velib_assets.publish import folder_target
from velib_assets_tests.publish.test_folder_target import edition

def killed_after(number, function):
    calls = []
    def called(*args, **options):
        result = function(*args, **options)
        calls.append(args)
        if len(calls) == number:
            os.kill(os.getpid(), signal.SIGKILL)
        return result
    return called

folder_target._exchange = lambda *_: False
Path.rename = killed_after(int(sys.argv[2]), Path.rename)
folder_target.write_folder(Path(sys.argv[1]), edition("two"))
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


@pytest.mark.parametrize("renames", [1, 2])
def test_kill_between_two_renames_loses_no_edition(
    tmp_path: Path, renames: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where folders cannot be exchanged. The next writer puts an edition back, even if it fails itself."""
    write_folder(tmp_path / "b", edition("one"))
    command = [sys.executable, "-c", WITHOUT_EXCHANGE, str(tmp_path / "b"), str(renames)]
    assert subprocess.run(command, cwd=CHECKOUT, check=False).returncode == -signal.SIGKILL
    write_folder(tmp_path / "other", edition("one"))  # another data set in the same place changes nothing

    def is_full(*_: object, **__: object) -> str:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as full:
        full.setattr(tempfile, "mkdtemp", is_full)
        with pytest.raises(OSError, match="cannot be written"):
            write_folder(tmp_path / "b", edition("three"))
    assert contents(tmp_path / "b") == edition(("one", "two")[renames - 1])
    write_folder(tmp_path / "b", edition("three"))
    assert contents(tmp_path / "b") == edition("three")
    assert not (tmp_path / ".b.previous").exists()
