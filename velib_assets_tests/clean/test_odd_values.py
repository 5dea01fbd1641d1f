"""Values in an unusual form: what they clearly mean becomes the row's value."""

from __future__ import annotations

import json
import math
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from velib_assets.clean.commune_names import Commune, commune_of_text
from velib_assets.clean.fast_path import type_fast
from velib_assets.clean.hour import HourRows, clean_hour
from velib_assets.clean.hour_result import HourResult
from velib_assets.clean.typed_snapshot import Drift
from velib_assets.ingest.feeds.feed_table import definition_of
from velib_assets.ingest.json_document import dump
from velib_assets_tests.samples import HOUR, pair, raw, record, records

REPORTED = datetime(2022, 6, 4, 9, 58, tzinfo=timezone.utc)
SECONDS = int(REPORTED.timestamp())


def only(clean: HourRows, code: str = "9999") -> dict[str, Any]:
    (row,) = [row for row in clean.table.to_pylist() if row["station_id"] == code]
    return dict(row)


def with_odd(**changes: Any) -> HourRows:
    """Clean 40 good stations and an odd one, 9999."""
    return clean_hour(HOUR, [raw([*records(), record("9999", **changes)])])


def from_gbfs(**changes: Any) -> HourRows:
    return clean_hour(HOUR, [raw([pair(**changes)], feed="gbfs")])


@pytest.mark.parametrize("text", ["18", " 18 ", "018", "+18", "18.0", "18\u00a0"])
def test_count_written_as_text_is_a_number_and_drift_says_so(text: str) -> None:
    rows = [{**row, "numbikesavailable": text, "capacity": text, "ebike": text} for row in records()]
    clean = clean_hour(HOUR, [raw(rows)])
    assert clean.rejects == []
    assert {name: set(clean.table[name].to_pylist()) for name in ("bikes", "capacity", "ebikes")} == {
        "bikes": {18},
        "capacity": {18},
        "ebikes": {18},
    }
    assert "numbikesavailable: text instead of number" in clean.summary.drift.retyped


