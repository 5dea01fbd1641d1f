"""What a lake knows of its network's operator and licence: valid texts and addresses, whoever wrote them."""

import json
from pathlib import Path
from typing import Any

import pytest

from velib_assets.ingest.gbfs_system import system_facts
from velib_assets.ingest.network_file import write_network_file
from velib_assets.lake import network_facts as module
from velib_assets.lake.folder_store import FolderStore
from velib_assets.lake.keys import NETWORK_KEY
from velib_assets.lake.network_facts import known_facts, network_facts
from velib_assets.lake.store import Change

TERMS = "https://example.org/" + "terms/" * 40
SYSTEM = {
    "system_id": "bay",
    "name": "Bay",
    "timezone": "America/Los_Angeles",
    "language": "en",
    "operator": "Lyft,\n Inc",
    "url": "https://example.org/bikes",
    "license_id": "CC-BY-4.0",
    "license_url": TERMS,
    "attribution_organization_name": "City of Bay",
    "attribution_url": "http://example.org",
    "email": "someone@example.org",
}


@pytest.fixture(autouse=True)
def other_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let this process work for another network than Vélib'."""
    monkeypatch.setattr(module, "IS_VELIB", False)


def test_file_is_not_read_for_velib(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On AWS no role of Vélib' may read it."""
    monkeypatch.setattr(module, "IS_VELIB", True)
    store = FolderStore(tmp_path)
    store.publish([Change(NETWORK_KEY, b'{"operator": "Lyft"}')], lambda: True)
    assert network_facts(store) == {}


def test_lake_has_what_the_feed_says_of_operator_and_licence(tmp_path: Path) -> None:
    """In the words of 2.3 and, with localized texts, of 3.0; nothing else, such as an address for mail."""
    store = FolderStore(tmp_path)
    localized = {**SYSTEM, "operator": [{"text": "Lyft,\n Inc", "language": "en"}]}
    for document in ({"data": SYSTEM}, {"version": "3.0", "data": {**localized, "languages": ["en"]}}):
        write_network_file(store, system_facts(document, "en"))
        facts = network_facts(store)
        assert facts.pop("operator") == "Lyft,\N{REPLACEMENT CHARACTER} Inc"
        names = ("language", "system_id", "url", "license_id", "license_url", "attribution_url")
        assert facts == {key: SYSTEM[key] for key in (*names, "attribution_organization_name")}


@pytest.mark.parametrize(
    "address",
    [
        "javascript:alert(1)", "ftp://example.org", "example.org/terms", "https://", "https://a:b@example.org",
        "https://example.org/\nb", "https://example.org/a b", 'https://example.org/"', "https://[::1",
        "https://example.org/" + "x" * 2000, "x" * 9000, ["https://example.org"], None, 5,
    ],
)  # fmt: skip
def test_address_that_cannot_be_linked_is_left_out(address: Any) -> None:
    assert known_facts({"url": address, "license_id": "CC0-1.0"}) == {"license_id": "CC0-1.0"}


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b"5", b"\xff", b'{"url": {}}'])
def test_file_that_says_nothing_is_no_error(tmp_path: Path, data: bytes) -> None:
    store = FolderStore(tmp_path)
    assert network_facts(store) == {}
    store.publish([Change(NETWORK_KEY, data)], lambda: True)
    assert network_facts(store) == {}


def test_other_members_are_ignored(tmp_path: Path) -> None:
    store = FolderStore(tmp_path)
    data = json.dumps({"name": "Bay", "licence": "ours", "operator": "  "}).encode()
    store.publish([Change(NETWORK_KEY, data)], lambda: True)
    assert network_facts(store) == {}
