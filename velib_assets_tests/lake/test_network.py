"""The network of a process: its key, and its name and time zone, which may come from the lake."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from velib_assets.lake import network as module
from velib_assets.lake.folder_store import FolderStore
from velib_assets.lake.network import (
    VELIB_METROPOLE,
    network,
    network_file,
    network_key,
    network_name,
    own_names,
    proposed_key,
    time_zone,
    time_zone_of,
    use_network_file,
)
from velib_assets.lake.other_networks import other_networks


def said(code: str, **environment: str) -> str:
    """Run Python in a process with these variables; return what it prints."""
    env = {k: v for k, v in os.environ.items() if not k.startswith("VELIB_")}
    command = [sys.executable, "-c", code]
    env.update(environment, PYTHONPATH=os.pathsep.join(sys.path))
    return subprocess.run(command, env=env, check=True, capture_output=True, text=True).stdout


@pytest.fixture
def rouen(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let this process work for a network whose name and time zone no setting gives."""
    monkeypatch.setattr(module, "KEY", "rouen")
    monkeypatch.setattr(module, "_OWN_NAME", "")
    monkeypatch.setattr(module, "DECLARED_ZONE", "")
    yield
    use_network_file(lambda: None)


def test_default_is_velib() -> None:
    assert network() == VELIB_METROPOLE
    assert own_names("source_velib") == "source_velib"


@pytest.mark.parametrize("key", ["rouen", "bay_wheels", "a", "x" * 31, "nyc2"])
def test_key_of_a_network_is_accepted(key: str) -> None:
    assert network_key(key) == key


@pytest.mark.parametrize(
    ("text", "proposal"),
    [
        ("bay-wheels", "bay_wheels"),
        ("Lyft_BayWheels", "lyft_baywheels"),
        ("2velo", "velo"),
        ("nextbike_pl!", "nextbike_pl"),
        ("__x__", "x"),
        ("x" * 40, "x" * 31),
        ("Gen\u00e8ve roule", "gen_ve_roule"),
        ("a/../b", "a_b"),
    ],
)
def test_other_text_is_refused_with_a_valid_proposal(text: str, proposal: str) -> None:
    with pytest.raises(ValueError, match=f"for example {proposal}$"):
        network_key(text)
    assert network_key(proposed_key(text)) == proposal


@pytest.mark.parametrize("text", ["42", "", "\u6771\u4eac", "-"])
def test_text_without_letters_is_refused_without_a_proposal(text: str) -> None:
    with pytest.raises(ValueError, match=r"a-z, 0-9 and _$"):
        network_key(text)


@pytest.mark.parametrize("zone", ["Mars", "Europe", "../etc/passwd", "Europe/Paris\0", "+02:00", ""])
def test_wrong_time_zone_is_refused(zone: str) -> None:
    with pytest.raises(ValueError, match="not a time zone"):
        time_zone_of(zone)


@pytest.mark.parametrize("name", ["two\nlines", "\x1b[31mred", "x" * 101])
def test_wrong_name_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="one line of up to 100"):
        network_name(name)


def test_names_follow_the_key_word_by_word() -> None:
    text = "source_velib, velib_history; velib_healing; velib_db_tf.rejects_velib my_source_velib velib tick"
    code = f"from velib_assets.lake.network import own_names; print(own_names({text!r}))"
    assert said(code, VELIB_NETWORK="rouen").strip() == (
        "source_rouen, rouen_history; rouen_healing; velib_db_tf.rejects_rouen my_source_velib velib tick"
    )


def test_environment_decides_once_and_wrong_values_count_as_not_set() -> None:
    code = "from velib_assets.lake.network import *; print(network(), time_zone())"
    assert "key='lyon'" in said(code, VELIB_NETWORK="lyon", VELIB_TIMEZONE="Europe/Paris")
    wrong = said(code, VELIB_NETWORK="Lyon!", VELIB_TIMEZONE="Mars", VELIB_NETWORK_NAME="a\tb")
    assert wrong == f"{VELIB_METROPOLE} Europe/Paris\n"
    own = said(code, VELIB_NETWORK_NAME="Our bikes", VELIB_TIMEZONE="Asia/Tokyo")
    assert own == "Network(key='velib', name='Our bikes', time_zone='Asia/Tokyo') Asia/Tokyo\n"


