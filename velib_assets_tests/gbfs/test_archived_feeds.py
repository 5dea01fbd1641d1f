"""Recorded GBFS files of another network give the rows of its live feed, with types and areas."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from velib_assets.ingest.feeds.archive import Archive
from velib_assets.lake.keys import hour_of
from velib_assets_tests.gbfs.invented_city import AT, City, Station, cities, files_of, rows_of
from velib_assets_tests.gbfs.through_pipeline import NETWORK, clean_both, raw_of, rows

STAMP = f"{AT:%Y%m%dT%H%M%SZ}"
LAYOUTS: dict[str, Callable[[str], str]] = {
    "a folder per snapshot": lambda part: f"{STAMP}/{part}.json",
    "names with part and time": lambda part: f"{part}_{STAMP}.json",
    "names with time and part": lambda part: f"{STAMP}-{part}.json.gz",
    "a folder per file": lambda part: f"feed/{part}/{AT:%Y-%m-%d_%H-%M-%S}.json",
    "the other files once": lambda part: (
        f"{part}_{STAMP}.json" if part == "station_status" else f"{part}.json"
    ),
    "no time in any name": lambda part: f"{part}.json",
}
CITY = City(
    language="fr",
    lat=49.4,
    lon=1.1,
    areas=("Rive droite", "Rive gauche"),
    has_docks=True,
    has_types=True,
    stations=tuple(
        Station(f"s{n}", f"Place {n}", n, 2 * n, n % 2, 20, False, n, 2, 5, (True, True, True), 60, 4, True)
        for n in range(4)
    ),
)


def record(folder: Path, city: City, version: str, layout: str) -> None:
    """Write the files of a city into a folder."""
    for part, body in files_of(city, version, "https://feeds.example").items():
        if (part, layout) == ("gbfs", "a folder per file"):  # a folder called gbfs may hold snapshots
            continue
        path = folder / LAYOUTS[layout](part)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(gzip.compress(body) if path.suffix == ".gz" else body)


@pytest.mark.parametrize("version", ["1.0", "2.3", "3.1"])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_archive_gives_the_rows_of_the_live_feed(layout: str, version: str, tmp_path: Path) -> None:
    record(tmp_path, CITY, version, layout)
    archive = Archive(tmp_path, network=NETWORK)
    assert archive.recorded_hours(hour_of(AT), hour_of(AT)) == {hour_of(AT)}
    (snapshot,) = archive.recorded(hour_of(AT))
    assert (snapshot.taken_at, snapshot.problem) == (AT, None)
    assert rows(clean_both([raw_of(snapshot.response, AT)], AT)) == rows_of(CITY)
    notes = [
        note for note in archive.skipped(hour_of(AT), hour_of(AT)).notes if "no time in its name" not in note
    ]
    assert [note.partition(" (")[0] for note in notes] == ["1 file is not recognised"] * len(notes)
    assert all("gbfs" in note for note in notes)  # the discovery document


def test_folders_of_other_files_are_not_snapshots(tmp_path: Path) -> None:
    record(tmp_path, CITY, "2.3", "a folder per file")
    for name in ("free_bike_status", "system_alerts", "geofencing_zones"):
        (tmp_path / "feed" / name).mkdir()
        (tmp_path / "feed" / name / f"{STAMP}.json").write_text("{}", encoding="utf-8")
    assert len(list(Archive(tmp_path, network=NETWORK).recorded(hour_of(AT)))) == 1


def test_other_snapshots_use_the_files_nearest_in_time(tmp_path: Path) -> None:
    """A region that is renamed later keeps its name in earlier hours."""
    record(tmp_path, CITY, "2.3", "a folder per snapshot")
    later = files_of(CITY._replace(areas=("Nord", "Sud")), "2.3", "https://feeds.example")
    (tmp_path / "20220605T000000Z").mkdir()
    (tmp_path / "20220605T000000Z" / "system_regions.json").write_bytes(later["system_regions"])
    (tmp_path / "20220605T000000Z" / "station_status.json").write_bytes(later["station_status"])
    (snapshot,) = Archive(tmp_path, network=NETWORK).recorded(hour_of(AT))
    assert rows(clean_both([raw_of(snapshot.response, AT)], AT)) == rows_of(CITY)


def test_damaged_optional_file_is_left_out(tmp_path: Path) -> None:
    record(tmp_path, CITY, "2.3", "a folder per snapshot")
    regions = tmp_path / STAMP / "system_regions.json"
    damaged = gzip.compress(regions.read_bytes())[:-9]
    regions.unlink()
    (tmp_path / STAMP / "system_regions.json.gz").write_bytes(damaged)
    (snapshot,) = Archive(tmp_path, network=NETWORK).recorded(hour_of(AT))
    found = rows(clean_both([raw_of(snapshot.response, AT)], AT))
    assert [row["arrondissement"] for row in found] == ["r0", "r1", "r0", "r1"]


def test_velibs_archive_reads_two_files_as_before(tmp_path: Path) -> None:
    record(tmp_path, CITY, "2.3", "a folder per snapshot")
    archive = Archive(tmp_path, network="velib")
    (snapshot,) = archive.recorded(hour_of(AT))
    assert sorted(snapshot.response.bodies) == ["station_information", "station_status"]
    assert "4 files are not recognised" in archive.skipped(hour_of(AT), hour_of(AT)).notes[0]


def test_any_city_is_archived(tmp_path_factory: pytest.TempPathFactory) -> None:
    @settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(cities())
    def check(city: City) -> None:
        folder = tmp_path_factory.mktemp("archive")
        record(folder, city, "3.0", "names with part and time")
        (snapshot,) = Archive(folder, network=NETWORK).recorded(hour_of(AT))
        assert rows(clean_both([raw_of(snapshot.response, AT)], AT)) == rows_of(city)

    check()
