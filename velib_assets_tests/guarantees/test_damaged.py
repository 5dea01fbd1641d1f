"""No bad snapshot reaches a KPI: the corpus of damaged responses, by every way into the lake."""

import json
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pyarrow.parquet as pq
import pytest

from velib_assets.ingest.decode import decode
from velib_assets.ingest.raw_object import gunzip, open_raw
from velib_assets.ingest.response import FeedResponse
from velib_assets.lake.folder_store import FolderStore
from velib_assets.lake.keys import clean_key, hour_prefix, raw_key, rejects_key
from velib_assets.lake.listing import quarantine_reasons
from velib_assets.query.kpis import KPIS
from velib_assets.simulator.faults import FAULTS
from velib_assets_tests.guarantees.damage import ARCHIVE, QUARANTINE, REJECTS, STORED, WAYS
from velib_assets_tests.guarantees.damaged import CORPUS, SIMULATED, chosen
from velib_assets_tests.guarantees.damaged_lakes import (
    CASES,
    LATER,
    Lakes,
    envelope,
    feed_of,
    make,
    of_hour,
)

pytestmark = pytest.mark.promise("damaged")

Figure = Callable[[str, float], None]
EVERY = 9  # n-th damages whose most critical stations the short form compares


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Each damage is a test, by all ways or by one."""
    if "name" in metafunc.fixturenames:
        metafunc.parametrize(("way", "name"), chosen(bool(metafunc.config.getoption("--full"))))


@pytest.fixture(scope="module")
def lakes_by_way(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Lakes]:
    """The lakes of each way."""
    cases = chosen(bool(request.config.getoption("--full")))
    return {
        way: make(way, tmp_path_factory.mktemp(way), [name for one, name in cases if one == way])
        for way in WAYS
    }


def test_the_corpus_is_as_large_as_promised() -> None:
    """It includes every fault of the simulator, and each name once."""
    names = [case.name for case in CORPUS]
    assert len(set(names)) == len(names) >= 60
    assert {case.name for case in SIMULATED} == {f"fault {name}" for name in FAULTS}
    assert all(len(CASES[way]) >= 60 for way in WAYS if way != "simulator")
    assert {name for _, name in chosen(full=False)} == set(names)


def rows_at(store: FolderStore, key: str, taken: datetime | None = None) -> list[dict[str, Any]]:
    """The rows of a Parquet file, optionally of one snapshot; none if the file does not exist."""
    path = store.root / key
    rows = pq.read_table(path, partitioning=None).to_pylist() if path.exists() else []
    return [row for row in rows if taken in {None, row["ingested_ts"]}]


def test_damage_ends_in_the_expected_layer(
    lakes_by_way: dict[str, Lakes], way: str, name: str, figure: Figure
) -> None:
    """Bytes are in raw, or in quarantine with the code; bad records are in rejects with the reason."""
    lakes, case = lakes_by_way[way], CASES[way][name]
    hour, taken = lakes.hours[name], lakes.hours[name] + LATER
    bodies, reasons = lakes.response(name), quarantine_reasons(lakes.lake, hour)
    figure("damaged inputs", 1)
    if case.fate == QUARANTINE:
        # An archive's columns are recognised by their names before the records are audited.
        no_column = way == ARCHIVE and name in ("renamed codes", "CSV")
        assert [reason["code"] for reason in reasons] == ["missing_field" if no_column else case.message]
        assert kept_bytes(lakes, name) == sorted(
            [envelope(bodies["body"])] if way == STORED else bodies.values()
        )
        assert [part.key for part in lakes.cleaned[hour].snapshots] == [raw_key(hour)]
        return
    assert reasons == []
    key = raw_key(taken).removesuffix(".gz") if way == STORED else raw_key(taken)
    if way != STORED:
        assert (
            bytes(open_raw(lakes.lake.read(key)).results)
            == decode(FeedResponse(feed_of(way), bodies)).results
        )
    assert [part[1:] for part in lakes.cleaned[hour].snapshots if part.key == key] == [case.counts]
    rejects = rows_at(lakes.lake, rejects_key(hour), taken)
    assert all(row["reason"].startswith(case.message) for row in rejects)
    assert bool(rejects) == (case.fate == REJECTS)
    rows = rows_at(lakes.lake, clean_key(hour), taken)
    assert (len(rows), len(rejects)) == case.counts[1:3]
    assert case.counts[0] == sum(case.counts[1:])


def kept_bytes(lakes: Lakes, name: str) -> list[bytes]:
    """The stored bytes of a quarantined response."""
    hour = lakes.hours[name]
    if lakes.way == STORED:
        return [
            lakes.lake.read(item.key)
            for item in lakes.lake.list(hour_prefix("raw", hour))
            if item.key.endswith("json")
        ]
    (reason,) = quarantine_reasons(lakes.lake, hour)
    assert lakes.lake.list(hour_prefix("raw", hour))[1:] == []
    stored = sorted(lakes.lake.read(key) for key in reason["keys"])
    return [gunzip(data) for data in stored] if lakes.way == ARCHIVE else stored  # its file may be packed


def test_table_and_views_equal_those_of_the_twin(lakes_by_way: dict[str, Lakes], way: str, name: str) -> None:
    """The good snapshot in the same hour is complete."""
    lakes, hour = lakes_by_way[way], lakes_by_way[way].hours[name]
    rows, twin_rows = (rows_at(store, clean_key(hour)) for store in (lakes.lake, lakes.twin))
    assert len(rows) >= 40
    assert json.dumps(rows, default=str) == json.dumps(twin_rows, default=str)
    for view, (actual, expected) in lakes.views.items():
        assert of_hour(actual, hour) == of_hour(expected, hour), view


@pytest.mark.parametrize("way", WAYS)
def test_most_critical_stations_equal_those_of_the_twin(
    lakes_by_way: dict[str, Lakes], way: str, full: bool, figure: Figure
) -> None:
    names = list(lakes_by_way[way].hours)[:: 1 if full else EVERY]
    for name in names:
        rows, twin_rows = lakes_by_way[way].most_critical(name)
        assert len(rows) == 10
        assert repr(rows) == repr(twin_rows), name
    figure("top tens", len(names))


def test_all_views_are_compared(lakes_by_way: dict[str, Lakes]) -> None:
    """Each has rows; otherwise the comparisons would prove nothing."""
    for lakes in lakes_by_way.values():
        assert len(lakes.views) == len(KPIS) - 1
        assert all(sum(map(len, rows.values())) > 0 for rows, _ in lakes.views.values()), lakes.way