def test_keys_and_tables_are_those_of_the_network() -> None:
    code = (
        "from datetime import *; from velib_assets.lake import keys, schema, raw_pack\n"
        "at = datetime(2022, 6, 4, 17, 34, 59, tzinfo=timezone.utc)\n"
        "key = keys.raw_key(at)\n"
        "assert keys.raw_time(key) == at and keys.raw_time(key.replace('lyon_', 'velib_')) is None\n"
        "names = keys.REPORT_KEY, keys.NETWORK_KEY, schema.TABLE, schema.HISTORY, schema.REJECTS\n"
        "print(key, raw_pack.pack_of(key), *names, schema.QUARANTINE, [c.name for c in schema.COLUMNS][-2:])"
    )
    assert said(code, VELIB_NETWORK="lyon").split() == [
        "raw/source=lyon/date=2022-06-04/hour=17/lyon_20220604_173459.json.gz",
        "raw/source=lyon/date=2022-06-04/lyon_20220604.zip",
        "reports/lyon_report.html",
        "network/source=lyon/network.json",
        "source_lyon",
        "lyon_history",
        "rejects_lyon",
        "quarantine_lyon",
        "['is_stale',",
        "'is_virtual']",
    ]


@pytest.mark.usefixtures("rouen")
def test_lake_gives_name_and_zone_once_it_has_them(caplog: pytest.LogCaptureFixture) -> None:
    stored: dict[str, bytes | None] = {"file": None}
    reads = []

    def read() -> bytes | None:
        reads.append(1)
        return stored["file"]

    use_network_file(read)
    with caplog.at_level(logging.WARNING):
        assert (network().name, network().time_zone) == ("rouen", "UTC")
    assert not caplog.records  # the first snapshot will tell
    stored["file"] = network_file("Lovélo", "Europe/Paris", system_id="lovelo")
    assert network() == ("rouen", "Lovélo", "Europe/Paris")
    reads.clear()
    assert time_zone() == "Europe/Paris"
    assert not reads  # the answer is cached


@pytest.mark.usefixtures("rouen")
def test_what_the_feed_does_not_say_is_reported_once(caplog: pytest.LogCaptureFixture) -> None:
    said = [("", "")]
    use_network_file(lambda: network_file(*said[-1]))
    with caplog.at_level(logging.WARNING):
        assert {network() for _ in range(2)} == {("rouen", "rouen", "UTC")}
        said.append(("Lovélo", "Europe/Paris"))  # a code server runs for months
        assert network() == ("rouen", "Lovélo", "Europe/Paris")
    assert sorted(record.getMessage() for record in caplog.records) == [
        "The name of the network rouen is not known: rouen is used. Set VELIB_NETWORK_NAME",
        "The time zone of the network rouen is not known: UTC is used. Set VELIB_TIMEZONE",
    ]


@pytest.mark.usefixtures("rouen")
@pytest.mark.parametrize(
    "data", [b"", b"{", b"[]", b"null", b'{"name": 1, "timezone": "Mars"}', b'{"name": "  "}', b"\xff"]
)
def test_unreadable_file_counts_as_none(data: bytes) -> None:
    use_network_file(lambda: data)
    assert network() == ("rouen", "rouen", "UTC")


@pytest.mark.usefixtures("rouen")
def test_name_from_a_feed_is_one_printable_line() -> None:
    use_network_file(lambda: network_file(" Bay\x1b[31m\nWheels ", "America/Los_Angeles"))
    assert network().name.isprintable()
    assert len(network().name) <= 100


def test_lake_of_another_network_is_told_by_what_was_made_of_it(tmp_path: Path) -> None:
    store = FolderStore(tmp_path)
    assert other_networks(store) == []
    store.create("quarantine/source=rouen/x", b"")  # the feed was tried under another key
    store.create("raw/source=velib/date=2022-06-04/hour=17/x", b"")
    assert other_networks(store) == []
    store.create("clean/source=lyon/x", b"")
    store.create("raw/source=rouen/x", b"")
    assert other_networks(store) == ["lyon", "rouen"]
