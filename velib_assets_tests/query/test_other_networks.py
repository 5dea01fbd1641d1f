"""The KPIs of a network some of whose stations have unknown docks, against plain Python."""

import json
from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta
from itertools import pairwise
from statistics import fmean
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from velib_assets.query.view_sql import conditions
from velib_assets_tests.network_process import call_as
from velib_assets_tests.query.daily_lake import REFERENCE, differences
from velib_assets_tests.query.daily_reference import is_saturated, is_short, operates
from velib_assets_tests.query.network_lake import DAY, NO_CAPACITY, VIRTUAL, network_rows, rows_of_views

Row = dict[str, Any]
ROWS = network_rows()
NEWEST = max(row["ingested_ts"] for row in ROWS)
ZONE = "Europe/Paris"


@pytest.fixture(scope="module")
def views(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Row]]:
    """The rows of each view of the network `rouen`."""
    lake = tmp_path_factory.mktemp("lake")
    names = {"VELIB_TIMEZONE": ZONE, "VELIB_NETWORK_NAME": "Rouen"}
    found: dict[str, list[Row]] = call_as("rouen", rows_of_views, lake, **names)
    return found


def plain(rows: Iterable[Row]) -> list[Row]:
    """Rows as they are printed."""
    found: list[Row] = json.loads(
        json.dumps(list(rows), default=lambda value: str(value.replace(tzinfo=None)))
    )
    return found


def by_station(rows: Iterable[Row]) -> list[Row]:
    return sorted(rows, key=lambda row: (row["ingested_ts"], row["station_id"]))


def keys_of(rows: Iterable[Row]) -> list[tuple[str, str]]:
    return [(row["ingested_ts"], row["station_id"]) for row in by_station(rows)]


@pytest.mark.parametrize(
    ("view", "condition"),
    [
        ("kpi_shortage", is_short),
        ("kpi_station_saturation", is_saturated),
        ("kpi_taux_remplissage", lambda row: row["is_installed"] and row["fill_rate"] is not None),
    ],
)
def test_stations_by_condition(views: dict[str, list[Row]], view: str, condition: Any) -> None:
    assert keys_of(views[view]) == keys_of(plain(row for row in ROWS if condition(row)))


def test_shortage_needs_bikes_only_and_virtual_stations_are_never_saturated(
    views: dict[str, list[Row]],
) -> None:
    short, saturated = (
        {row["station_id"][:-2] for row in views[name]} for name in ("kpi_shortage", "kpi_station_saturation")
    )
    assert short == {"docks", "no docks", NO_CAPACITY, VIRTUAL}
    assert saturated == {"docks", "no docks"}


def test_areas_count_stations_without_a_fill_rate(views: dict[str, list[Row]]) -> None:
    groups: dict[tuple[datetime, str | None], list[Row]] = defaultdict(list)
    for row in filter(operates, ROWS):
        groups[row["ingested_ts"], row["arrondissement"]].append(row)
    expected = [
        {
            "ingested_ts": taken,
            "arrondissement": area,
            "station_count": len(rows),
            "avg_fill_rate": mean(row["fill_rate"] for row in rows),
            "shortage_count": sum(map(is_short, rows)),
            "saturation_count": sum(map(is_saturated, rows)),
            "date": f"{taken:%Y-%m-%d}",
            "hour": f"{taken:%H}",
        }
        for (taken, area), rows in groups.items()
    ]
    found = views["kpi_saturation_par_arrondissement"]
    assert differences(*(sorted(rows, key=str_of_area) for rows in (found, plain(expected)))) == []


def str_of_area(row: Row) -> tuple[str, str]:
    return row["ingested_ts"], str(row["arrondissement"])


