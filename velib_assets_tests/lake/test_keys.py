"""Keys from times, and times from keys."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

from velib_assets.lake import keys

MOMENT = datetime(2022, 6, 4, 17, 34, 59, tzinfo=timezone.utc)


def test_keys_are_those_of_the_contract() -> None:
    assert keys.raw_key(MOMENT) == "raw/source=velib/date=2022-06-04/hour=17/velib_20220604_173459.json.gz"
    assert keys.hour_prefix("clean", MOMENT) == "clean/source=velib/date=2022-06-04/hour=17/"
    assert keys.rejects_key(MOMENT).startswith("rejects/source=velib/date=2022-06-04/hour=17/")


def test_time_in_another_zone_gets_the_key_of_its_utc_hour() -> None:
    paris = MOMENT.astimezone(timezone(timedelta(hours=2)))
    assert keys.raw_key(paris) == keys.raw_key(MOMENT)


@pytest.mark.parametrize("ending", [".json", ".json.gz"])
def test_raw_time_is_parsed(ending: str) -> None:
    assert keys.raw_time(f"raw/x/velib_20220604_173459{ending}") == MOMENT


@pytest.mark.parametrize(
    "name", ["velib_20220604_173459.txt", "velib_20220632_173459.json", "velib_1.json", "x", ".velib.tmp"]
)
def test_other_names_have_no_raw_time(name: str) -> None:
    assert keys.raw_time(f"raw/{name}") is None


def test_slots_start_on_the_quarter_hour() -> None:
    assert keys.slot_of(MOMENT) == MOMENT.replace(minute=30, second=0)


@pytest.mark.parametrize(
    "text", ["2022-06-04", "2022-06-04T24", "2022-02-30T10", "4 June", "2022-06-04T10:00", ""]
)
def test_invalid_hour_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not an hour"):
        keys.parse_hour(text)


def test_hours_between_crosses_midnight() -> None:
    hours = keys.hours_between(keys.parse_hour("2022-06-04T23"), keys.parse_hour("2022-06-05T01"))
    assert [keys.hour_text(hour) for hour in hours] == ["2022-06-04T23", "2022-06-05T00", "2022-06-05T01"]


def test_times_are_formatted_for_the_lake_and_for_the_report() -> None:
    assert keys.iso_utc(MOMENT) == "2022-06-04T17:34:59+00:00"
    assert keys.iso_z(MOMENT) == keys.iso_z(MOMENT.replace(tzinfo=None)) == "2022-06-04T17:34:59Z"
    assert keys.iso_z(MOMENT + timedelta(milliseconds=5)) == "2022-06-04T17:34:59.005Z"
