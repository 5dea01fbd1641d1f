"""Rows without a description are completed from the past, else from the next snapshot that has one."""

from __future__ import annotations

from datetime import timedelta

import pyarrow as pa
import pytest

from velib_assets.lake.keys import HOUR
from velib_assets.stations.communes import arrondissement_of, commune_of_code
from velib_assets.stations.describe import describe, undescribe
from velib_assets.stations.register import Register
from velib_assets.stations.register_file import decode_register, encode_register
from velib_assets.stations.sights import FIELDS
from velib_assets_tests.stations.test_register import HERE, NOTHING, START, learned, sights

BEFORE, AFTER = ("old name", *HERE), ("new name", *HERE)


def values(rows: pa.Table, name: str) -> list[object]:
    column: list[object] = rows[name].to_pylist()
    return column


def test_a_row_takes_the_last_description_before_it() -> None:
    register = learned([sights(START, {0: {"8003": BEFORE}}), sights(START + 2 * HOUR, {0: {"8003": AFTER}})])
    rows, described = describe(sights(START + HOUR, {5: {"8003": NOTHING}}).rows, register)
    assert [values(rows, name) for name in FIELDS] == [[value] for value in BEFORE]
    assert described is not None
    assert (described.rows, described.undescribed) == (1, 0)
    assert described.digest


def test_a_row_before_every_description_takes_the_next_one() -> None:
    register = learned([sights(START + HOUR, {0: {"8003": AFTER}})])
    rows, _ = describe(sights(START, {5: {"8003": NOTHING}}).rows, register)
    assert values(rows, "name") == ["new name"]


def test_each_snapshot_of_an_hour_takes_the_description_of_its_time() -> None:
    hour = sights(START, {0: {"8003": NOTHING}, 10: {"8003": AFTER}, 20: {"8003": NOTHING}})
    register = learned([sights(START - HOUR, {0: {"8003": BEFORE}}), hour])
    rows, _ = describe(hour.rows, register)
    assert values(rows, "name") == ["old name", "new name", "new name"]


def test_whole_rows_stay_as_they_are() -> None:
    rows = sights(START, {0: {"8003": AFTER}}).rows
    assert describe(rows, learned([sights(START - HOUR, {0: {"8003": BEFORE}})])) == (rows, None)


def test_without_a_register_a_row_has_the_commune_of_its_code_alone() -> None:
    rows, described = describe(sights(START, {0: {"8003": NOTHING, "x": NOTHING}}).rows, Register())
    assert (values(rows, "name"), values(rows, "commune")) == ([None, None], ["Paris", None])
    assert described is not None
    assert (described.rows, described.undescribed) == (0, 2)


def test_nothing_used_gives_no_digest() -> None:
    _, described = describe(sights(START, {0: {"x": NOTHING}}).rows, Register())
    assert described is not None
    assert described.digest == ""


def test_the_digest_covers_the_values_that_were_used_and_no_others() -> None:
    hour = sights(START, {0: {"8003": NOTHING, "8004": AFTER}}).rows
    here = {"8003": BEFORE, "8004": BEFORE}
    elsewhere = {"8003": BEFORE, "8004": ("another", *HERE)}
    renamed = {"8003": ("another", *HERE), "8004": BEFORE}
    digests = []
    for past in (here, elsewhere, renamed):
        described = describe(hour, learned([sights(START - HOUR, {0: past})]))[1]
        assert described is not None
        digests.append(described.digest)
    assert digests[0] == digests[1] != digests[2]


def test_a_stored_register_gives_the_same_digest() -> None:
    register = learned([sights(START - HOUR, {0: {"8003": BEFORE, "42301": ("x", 1.0, 2.0, 3, "Arcueil")}})])
    stored = decode_register(encode_register(register))
    assert stored is not None
    hour = sights(START, {0: {"8003": NOTHING, "42301": ("x", 1.0, 2.0, 3, None)}}).rows
    assert describe(hour, register)[1] == describe(hour, stored)[1]


def test_completed_rows_can_be_returned_to_what_the_feed_gave() -> None:
    gone = (None, None, None, 20, "Paris")
    hour = sights(START, {0: {"8003": NOTHING, "8004": NOTHING}, 15: {"8003": gone, "8004": AFTER}})
    past = learned([sights(START - HOUR, {0: {"8003": BEFORE, "8004": BEFORE}})])
    rows, described = describe(hour.rows, past)
    assert described is not None
    moment = str(int((START + timedelta(minutes=15)).timestamp() * 1000))
    assert described.missing[moment] == {name: ["8003"] for name in ("name", "lat", "lon")}
    assert undescribe(rows, described.missing).equals(hour.rows)


@pytest.mark.parametrize(
    ("code", "commune", "arrondissement"),
    [
        ("8003", "Paris", "Paris 8e"),
        ("1001", "Paris", "Paris 1er"),
        ("20117", "Paris", "Paris 20e"),
        ("12041", "Saint-Mandé", "Saint-Mandé"),
        ("21103", "Clichy", "Clichy"),
        ("23042", "Bourg-la-Reine", "Bourg-la-Reine"),
        ("31024_relais", "Montreuil", "Montreuil"),
        ("99999", None, None),
        ("relais", None, None),
        ("2130001", None, None),
    ],
)
def test_a_code_tells_the_commune(code: str, commune: str | None, arrondissement: str | None) -> None:
    assert commune_of_code(code) == commune
    assert arrondissement_of(code, commune) == arrondissement
