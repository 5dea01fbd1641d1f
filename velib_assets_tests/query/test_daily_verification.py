"""Verifying the stored daily KPIs: damaged files are named, incomplete and outdated days are not."""

import io
from datetime import date, timedelta
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from velib_assets.catalog.clean_hashes import MISSING
from velib_assets.lake.keys import daily_kpi_key
from velib_assets.query.daily_file import daily_schema
from velib_assets.query.daily_kpis import DAILY_KPIS
from velib_assets.query.daily_verification import verify_daily_kpis
from velib_assets_tests.kpi_lake import row
from velib_assets_tests.query.daily_lake import DailyLake

DAY, NEXT = date(2022, 6, 4), date(2022, 6, 5)
*FIRST, LAST = [kpi.name for kpi in DAILY_KPIS]
ROWS = [row(code, 3, 17, f"2022-06-0{day} 10:{n}0") for day in (4, 5) for n in range(6) for code in "abc"]


@pytest.fixture
def lake(tmp_path: Path) -> DailyLake:
    """A lake with the history and the daily KPIs of two days."""
    lake = DailyLake(tmp_path, ROWS)
    for day in (DAY, NEXT):
        assert [result.error for result in lake.store_day(day)] == [""] * 3
    return lake


def path(lake: DailyLake, name: str) -> Path:
    return Path(lake.store.address(daily_kpi_key(name, DAY)))


def found(lake: DailyLake, first: date = DAY, last: date = NEXT) -> dict[str, str]:
    return {
        item.address: f"{item.problem}. {item.repair}"
        for item in verify_daily_kpis(lake.store, lake.catalog, first, last)
    }


def test_sound_days_have_no_damage(lake: DailyLake) -> None:
    assert found(lake) == {}


@pytest.mark.parametrize("name", FIRST)
def test_every_changed_byte_is_found(lake: DailyLake, name: str) -> None:
    """Pyarrow decodes many of them, and gives other numbers."""
    good = path(lake, name).read_bytes()
    for position in range(0, len(good), 97):
        path(lake, name).write_bytes(good[:position] + bytes([good[position] ^ 1]) + good[position + 1 :])
        assert list(found(lake)) == [str(path(lake, name))]
    assert "`velib backfill 2022-06-03 2022-06-04`" in found(lake)[str(path(lake, name))]
    assert found(lake, NEXT) == {}
    lake.store_day(DAY)
    assert (found(lake), path(lake, name).read_bytes()) == ({}, good)


@pytest.mark.parametrize("left", [0, 4, 200, -8])
def test_last_file_that_cannot_be_decoded_is_found(lake: DailyLake, left: int) -> None:
    path(lake, LAST).write_bytes(path(lake, LAST).read_bytes()[:left])
    assert "it cannot be decoded" in found(lake)[str(path(lake, LAST))]


def test_other_numbers_in_the_last_file_are_found(lake: DailyLake) -> None:
    """A checksum covers each page; a byte of the metadata may be of no consequence."""
    good, schema = path(lake, LAST).read_bytes(), daily_schema(LAST)
    rows, other = pq.read_table(io.BytesIO(good), schema=schema), []
    for position in range(4, len(good) - 8, 31):
        data = good[:position] + bytes([good[position] ^ 1]) + good[position + 1 :]
        path(lake, LAST).write_bytes(data)
        if not found(lake) and pq.read_table(io.BytesIO(data), schema=schema) != rows:
            other.append(position)
    assert other == []


def test_missing_file_of_a_complete_day_is_found(lake: DailyLake) -> None:
    path(lake, FIRST[0]).unlink()
    assert found(lake)[str(path(lake, FIRST[0]))].startswith(MISSING)
    path(lake, LAST).unlink()  # the day is not complete, and will be computed
    assert found(lake) == {}


def test_day_whose_history_changed_is_not_taken_for_damaged(lake: DailyLake) -> None:
    """A run that stores it again has written its first file, and not yet its last."""
    lake.write_day(DAY, [values for values in ROWS if values["ingested_ts"].date() == DAY][:-1])
    path(lake, FIRST[0]).write_bytes(b"new")
    assert found(lake) == {}
    lake.store_day(DAY)
    lake.store_day(DAY + timedelta(days=1))
    assert found(lake) == {}