@pytest.mark.parametrize("value", [None, math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("field", ["numbikesavailable", "numdocksavailable", "capacity", "mechanical"])
def test_count_without_a_value_is_null(field: str, value: object) -> None:
    clean = with_odd(**{field: value})
    column = {"numbikesavailable": "bikes", "numdocksavailable": "docks"}.get(field, field)
    assert (clean.rejects, only(clean)[column]) == ([], None)


@pytest.mark.parametrize("lat", [48.85, "48.85", " 48.85 ", "4885e-2"])
def test_coordinates_written_as_text_are_numbers(lat: object) -> None:
    row = only(with_odd(coordonnees_geo={"lon": "2.34", "lat": lat}))
    assert (row["lat"], row["lon"]) == (48.85, 2.34)


@pytest.mark.parametrize("lat", [math.nan, math.inf, "NaN", "inf", "", "48,85", "1e999"])
def test_other_coordinates_are_null(lat: object) -> None:
    assert only(with_odd(coordonnees_geo={"lon": 2.34, "lat": lat}))["lat"] is None


@pytest.mark.parametrize("word", [" OUI", "oui\u00a0", "1 ", "\tTrue"])
def test_spaces_around_a_flag_do_not_count(word: str) -> None:
    row = only(with_odd(is_renting=word, is_installed="perhaps"))
    assert (row["is_renting"], row["is_installed"]) == (True, None)


@pytest.mark.parametrize("time", [SECONDS, SECONDS * 1000, SECONDS * 10**6, float(SECONDS), str(SECONDS)])
@pytest.mark.parametrize("feed", ["gbfs", "opendata"])
def test_posix_times_may_be_in_seconds_milliseconds_or_microseconds(feed: str, time: object) -> None:
    clean = from_gbfs(last_reported=time) if feed == "gbfs" else with_odd(duedate=time)
    row = only(clean, "16107" if feed == "gbfs" else "9999")
    assert (row["reported_ts"], row["is_stale"], clean.summary.unreadable_times) == (REPORTED, False, 0)


@pytest.mark.parametrize(
    "text",
    [
        "2022-06-04T09:58:00Z",
        "2022-06-04T11:58:00+02:00",
        "2022-06-04t09:58:00.000z",
        " 2022-06-04T09:58:00Z ",
        "2022-06-04 09:58",  # without a zone, a time is UTC
    ],
)
def test_gbfs_times_may_be_text(text: str) -> None:
    clean = from_gbfs(last_reported=text)
    assert only(clean, "16107")["reported_ts"] == REPORTED
    assert clean.summary.drift.retyped == ("status.last_reported: text instead of number",)


def test_epoch_milliseconds_stay_on_the_fast_path() -> None:
    """Mixed sizes too: each time counts by itself."""
    times = [SECONDS, SECONDS * 1000 + 7, SECONDS * 10**6 + 7999, None, 0]
    rows = [pair(str(n), last_reported=time) for n, time in enumerate(times)]
    typed = type_fast([memoryview(dump(rows))], definition_of("gbfs"))
    assert typed is not None
    milliseconds = timedelta(milliseconds=7)
    assert typed[0].table["reported_ts"].to_pylist() == [
        REPORTED,
        REPORTED + milliseconds,
        REPORTED + milliseconds,
        None,
        datetime(1970, 1, 1, tzinfo=timezone.utc),
    ]


@pytest.mark.parametrize("time", ["hier", "2022-13-45", "12", "20220604", True, [], {}, 10**19, "⁹" * 10])
def test_unreadable_time_is_counted_apart_from_an_absent_one(time: object) -> None:
    rows = [*records(3, duedate=time), *records(2, duedate=None), *records(2, duedate=""), record("8")]
    clean = clean_hour(HOUR, [raw([{**row, "stationcode": str(n)} for n, row in enumerate(rows)])])
    example = json.dumps(time, ensure_ascii=False)
    assert (clean.summary.unreadable_times, clean.summary.unreadable_time) == (3, example)


@pytest.mark.parametrize(
    ("ahead", "known"), [(timedelta(hours=24), True), (timedelta(hours=24, seconds=1), False)]
)
@pytest.mark.parametrize("minute", [0, 45])
def test_report_from_over_24_hours_ahead_is_unknown(ahead: timedelta, known: bool, minute: int) -> None:
    time = HOUR + timedelta(minutes=minute) + ahead
    clean = clean_hour(HOUR, [raw([*records(), record("9999", duedate=time.isoformat())], minute)])
    row = only(clean)
    assert (row["reported_ts"], row["is_stale"]) == ((time, False) if known else (None, True))
    assert clean.summary.future_unknown == int(not known)


@pytest.mark.parametrize("space", [" ", "\u00a0", "\t", "\u202f"])
@pytest.mark.parametrize("fast", [True, False])
def test_spaces_around_texts_are_dropped(space: str, fast: bool) -> None:
    def padded(text: str) -> str:
        return f"{space}{text}{space}"

    odd = record(padded("9999"), name=padded("Le quai"), nom_arrondissement_communes=padded("Pantin"))
    rows = [odd, record("5", name=space, nom_arrondissement_communes=space, capacity=20 if fast else 20.0)]
    clean = clean_hour(HOUR, [raw(rows)])
    row = only(clean)
    assert (row["name"], row["commune"], row["arrondissement"]) == ("Le quai", "Pantin", "Pantin")
    assert only(clean, "5")["name"] is None


@pytest.mark.parametrize(
    ("text", "commune"),
    [
        ("PARIS", Commune("Paris")),
        ("paris", Commune("Paris")),
        ("Paris 11ème", Commune("Paris", "Paris 11e")),
        ("Paris 11e Arrondissement", Commune("Paris", "Paris 11e")),
        ("Paris-11", Commune("Paris", "Paris 11e")),
        ("PARIS 1ER", Commune("Paris", "Paris 1er")),
        ("Paris 01", Commune("Paris", "Paris 1er")),
        ("Paris (20e)", Commune("Paris", "Paris 20e")),
        ("Paris 2nd arrondissement", Commune("Paris", "Paris 2e")),
        ("Paris 21e", Commune("Paris 21e")),
        ("Parisot", Commune("Parisot")),
        ("IVRY SUR SEINE", Commune("Ivry-sur-Seine")),
        ("Creteil", Commune("Créteil")),
        ("LES LILAS", Commune("Les Lilas")),
        ("Versailles", Commune("Versailles")),
    ],
)
def test_commune_is_read_as_it_is_meant(text: str, commune: Commune) -> None:
    assert commune_of_text(text) == commune


@pytest.mark.parametrize("fast", [True, False])
def test_written_arrondissement_goes_before_the_code(fast: bool) -> None:
    rows = [
        record("16107", nom_arrondissement_communes="Paris 11ème"),
        record("16108", nom_arrondissement_communes="PARIS"),
        record("31024_relais", nom_arrondissement_communes="Paris 1er", capacity=20 if fast else 20.0),
    ]
    clean = clean_hour(HOUR, [raw(rows)])
    assert clean.table.select(["commune", "arrondissement"]).to_pylist() == [
        {"commune": "Paris", "arrondissement": "Paris 11e"},
        {"commune": "Paris", "arrondissement": "Paris 16e"},
        {"commune": "Paris", "arrondissement": "Paris 1er"},
    ]


def test_result_of_an_older_sender_is_read() -> None:
    """It has no number of unreadable times, and its drift no fields that are null everywhere."""
    summary = clean_hour(HOUR, [raw(records(duedate="hier", colour=None))]).summary
    message = json.loads(json.dumps(HourResult(HOUR, summary).message()))
    assert HourResult.of(message).cleaned == summary
    for name in ("unreadable_times", "unreadable_time", "future_unknown"):
        del message["cleaned"][name]
    del message["cleaned"]["drift"]["empty"]
    older = HourResult.of(message).cleaned
    assert older is not None
    assert (older.unreadable_times, older.drift) == (0, Drift())
