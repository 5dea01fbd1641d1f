"""Stations are found by code and by parts of names, whatever the accents, case and punctuation."""

import pytest

from velib_assets.insights.station_search import Station, find_stations, fold, near_stations

STATIONS = [
    Station("1001", "Gare de Lyon - Châlon"),
    Station("1002", "Lyon - Gare"),
    Station("1003", "Hôpital de l'Œuvre"),
    Station("1004", "Place du 8 Mai 1945", ("Place Rouge",)),
    Station("1945", "Bastille"),
    Station("31024_relais", "Relais"),
    Station("31024_Relais", "RELAIS BIS"),
    Station("1005", ""),
]


def found(text: str) -> list[str]:
    return [station.station_id for station in find_stations(text, STATIONS)]


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("1001", ["1001"]),
        (" 1001 ", ["1001"]),
        ("1945", ["1945"]),
        ("31024_relais", ["31024_relais"]),
        ("31024_RELAIS", ["31024_relais", "31024_Relais"]),
        ("gare de lyon", ["1001"]),
        ("GARE LYON", ["1001", "1002"]),
        ("lyon gare", ["1002", "1001"]),
        ("chal", ["1001"]),
        ("châlon", ["1001"]),
        ("Cha\u0302lon", ["1001"]),
        ("hopital", ["1003"]),
        ("oeuvre", ["1003"]),
        ("ŒUVRE", ["1003"]),
        ("l'oeuvre", ["1003"]),
        ("garedelyon", ["1001"]),
        ("8 mai", ["1004"]),
        ("rouge", ["1004"]),
        ("rel", ["31024_relais", "31024_Relais"]),
        ("nowhere", []),
        ("gare du nord", []),
        ("'; DROP TABLE stations; --", []),
        ("%", []),
        ("_", []),
        ("", []),
        ("gare " * 10_000, ["1001", "1002"]),
        ("x" * 100_000, []),
    ],
)
def test_station_is_found(text: str, codes: list[str]) -> None:
    assert found(text) == codes


@pytest.mark.parametrize(
    ("text", "code"),
    [("bastile", "1945"), ("1946", "1945"), ("gare de lion", "1001"), ("opital", "1003"), ("chalom", "1001")],
)
def test_similar_stations_are_suggested(text: str, code: str) -> None:
    near = [station.station_id for station in near_stations(text, STATIONS)]
    assert code in near
    assert len(near) <= 5


@pytest.mark.parametrize("text", ["", "***", "q" * 100_000, "zzzz"])
def test_nothing_is_suggested_for_what_is_like_no_name(text: str) -> None:
    assert near_stations(text, STATIONS) == []


def test_folding_removes_accents_case_and_punctuation() -> None:
    assert fold("  L'Hôpital — Saint‑Louis (20ᵉ) ") == "l hopital saint louis 20e"