def mean(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return fmean(known) if known else None


def test_critical_stations(views: dict[str, list[Row]]) -> None:
    """A virtual station is critical only when it is short."""
    stations: dict[str, list[Row]] = defaultdict(list)
    for row in ROWS:
        if operates(row) and row["ingested_ts"] > NEWEST - timedelta(hours=2):
            stations[row["station_id"]].append(row)
    scored = []
    for code, rows in stations.items():
        open_ = [row for row in rows if row["is_returning"] and not row["is_virtual"]]
        hits = sum(map(is_short, rows)), sum(row["docks"] == 0 for row in open_)
        full = sum((row["fill_rate"] or 0) >= 0.9 for row in open_)
        scored.append((-(2 * sum(hits) + full), code, *hits, mean(row["fill_rate"] for row in rows)))
    expected = [
        {
            "station_id": code,
            "avg_fill_rate": rate,
            "shortage_hits": short,
            "saturation_hits": docks,
            "critical_score": -score,
        }
        for score, code, short, docks, rate in sorted(scored, key=lambda row: row[:2])[:10]
    ]
    found = [{name: row[name] for name in expected[0]} for row in views["kpi_top10_2hour"]]
    assert differences(found, expected) == []


@pytest.mark.parametrize(("kind", "condition"), [("shortage", is_short), ("saturation", is_saturated)])
def test_snapshots_of_episodes(views: dict[str, list[Row]], kind: str, condition: Any) -> None:
    """Each snapshot in which the condition holds is in one episode."""
    recent = [row for row in ROWS if row["ingested_ts"] > NEWEST - timedelta(hours=25)]
    counts: dict[str, int] = defaultdict(int)
    for row in views["kpi_episodes"]:
        if row["kind"] == kind:
            counts[row["station_id"]] += row["snapshots"]
    expected: dict[str, int] = defaultdict(int)
    for row in filter(condition, recent):
        expected[row["station_id"]] += 1
    assert counts == expected
    assert sum(row["kind"] == kind for row in views["kpi_episodes"]) == sum(
        sum(not past or gap for past, gap, now in steps(recent, code, condition) if now) for code in expected
    )


def steps(rows: Iterable[Row], code: str, condition: Any) -> list[tuple[bool, bool, bool]]:
    """Whether the condition held before, whether there was a gap, and whether it holds, by snapshot."""
    own = [row for row in by_station(rows) if row["station_id"] == code]
    first = (False, False, condition(own[0]))
    return [first] + [
        (
            condition(before),
            row["ingested_ts"] - before["ingested_ts"] > timedelta(minutes=45),
            condition(row),
        )
        for before, row in pairwise(own)
    ]


def test_typical_week_skips_unknown_fill_rates(views: dict[str, list[Row]]) -> None:
    hours: dict[tuple[int, int], list[Row]] = defaultdict(list)
    for row in filter(operates, ROWS):
        local = row["ingested_ts"].astimezone(ZoneInfo(ZONE))
        if row["ingested_ts"].date() < NEWEST.date():
            hours[local.isoweekday(), local.hour].append(row)
    expected = [
        {
            "day": day,
            "hour": hour,
            "mean_fill_rate": mean(row["fill_rate"] for row in rows),
            "snapshots": len({row["ingested_ts"] for row in rows}),
        }
        for (day, hour), rows in sorted(hours.items())
    ]
    assert differences(views["kpi_typical_week"], expected) == []


@pytest.mark.parametrize("name", REFERENCE)
def test_daily_kpis(views: dict[str, list[Row]], name: str) -> None:
    assert differences(views[name], plain(REFERENCE[name](ROWS, DAY))) == []


def test_rates_over_1_stay_in_every_kpi(views: dict[str, list[Row]]) -> None:
    """More bikes than the capacity, in a snapshot without docks: 30 of 10 are a rate of 3."""
    assert max(row["fill_rate"] for row in views["kpi_taux_remplissage"]) == 3
    assert max(row["fill_rate"] for row in views["kpi_station_saturation"]) == 3
    assert max(row["max_fill_rate"] or 0 for row in views["kpi_daily_station"]) == 3
    full = [row for row in views["kpi_daily_station"] if row["max_fill_rate"] == 3]
    assert all(row["min_fill_rate"] < row["avg_fill_rate"] < 3 for row in full)
    [network] = views["kpi_daily_network"]
    assert network["min_fill_rate"] < network["avg_fill_rate"] < network["max_fill_rate"] < 3


def test_conditions_of_velib_know_no_virtual_stations() -> None:
    own, others = conditions(of_velib=True), conditions(of_velib=False)
    assert not any("is_virtual" in text for text in own.values())
    assert own.keys() == others.keys()
