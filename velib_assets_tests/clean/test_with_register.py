"""Hours whose feed left out descriptions end described as well as the lake allows, in any order."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from velib_assets.clean import with_register
from velib_assets.clean.hour_result import HourResult
from velib_assets.clean.local_clean_job import LocalCleanJob
from velib_assets.clean.observed import current_digest, sights_in
from velib_assets.clean.rebuild import footer_of, rebuild_hour
from velib_assets.ingest.decode import decode
from velib_assets.ingest.raw_object import encode_raw
from velib_assets.ingest.response import FeedResponse
from velib_assets.lake.folder_store import FolderStore
from velib_assets.lake.keys import STATIONS_KEY, clean_key, raw_key
from velib_assets.lake.listing import raw_listing
from velib_assets.stations.register import Register
from velib_assets.stations.register_file import decode_register, load_register
from velib_assets.stations.sights import FIELDS
from velib_assets_tests.samples import HOUR, body, pair, record, records

LOST: dict[str, Any] = dict.fromkeys(("name", "capacity", "coordonnees_geo", "nom_arrondissement_communes"))
HOURS = [HOUR + timedelta(hours=n) for n in range(3)]


@pytest.fixture
def store(tmp_path: Path) -> FolderStore:
    return FolderStore(tmp_path / "lake")


def arrive(
    store: FolderStore, at: datetime, rows: list[Any], feed: str = "opendata", announced: int = 0
) -> None:
    page = b'{"total_count": %d, "results": %s}' % (announced, body(rows)) if announced else body(rows)
    data = encode_raw(feed, at, at, decode(FeedResponse(feed, {"body": page})))
    assert store.create(raw_key(at), data)


def column(store: FolderStore, hour: datetime, name: str) -> set[object]:
    return set(pq.read_table(store.open(clean_key(hour)))[name].to_pylist())


def clean(store: FolderStore, *hours: datetime) -> list[datetime]:
    results = list(LocalCleanJob(store).run(hours))
    assert [result.error for result in results] == [""] * len(results)
    return [result.hour for result in results]


def gap(store: FolderStore) -> None:
    """Three hours, of which the second has no descriptions."""
    arrive(store, HOURS[0], records(name="before"))
    arrive(store, HOURS[1], records(**LOST))
    arrive(store, HOURS[2], records(name="after"))


def test_a_gap_takes_the_description_before_it(store: FolderStore) -> None:
    gap(store)
    assert clean(store, *HOURS) == HOURS
    assert column(store, HOURS[1], "name") == {"before"}
    assert column(store, HOURS[1], "capacity") == {20}
    assert column(store, HOURS[1], "arrondissement") == {"Paris 1er"}


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_the_order_of_cleaning_does_not_matter(tmp_path: Path, order: tuple[int, ...]) -> None:
    at_once, one_by_one = FolderStore(tmp_path / "a"), FolderStore(tmp_path / "b")
    for lake in (at_once, one_by_one):
        gap(lake)
    clean(at_once, *HOURS)
    for n in order:
        clean(one_by_one, HOURS[n])
    clean(one_by_one, HOURS[1])  # as healing does when the register knows more
    keys = [STATIONS_KEY, *(clean_key(hour) for hour in HOURS)]
    assert [one_by_one.read(key) for key in keys] == [at_once.read(key) for key in keys]


def test_hours_before_the_first_description_are_described_by_the_same_run(store: FolderStore) -> None:
    arrive(store, HOURS[0], records(**LOST))
    arrive(store, HOURS[1], records(name="first"))
    assert sorted(clean(store, *HOURS[:2])) == HOURS[:2]
    assert column(store, HOURS[0], "name") == {"first"}


def test_an_hour_of_a_lake_without_a_register_is_described_from_its_clean_files(store: FolderStore) -> None:
    gap(store)
    clean(store, HOURS[0], HOURS[2])
    (store.root / STATIONS_KEY).unlink()
    clean(store, HOURS[1])
    assert column(store, HOURS[1], "name") == {"before"}


def test_a_lost_register_does_not_replace_the_past_by_the_future(store: FolderStore) -> None:
    arrive(store, HOURS[0], records(name="before"))
    arrive(store, HOURS[1], records(**LOST))
    arrive(store, HOURS[1] + timedelta(minutes=30), records(name="after"))
    clean(store, *HOURS[:2])
    expected = store.read(clean_key(HOURS[1]))
    (store.root / STATIONS_KEY).unlink()
    clean(store, HOURS[1])
    assert store.read(clean_key(HOURS[1])) == expected
    assert column(store, HOURS[1], "name") == {"before", "after"}


def test_a_row_between_two_communes_keeps_the_first(store: FolderStore) -> None:
    for minute, commune in ((0, "Paris"), (15, None), (30, "Pantin")):
        arrive(store, HOUR + timedelta(minutes=minute), records(1, nom_arrondissement_communes=commune))
    clean(store, HOUR)
    communes = pq.read_table(store.open(clean_key(HOUR)))["commune"].to_pylist()
    assert communes == ["Paris", "Paris", "Pantin"]


def test_a_tick_that_brings_descriptions_describes_the_snapshot_before_it(store: FolderStore) -> None:
    arrive(store, HOUR, records(**LOST))
    clean(store, HOUR)
    assert column(store, HOUR, "name") == {None}
    arrive(store, HOUR + timedelta(minutes=15), records(name="now"))
    clean(store, HOUR)
    assert column(store, HOUR, "name") == {"now"}


def test_cleaning_again_gives_the_same_bytes(store: FolderStore) -> None:
    gap(store)
    clean(store, *HOURS)
    before = store.read(clean_key(HOURS[1]))
    clean(store, HOURS[1])
    assert store.read(clean_key(HOURS[1])) == before


def test_the_digest_follows_the_register(store: FolderStore) -> None:
    arrive(store, HOURS[1], records(**LOST))
    clean(store, HOURS[1])
    footer, listing = footer_of(store, HOURS[1]), raw_listing(store, HOURS[1])
    assert footer is not None
    assert footer.digest == current_digest(store, HOURS[1], listing, footer, load_register(store).register)
    arrive(store, HOURS[0], records(name="late"))
    clean(store, HOURS[0])
    assert footer.digest != current_digest(store, HOURS[1], listing, footer, load_register(store).register)


def test_whole_descriptions_need_no_register(store: FolderStore, tmp_path: Path) -> None:
    """The digest of an ordinary hour is that of its raw objects alone."""
    other = FolderStore(tmp_path / "other")
    arrive(other, HOURS[0], records(name="before"))
    for lake in (store, other):
        arrive(lake, HOURS[1], records())
    clean(store, HOURS[1])
    clean(other, *HOURS[:2])
    assert store.read(clean_key(HOURS[1])) == other.read(clean_key(HOURS[1]))


def test_gbfs_takes_communes_from_the_register_and_else_from_the_code(store: FolderStore) -> None:
    arrive(store, HOURS[0], records(1, nom_arrondissement_communes="Elsewhere"))
    arrive(store, HOURS[1], [pair("1001"), pair("21104"), *(pair(str(2001 + n)) for n in range(3))], "gbfs")
    clean(store, *HOURS[:2])
    assert column(store, HOURS[1], "arrondissement") == {"Elsewhere", "Clichy", "Paris 2e"}


def test_a_rejected_record_closes_no_station(store: FolderStore) -> None:
    broken = [*records(39), record("1040", numbikesavailable=-1)]
    for minute, rows in ((0, records(40)), (15, broken), (30, broken)):
        arrive(store, HOUR + timedelta(minutes=minute), rows)
    arrive(store, HOURS[1], broken)
    clean(store, *HOURS[:2])
    rows = pq.read_table(store.open(STATIONS_KEY)).to_pylist()
    assert [(row["valid_from"], row["valid_to"]) for row in rows] == [(HOUR, None)] * 40
    sights = sights_in(store, HOURS[1])
    assert sights is not None
    assert sights.by_station()["1040"]


@pytest.mark.parametrize("is_read_again", [False, True])
def test_a_snapshot_with_fewer_records_than_announced_closes_no_station(
    store: FolderStore, *, is_read_again: bool
) -> None:
    arrive(store, HOUR, records(40), announced=40)
    arrive(store, HOUR + timedelta(minutes=15), records(39), announced=40)
    arrive(store, HOURS[1], records(38), announced=40)
    arrive(store, HOURS[2], records(38), announced=38)
    clean(store, *HOURS)
    if is_read_again:
        (store.root / STATIONS_KEY).unlink()
        clean(store, HOURS[2])
        register = load_register(store).register
        for hour in HOURS[:2]:
            sights = sights_in(store, hour)
            assert sights is not None
            register.learn(sights, lambda later: sights_in(store, later))
    else:
        register = load_register(store).register
    closed = {code: at for code, station in register.stations.items() for at, is_open in station["open"][1:]}
    assert closed == dict.fromkeys(("1039", "1040"), HOURS[2].timestamp() * 1000)


PLACEHOLDERS: dict[str, dict[str, Any]] = {
    "null": {"name": "null"},
    "None": {"name": "None", "nom_arrondissement_communes": "None"},
    "N/A": {"name": " N/A ", "capacity": 0},
    "blank": {"name": "", "capacity": 0},
    "null island": {"coordonnees_geo": {"lat": 0.0, "lon": 0.0}, "capacity": 0},
    "near null island": {"coordonnees_geo": {"lat": 1e-5, "lon": -1e-5}},
    "one zero": {"coordonnees_geo": {"lat": 48.85, "lon": 0}},
    "outside the globe": {"coordonnees_geo": {"lat": 999, "lon": 999}},
    "everything": {
        "name": "NULL",
        "capacity": 0,
        "coordonnees_geo": {"lat": 0, "lon": 0},
        "nom_arrondissement_communes": "null",
    },
}


@pytest.mark.parametrize("placeholder", PLACEHOLDERS.values(), ids=PLACEHOLDERS)
def test_a_placeholder_is_no_description(store: FolderStore, placeholder: dict[str, Any]) -> None:
    """It neither opens, renames nor moves a station, and its rows take the description from the register."""
    arrive(store, HOURS[0], records())
    clean(store, HOURS[0])
    register, rows = store.read(STATIONS_KEY), pq.read_table(store.open(clean_key(HOURS[0])))
    arrive(store, HOURS[1], [*records(**placeholder), *([record("1999", **PLACEHOLDERS["everything"])])])
    clean(store, HOURS[1])
    assert stations(store) == decode_stations(register)
    described = pq.read_table(store.open(clean_key(HOURS[1]))).slice(0, len(rows))
    for name in FIELDS:
        assert described[name].equals(rows[name])
    sights = sights_in(store, HOURS[1])
    assert sights is not None
    assert sights.by_station()["1999"] == {HOURS[1].timestamp() * 1000: (None,) * 5}


def test_a_placeholder_in_a_clean_file_of_an_older_version_is_no_description(
    store: FolderStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    arrive(store, HOUR, records(**PLACEHOLDERS["everything"]))
    with monkeypatch.context() as older:
        older.setattr("velib_assets.clean.hour.without_placeholders", lambda rows: rows)
        rebuild_hour(store, HOUR)
    assert column(store, HOUR, "name") == {"NULL"}
    sights, footer = sights_in(store, HOUR), footer_of(store, HOUR)
    assert sights is not None
    assert footer is not None
    assert {values for seen in sights.by_station().values() for values in seen.values()} == {(None,) * 5}
    assert footer.digest == current_digest(store, HOUR, raw_listing(store, HOUR), footer, Register())


def test_a_capacity_of_zero_counts_where_the_station_is_described(store: FolderStore) -> None:
    arrive(store, HOUR, records(capacity=0))
    clean(store, HOUR)
    assert column(store, HOUR, "capacity") == {0}


def stations(store: FolderStore) -> dict[str, Any]:
    return load_register(store).register.stations


def decode_stations(data: bytes) -> dict[str, Any]:
    register = decode_register(data)
    assert register is not None
    return register.stations


def test_a_feed_without_names_is_not_held_back(store: FolderStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(with_register, "_MOST_WAITING", 2)
    hours = [HOUR + n * timedelta(hours=1) for n in range(6)]
    for hour in hours:
        arrive(store, hour, records(name=None))
    held: list[int] = []
    rebuilt: list[datetime] = []

    def rebuild(register: Register, batch: Sequence[datetime]) -> list[HourResult]:
        rebuilt.extend(batch)
        return [rebuild_hour(store, hour, register) for hour in batch]

    for n, _ in enumerate(with_register.clean_with_register(store, hours, rebuild, batch=1)):
        held.append(len(rebuilt) - n)
    assert max(held) <= 5
    assert sorted(set(rebuilt)) == hours


def test_a_damaged_register_is_built_again_from_what_is_cleaned(store: FolderStore) -> None:
    gap(store)
    clean(store, *HOURS)
    expected = store.read(STATIONS_KEY)
    (store.root / STATIONS_KEY).write_bytes(expected[:100])
    clean(store, *HOURS)
    assert store.read(STATIONS_KEY) == expected


def test_a_clean_file_says_what_the_feed_gave(store: FolderStore) -> None:
    gap(store)
    clean(store, *HOURS)
    sights = sights_in(store, HOURS[1])
    assert sights is not None
    assert {values for seen in sights.by_station().values() for values in seen.values()} == {(None,) * 5}


def test_unusable_register_does_not_stop_cleaning(
    store: FolderStore, caplog: pytest.LogCaptureFixture
) -> None:
    arrive(store, HOUR, records())
    (store.root / STATIONS_KEY).mkdir(parents=True)
    clean(store, HOUR)
    assert column(store, HOUR, "name") == {"Quai de l'Horloge"}
    assert "The station register was not updated" in caplog.text
