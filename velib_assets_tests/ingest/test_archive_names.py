"""The times in the names of archived files."""

from __future__ import annotations

from datetime import datetime, timezone
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from velib_assets.ingest.feeds.archive import Archive, ArchiveUnreadableError
from velib_assets.ingest.feeds.archive_names import named_time, to_utc

PARIS = ZoneInfo("Europe/Paris")
ALL = (datetime(1970, 1, 1, tzinfo=timezone.utc), datetime(2100, 1, 1, tzinfo=timezone.utc))
FIVE_PAST = datetime(2025, 6, 5, 12, 5, tzinfo=timezone.utc)


def utc(name: str) -> datetime | None:
    """The time of a name whose local times are those of Paris."""
    time = named_time(name)
    return to_utc(time, PARIS) if time else None


def put(folder: Path, *names: str) -> Archive:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b'[{"stationcode": "1001"}]')
    return Archive(folder, PARIS)


def times(archive: Archive) -> list[datetime]:
    hours = sorted(archive.recorded_hours(*ALL))
    return [snapshot.taken_at for hour in hours for snapshot in archive.recorded(hour)]


@pytest.mark.parametrize(
    "name",
    [
        "20250605T120500Z.json",
        "velib_20250605T120500Z.json.gz",
        "2025-06-05T12:05:00Z.json",
        "2025-06-05T12:05:00Z",
        "2025-06-05T12:05:00.123456+00:00.json",
        "2025-06-05T14:05:00+02:00.csv",
        "2025-06-05T14-05-00+02-00.csv",
        "2025-06-05T14%3A05%3A00%2B02%3A00.json",
        "20250605T070500-0500.json",
        "export_2025-06-05_12-05-00_UTC.csv",
        "1749125100.json",
        "stations-1749125100123.json.gz",
        "20250605T1205Z/page_3.json",
        "velib/2025/06/05/1205Z.json",
    ],
)
def test_time_with_a_zone_is_read(name: str) -> None:
    assert utc(name) == FIVE_PAST


@pytest.mark.parametrize(
    "name",
    [
        "velib_20250605_140500.json",
        "velib_data_20250605_140500.csv",
        "2025-06-05_14-05-00.csv.gz",
        "2025-06-05 14:05:00.json",
        "2025-06-05 02-05-00 PM.json",
        "2025.06.05 14.05.csv",
        "2025_06_05_14_05.parquet",
        "20250605140500.json",
        "202506051405.json",
        "2025-06-05_14h05.csv",
        "20250605_140500-0100.json",
        "20250605_1405_1400.json",
        "2025/06/05/1405.json",
        "2025/06/05/14/05.json",
        "2025-06-05/14-05/page_2.json",
        "2025-06-05/velib_14h05.json",
        "year=2025/month=06/day=05/14-05-00.json",
        "date=2025-06-05/hour=14/velib_1405.json",
    ],
)
def test_time_without_a_zone_is_in_the_archives_zone(name: str) -> None:
    assert utc(name) == FIVE_PAST


@pytest.mark.parametrize(
    "name",
    [
        "README.json",
        "20250605.json",
        "2025060514.json",
        "20251305T120500Z.json",
        "20250605T250500Z.json",
        "velib-2025-06/1405.json",
        "20250605T120500Z_20250605T130500Z.json",
        "123456789012345678901234.json",
    ],
)
def test_other_names_have_no_time(name: str) -> None:
    """No date, no time of day, an impossible one, or two of them."""
    assert utc(name) is None


def test_time_that_occurs_twice_is_refused_with_the_path(tmp_path: Path) -> None:
    archive = put(tmp_path, "velib_20241027_013000.json", "velib_x_20241027_023000.json")
    assert times(archive) == [datetime(2024, 10, 26, 23, 30, tzinfo=timezone.utc)]
    (message,) = archive.skipped(*ALL).refused
    assert message.startswith(
        "velib_x_20241027_023000.json: 2024-10-27 02:30:00 occurs twice in Europe/Paris ("
    )
    assert message.endswith("Write its offset into the name, as in 2024-10-27T02:30:00+01:00")


def test_time_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    archive = put(tmp_path, "velib_20250330_013000.json", "velib_x_20250330_023000.json")
    assert len(times(archive)) == 1
    (message,) = archive.skipped(*ALL).refused
    assert message.startswith(
        "velib_x_20250330_023000.json: 2025-03-30 02:30:00 does not exist in Europe/Paris"
    )


def test_refused_files_of_other_hours_are_not_reported(tmp_path: Path) -> None:
    archive = put(tmp_path, "velib_20241027_013000.json", "velib_x_20241027_023000.json")
    hour = datetime(2024, 10, 26, 23, tzinfo=timezone.utc)
    assert archive.recorded_hours(hour, hour) == {hour}
    assert archive.skipped(hour, hour).refused == ()


def test_raw_objects_of_a_lake_are_utc_in_any_zone(tmp_path: Path) -> None:
    """The same name outside a lake is a collector's, whose contents are no raw object."""
    archive = put(
        tmp_path,
        "raw/source=velib/date=2025-06-05/hour=12/velib_20250605_120500.json",
        "velib_20250605_180000.json",
    )
    (tmp_path / "velib_20250605_100000.json").write_bytes(
        b'{"source": "velib", "ingested_at": "2025-06-05T10:00:00+00:00", "results": [{"stationcode": "1"}]}'
    )
    assert times(archive) == [
        FIVE_PAST.replace(hour=hour, minute=minute) for hour, minute in ((10, 0), (12, 5), (16, 0))
    ]


def test_only_raw_of_a_copied_lake_is_read(tmp_path: Path) -> None:
    """The others are derived from it, or were not usable."""
    hour = "source=velib/date=2025-06-05/hour=12"
    archive = put(
        tmp_path,
        f"raw/{hour}/velib_20250605_120500.json",
        f"quarantine/{hour}/velib_20250605_121500_0a1b.station_status",
        f"quarantine/{hour}/velib_20250605_121500_0a1b.reason.json",
        f"rejects/{hour}/rejects.parquet",
    )
    assert times(archive) == [FIVE_PAST]
    assert [note.partition(" not")[0] for note in archive.skipped(*ALL).notes] == ["2 files are", "1 file is"]


def test_unrecognised_files_are_counted_and_two_are_named(tmp_path: Path) -> None:
    archive = put(tmp_path, "20250605T120500Z.json", "a.json", "b.csv", "c.json", "notes.txt")
    assert len(times(archive)) == 1
    assert sorted(note.partition(":")[0] for note in archive.skipped(*ALL).notes) == [
        "1 file is not recognised (notes.txt)",
        "3 files are not recognised (for example a.json, b.csv)",
    ]


def test_archive_without_any_time_says_what_is_missing(tmp_path: Path) -> None:
    with pytest.raises(
        ArchiveUnreadableError, match=r"a\.json\): neither its name nor its folder has a date"
    ):
        put(tmp_path, "a.json").recorded_hours(*ALL)
