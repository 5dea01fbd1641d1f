"""A published month of another network says of its licence what its feed says, and nothing else."""

import json
from datetime import UTC, datetime

import pytest

from velib_assets.catalog.sqlite_catalog import LocalCatalog
from velib_assets.lake.network import VELIB_METROPOLE
from velib_assets.publish.dataset import dataset_files
from velib_assets.publish.month_data import MonthData, load_month
from velib_assets.publish.provenance import VELIB, provenance_of
from velib_assets_tests.publish.history_lakes import recorded_lake
from velib_assets_tests.publish.other_network import LICENCES, provenance
from velib_assets_tests.samples import records

NOON = datetime(2022, 6, 4, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def month(tmp_path_factory: pytest.TempPathFactory) -> MonthData:
    folder = tmp_path_factory.mktemp("lake")
    store = recorded_lake(folder, {NOON: records(40)})
    month = load_month(store, LocalCatalog(folder), NOON.date().replace(day=1), NOON.replace(year=2026))
    return month._replace(feeds=frozenset({"gbfs"}))


def texts(month: MonthData, licence: str) -> dict[str, str]:
    files = dataset_files(month, provenance(licence))
    return {name: data.decode() for name, data in files.items() if not name.endswith(".parquet")}


def test_unknown_licence_is_said_with_what_the_publisher_fills_in(month: MonthData) -> None:
    found = texts(month, "unknown")
    assert "**The licence is not known.**" in found["README.md"]
    for word in ("Publisher:", "`LICENSE.txt`", "`datapackage.json`", "`CITATION.cff`", "`croissant.json`"):
        assert word in found["README.md"].partition("## Licence")[2].partition("\n## ")[0]
    assert "is not known" in found["LICENSE.txt"]
    assert "license" not in found["CITATION.cff"]
    assert "licenses" not in json.loads(found["datapackage.json"])
    assert json.loads(found["croissant.json"])["license"] == "not stated by the feed; see README.md"


def test_named_licence_is_in_every_description(month: MonthData) -> None:
    found = texts(month, "identifier")
    title = "Creative Commons Attribution 4.0 International"
    assert f"[{title}](https://creativecommons.org/licenses/by/4.0/) (`CC-BY-4.0`)" in found["README.md"]
    assert found["LICENSE.txt"].splitlines()[-3:-1] == [title, "CC-BY-4.0"]
    assert "license: CC-BY-4.0\n" in found["CITATION.cff"]
    [licence] = json.loads(found["datapackage.json"])["licenses"]
    assert (licence["name"], licence["title"]) == ("CC-BY-4.0", title)
    assert json.loads(found["croissant.json"])["license"] == licence["path"]
    assert "share it under the same licence" not in found["README.md"]


def test_terms_at_an_address_are_no_identifier(month: MonthData) -> None:
    found = texts(month, "address")
    assert 'license-url: "https://example.org/terms"\n' in found["CITATION.cff"]
    assert "license:" not in found["CITATION.cff"]
    assert json.loads(found["croissant.json"])["license"] == "https://example.org/terms"


def test_odbl_has_its_full_text_and_credits_whom_the_feed_names(month: MonthData) -> None:
    found = texts(month, "odbl")
    assert "LICENSE.txt" not in found
    assert "Open Data Commons Open Database License" in found["LICENSE-ODbL.txt"].splitlines()[0]
    assert "Credit: **City of Bay**, under the ODbL-1.0." in found["README.md"]


@pytest.mark.parametrize("licence", LICENCES)
def test_nothing_of_velib_is_in_another_networks_month(month: MonthData, licence: str) -> None:
    for name, text in texts(month, licence).items():
        described = text.partition("## Columns")[0] if name == "README.md" else text
        if name in ("README.md", "LICENSE.txt", "CITATION.cff"):  # the others have columns
            assert [word for word in ("Vélib", "Paris", "velib") if word in described] == [], name
    card = texts(month, licence)["README.md"]
    assert card.startswith(r"# Bay \| \<Wheels\> {\*}: station snapshots of 2022-06")
    assert "local days in America/Los_Angeles" in card
    assert "not `is_virtual`" in card


def test_card_of_another_network_says_that_rates_can_be_over_1(month: MonthData) -> None:
    words = "`fill_rate` is `bikes / capacity`. It is over 1 where more bikes stand than `capacity`"
    assert words in texts(month, "unknown")["README.md"]
    own = dataset_files(month, VELIB)
    assert "over 1" not in own["README.md"].decode()
    limits = [
        field
        for resource in json.loads(texts(month, "unknown")["datapackage.json"])["resources"]
        for field in resource["schema"]["fields"]
        if "maximum" in field.get("constraints", {})
    ]
    assert limits == []


def test_provenance_of_velib_is_fixed() -> None:
    assert provenance_of(VELIB_METROPOLE, {"license_id": "CC0-1.0", "operator": "Somebody"}) == VELIB
