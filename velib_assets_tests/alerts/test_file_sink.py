"""The file sink: one line per alert, and an error with the path where it cannot write."""

import re
from pathlib import Path

import pytest

from velib_assets.alerts.sinks import Alert, AlertError, sinks_of
from velib_assets.settings import Settings, SettingsError


def sink_to(path: Path) -> Settings:
    return Settings.from_env({"VELIB_ALERTS": f"log, file:{path}"})


def test_each_alert_is_one_line_with_its_time(tmp_path: Path) -> None:
    path = tmp_path / "new folder" / "alerts.log"
    _, sink = sinks_of(sink_to(path))
    sink.send(Alert("run:1", "ERROR", "check failed", "first\nsecond"))
    sink.send(Alert("run:2", "WARN", "another\x1b[2J", "text"))
    first, second = path.read_text(encoding="utf-8").splitlines()
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:]{8}Z ERROR \[run:1\] check failed: first; second", first)
    assert second.endswith("WARN [run:2] another\N{REPLACEMENT CHARACTER}[2J: text")


def test_file_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    _, sink = sinks_of(sink_to(tmp_path / "file" / "alerts.log"))
    with pytest.raises(AlertError, match=rf"file 2: cannot write {tmp_path}/file/alerts\.log: "):
        sink.send(Alert("1", "WARN", "title", "text"))


@pytest.mark.parametrize("path", ["", "/"])
def test_file_needs_a_path(path: str) -> None:
    with pytest.raises(SettingsError, match="part 2: write file: and the path of a file"):
        Settings.from_env({"VELIB_ALERTS": f"log,file:{path}"})
