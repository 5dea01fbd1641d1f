"""`network.json`: what the lake has of the network that its feed is of."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from velib_assets.ingest.network_file import known_zone, write_network_file
from velib_assets.lake.folder_store import FolderStore
from velib_assets.lake.keys import NETWORK_KEY

ROUEN = {"name": "LOVÉLO", "timezone": "Europe/Paris", "language": "fr", "system_id": "rouen"}


@pytest.fixture
def store(tmp_path: Path) -> FolderStore:
    return FolderStore(tmp_path)


def written(store: FolderStore) -> object:
    return json.loads(store.read(NETWORK_KEY))


def test_network_is_what_the_feed_says(store: FolderStore) -> None:
    write_network_file(store, ROUEN)
    assert written(store) == ROUEN


def test_file_is_written_again_only_if_the_feed_says_something_else(
    store: FolderStore, tmp_path: Path
) -> None:
    write_network_file(store, ROUEN)
    before = (tmp_path / NETWORK_KEY).stat()
    write_network_file(store, ROUEN)
    assert (tmp_path / NETWORK_KEY).stat() == before
    write_network_file(store, {**ROUEN, "name": "Lovélo"})
    assert written(store) == {**ROUEN, "name": "Lovélo"}


def test_feed_that_becomes_that_of_another_system_is_said(
    store: FolderStore, caplog: pytest.LogCaptureFixture
) -> None:
    """It may have been renamed; or the URL is wrong, and two cities are in one lake."""
    write_network_file(store, ROUEN)
    write_network_file(store, {**ROUEN, "name": "Lovélo"})
    assert caplog.text == ""
    write_network_file(store, {**ROUEN, "system_id": "lyon"})
    assert "The feed is of the system lyon, and was of rouen before" in caplog.text
    assert written(store) == {**ROUEN, "system_id": "lyon"}


@pytest.mark.parametrize("damaged", [b"", b"[]", b"{", b"\xff", b"null"])
def test_damaged_file_is_written_again(store: FolderStore, damaged: bytes) -> None:
    store.create(NETWORK_KEY, damaged)
    write_network_file(store, ROUEN)
    assert written(store) == ROUEN


def test_feed_that_says_nothing_takes_nothing_away(store: FolderStore) -> None:
    write_network_file(store, {})
    assert written(store) == {}  # the feed was asked, and did not say
    write_network_file(store, ROUEN)
    write_network_file(store, {})
    assert written(store) == ROUEN


@pytest.mark.parametrize("said", [{"language": "en"}, {"language": "en", "url": "https://h/help"}])
def test_page_about_an_error_takes_nothing_away(store: FolderStore, said: dict[str, str]) -> None:
    """The language is that of the discovery document, and known without `system_information`."""
    write_network_file(store, ROUEN)
    write_network_file(store, said)
    assert written(store) == ROUEN


def test_name_and_time_zone_stay_where_the_same_system_leaves_them_out(store: FolderStore) -> None:
    write_network_file(store, ROUEN)
    write_network_file(store, {"language": "fr", "system_id": "rouen"})
    assert written(store) == ROUEN
    write_network_file(store, {**ROUEN, "timezone": "Paris"})
    assert written(store) == {**ROUEN, "unknown_timezone": "Paris"}
    write_network_file(store, {"name": "Bay Wheels", "system_id": "baywheels"})
    assert written(store) == {"name": "Bay Wheels", "system_id": "baywheels"}


@pytest.mark.parametrize("zone", ["Paris", "GMT+1", "../etc/passwd", "Europe", "CET/CEST"])
def test_unknown_time_zone_is_left_out_and_said(
    store: FolderStore, caplog: pytest.LogCaptureFixture, zone: str
) -> None:
    write_network_file(store, {**ROUEN, "timezone": zone})
    without = {name: text for name, text in ROUEN.items() if name != "timezone"}
    assert written(store) == {**without, "unknown_timezone": zone}
    assert f"timezone: {zone!r} is not a time zone" in caplog.text
    assert "Set VELIB_TIMEZONE" in caplog.text


def test_unknown_time_zone_is_said_once_and_again_when_it_changes(
    store: FolderStore, caplog: pytest.LogCaptureFixture
) -> None:
    """A tick is a process of its own, so the lake knows what has been said."""
    said = []
    left_out = {"name": "LOVÉLO", "system_id": "rouen"}
    for zone in ("Paris", "Paris", "", "Paris", "GMT+1", "GMT+1", "Europe/Paris", "Paris", "Paris"):
        write_network_file(store, {**ROUEN, "timezone": zone} if zone else left_out)
        said.append(caplog.text.count("Set VELIB_TIMEZONE"))
        caplog.clear()
    assert said == [1, 0, 0, 0, 1, 0, 0, 1, 0]
    assert written(store) == {**ROUEN, "unknown_timezone": "Paris"}
    write_network_file(store, {**ROUEN, "system_id": "lyon", "timezone": "Paris"})
    assert caplog.text.count("Set VELIB_TIMEZONE") == 1


@pytest.mark.parametrize("zone", ["localtime", "Localtime", "posix/Europe/Paris", "right/UTC"])
def test_time_zone_of_the_machine_is_not_that_of_a_network(zone: str) -> None:
    assert known_zone(zone) == ""


@pytest.mark.parametrize(
    "zone", ["UTC", "Europe/Paris", "America/Argentina/Buenos_Aires", "Etc/GMT-1", "CET"]
)
def test_known_time_zone_is_kept(zone: str) -> None:
    assert known_zone(zone) == zone


@pytest.mark.parametrize(
    ("written", "known"), [("europe/paris", "Europe/Paris"), ("America/New York", "America/New_York")]
)
def test_time_zone_in_another_spelling_is_known(written: str, known: str) -> None:
    assert known_zone(written) == known


def test_machine_without_time_zones_keeps_the_name_of_one() -> None:
    """A small container has no database; the readers of the file have one."""
    code = (
        "import sys, zoneinfo; zoneinfo.reset_tzpath(to=[]); sys.modules['tzdata'] = None\n"
        "from velib_assets.ingest.network_file import known_zone\n"
        "print([known_zone(zone) for zone in ('Europe/Rome', 'UTC', '../etc/passwd')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "['Europe/Rome', 'UTC', '']\n"
