"""`velib discard`: the bytes go to quarantine, what was made from them follows, and they never come back."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from velib_assets.catalog.sqlite_catalog import LocalCatalog
from velib_assets.cli import runs
from velib_assets.ingest.discard import discard_object, find_snapshots
from velib_assets.lake.folder_store import FolderStore
from velib_assets.lake.keys import STATIONS_KEY, clean_key, hour_prefix, raw_key, rejects_key
from velib_assets.lake.listing import quarantine_reasons
from velib_assets.query.duckdb_engine import LocalQueryEngine
from velib_assets.settings import Settings
from velib_assets.stations.register_file import load_register
from velib_assets_tests.cli.test_commands import Terminal
from velib_assets_tests.defs.test_graph import archive
from velib_assets_tests.kpi_lake import rows_of
from velib_assets_tests.samples import HOUR, at, body, record, records

HERE, NEXT = "2022-06-04T10", "2022-06-04T11"
LATER = HOUR + timedelta(hours=1)
WHY = ("--reason", "the counts are wrong")
GOOD, BAD = at(0), at(15)


@pytest.fixture
def terminal(tmp_path: Path) -> Terminal:
    """A lake with two hours: a good and a bad snapshot, and only a bad one with a reject."""
    terminal = Terminal(tmp_path)
    folder = archive(
        tmp_path / "archive",
        {
            GOOD: body(records()),
            BAD: body(records(numbikesavailable=7)),
            LATER: body([*records(numbikesavailable=7), record("9999", capacity=-1)]),
        },
    )
    terminal.env |= {"VELIB_SOURCE": "archive", "VELIB_ARCHIVE": str(folder)}
    assert terminal.velib("backfill", HERE, NEXT).exit_code == 0
    return terminal


def bikes(terminal: Terminal) -> list[tuple[Any, ...]]:
    engine = LocalQueryEngine(terminal.lake, LocalCatalog(terminal.lake))
    return rows_of(
        engine, "SELECT DISTINCT date_format(ingested_ts, '%H:%i'), bikes FROM source_velib ORDER BY 1"
    )


def hours(terminal: Terminal) -> list[int]:
    return [part.hour.hour for part in LocalCatalog(terminal.lake).partitions()]


def raw(terminal: Terminal) -> dict[str, bytes]:
    return {
        str(path.relative_to(terminal.lake)): path.read_bytes() for path in terminal.lake.glob("raw/**/*.gz")
    }


def quarantined(terminal: Terminal) -> list[bytes]:
    return [path.read_bytes() for path in terminal.lake.glob("quarantine/**/*.gz")]


def test_one_snapshot_is_discarded_and_its_rows_go(terminal: Terminal) -> None:
    before = raw(terminal)
    result = terminal.velib("discard", HERE, HERE, "--snapshot", raw_key(BAD), *WHY)
    assert (result.exit_code, result.stdout) == (0, "")
    assert bikes(terminal) == [("10:00", 8), ("11:00", 7)]
    assert set(before) - set(raw(terminal)) == {raw_key(BAD)}
    assert quarantined(terminal) == [before[raw_key(BAD)]]
    (reason,) = quarantine_reasons(FolderStore(terminal.lake), HOUR)
    assert (reason["code"], reason["reason"]) == ("discarded", "the counts are wrong")
    assert reason["raw_key"] == raw_key(BAD)
    status = json.loads(terminal.velib("status", "--from", HERE, "--to", HERE, "--format", "json").stdout)
    assert [slot["state"] for slot in status] == ["stored", "quarantined", "missed", "missed"]
    shown = terminal.velib("query", "SELECT code, address FROM quarantine_velib", "--format", "json").stdout
    (row,) = json.loads(shown)
    assert row["code"] == "discarded"
    assert Path(row["address"]).read_bytes() == before[raw_key(BAD)]


def test_file_name_and_address_name_a_snapshot(terminal: Terminal) -> None:
    name = raw_key(BAD).rpartition("/")[2]
    assert terminal.velib("discard", HERE, HERE, "--snapshot", name, *WHY).exit_code == 0
    address = str(terminal.lake / raw_key(LATER))
    assert terminal.velib("discard", NEXT, NEXT, "--snapshot", address, *WHY).exit_code == 0
    assert set(raw(terminal)) == {raw_key(GOOD)}


def test_hour_without_another_snapshot_leaves_the_lake(terminal: Terminal) -> None:
    store = FolderStore(terminal.lake)
    assert (terminal.lake / rejects_key(LATER)).is_file()
    result = terminal.velib("discard", NEXT, NEXT, *WHY)
    assert result.exit_code == 0
    assert f"{NEXT} was removed from the table" in result.stderr
    assert bikes(terminal) == [("10:00", 8), ("10:15", 7)]
    assert hours(terminal) == [10]
    for layer in ("raw", "clean", "rejects"):
        assert store.list(hour_prefix(layer, LATER)) == []
    assert load_register(store).register.hours == [(HOUR, HOUR)]
    page = (terminal.lake / "reports/velib_report.html").read_text(encoding="utf-8")
    assert '"newest_ts":"2022-06-04T10:15:00Z"' in page


def test_whole_lake_can_be_discarded(terminal: Terminal) -> None:
    assert terminal.velib("discard", HERE, NEXT, *WHY).exit_code == 0
    assert bikes(terminal) == []
    assert len(quarantined(terminal)) == 3
    assert load_register(FolderStore(terminal.lake)).register.hours == []


def test_discarded_records_never_come_back(terminal: Terminal) -> None:
    """The archive still has them; a backfill says so and where they are."""
    assert terminal.velib("discard", HERE, HERE, "--snapshot", raw_key(BAD), *WHY).exit_code == 0
    result = terminal.velib("backfill", HERE, HERE)
    assert result.exit_code == 0
    skipped = "1 snapshot skipped: discarded before (the counts are wrong)"
    assert f"warning: raw_snapshot: {skipped}" in result.stderr
    assert "quarantined" not in result.stderr
    assert set(raw(terminal)) == {raw_key(GOOD), raw_key(LATER)}
    assert len(quarantined(terminal)) == 1
    assert terminal.velib("discard", NEXT, NEXT, *WHY).exit_code == 0
    result = terminal.velib("backfill", NEXT, NEXT)
    assert result.exit_code == 1
    assert (
        f"velib: {NEXT} failed, no clean file was written: raw_snapshot: {skipped}. "
        "No other snapshot was loaded for this hour" in result.stderr
    )
    assert hours(terminal) == [10]


def test_corrected_snapshot_may_come_for_the_same_second(terminal: Terminal, tmp_path: Path) -> None:
    assert terminal.velib("discard", HERE, NEXT, *WHY).exit_code == 0
    corrected = archive(tmp_path / "corrected", {BAD: body(records(numbikesavailable=9))})
    terminal.env["VELIB_ARCHIVE"] = str(corrected)
    assert terminal.velib("backfill", HERE, HERE).exit_code == 0
    assert bikes(terminal) == [("10:15", 9)]
    status = json.loads(terminal.velib("status", "--from", HERE, "--to", HERE, "--format", "json").stdout)
    assert [slot["state"] for slot in status] == ["quarantined", "stored", "missed", "missed"]


def test_empty_range_exits_with_1(terminal: Terminal) -> None:
    result = terminal.velib("discard", "2022-06-04T12", "2022-06-04T13", *WHY)
    assert result.exit_code == 1
    assert "raw has no snapshot from 2022-06-04T12 to 2022-06-04T13: nothing to discard" in result.stderr
    result = terminal.velib("discard", HERE, HERE, "--snapshot", raw_key(LATER), *WHY)
    assert result.exit_code == 1
    assert raw_key(LATER) in result.stderr
    assert len(raw(terminal)) == 3


@pytest.mark.parametrize(
    "arguments",
    [(HERE, HERE), (HERE, HERE, "--reason", " "), (NEXT, HERE, *WHY), (HERE, *WHY), ("today", HERE, *WHY)],
)
def test_wrong_usage_exits_with_2(arguments: tuple[str, ...], terminal: Terminal) -> None:
    assert terminal.velib("discard", *arguments).exit_code == 2
    assert len(raw(terminal)) == 3


@pytest.mark.parametrize("distance", [timedelta(hours=1), timedelta(days=3), timedelta(days=400)])
def test_rows_that_were_described_from_a_discarded_hour_follow(tmp_path: Path, distance: timedelta) -> None:
    """The second hour has no names of its own. Healing would find it later; the command does at once."""
    terminal = Terminal(tmp_path)
    lost = ("name", "coordonnees_geo", "capacity", "nom_arrondissement_communes")
    nameless = [one | dict.fromkeys(lost) for one in records()]
    snapshots = {GOOD: body(records(name="Wrong")), HOUR + distance: body(nameless)}
    terminal.env |= {
        "VELIB_SOURCE": "archive",
        "VELIB_ARCHIVE": str(archive(tmp_path / "archive", snapshots)),
    }
    terminal.velib("backfill")
    names = "SELECT DISTINCT ingested_ts, name FROM source_velib ORDER BY 1"
    shown = json.loads(terminal.velib("query", names, "--format", "json").stdout)
    assert [row["name"] for row in shown] == ["Wrong", "Wrong"]
    result = terminal.velib("discard", HERE, HERE, *WHY)
    assert (result.exit_code, "1 hour clean" in result.stderr) == (0, True)
    shown = json.loads(terminal.velib("query", names, "--format", "json").stdout)
    assert [row["name"] for row in shown] == [None]


def test_whole_days_can_be_named(terminal: Terminal) -> None:
    assert terminal.velib("discard", "2022-06-04", "2022-06-04", *WHY).exit_code == 0
    assert raw(terminal) == {}


def test_discarding_again_finds_nothing(terminal: Terminal) -> None:
    assert terminal.velib("discard", HERE, HERE, *WHY).exit_code == 0
    assert terminal.velib("discard", HERE, HERE, *WHY).exit_code == 1


@pytest.mark.parametrize("step", ["create", "publish"])
def test_interruption_at_any_write_loses_nothing(
    step: str, terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whichever write fails: the bytes are in raw or in quarantine, and the next discard completes."""
    before = raw(terminal)
    original, left = getattr(FolderStore, step), [0]

    def failing(self: FolderStore, *arguments: Any) -> Any:
        left[0] -= 1
        if left[0] < 0:
            raise OSError(28, "No space left on device")
        return original(self, *arguments)

    for writes in range(9):
        left[0] = writes
        with monkeypatch.context() as patch:
            patch.setattr(FolderStore, step, failing)
            done = terminal.velib("discard", HERE, NEXT, *WHY).exit_code == 0
        kept = {*raw(terminal).values(), *quarantined(terminal)}
        assert set(before.values()) <= kept
        if done:
            break
    terminal.velib("discard", HERE, NEXT, *WHY)
    assert raw(terminal) == {}
    assert hours(terminal) == []
    assert not list(terminal.lake.glob("clean/**/*.parquet"))


def test_interrupted_removal_is_completed(terminal: Terminal) -> None:
    """The snapshots are in quarantine already, but rows and partition are still there."""
    store = FolderStore(terminal.lake)
    for item in find_snapshots(store, LATER, LATER):
        discard_object(store, item, "it was wrong", LATER)
    assert hours(terminal) == [10, 11]
    assert terminal.velib("discard", NEXT, NEXT, *WHY).exit_code == 0
    assert hours(terminal) == [10]
    assert not (terminal.lake / clean_key(LATER)).exists()


def test_hour_whose_remaining_snapshots_are_unusable_leaves_the_table(terminal: Terminal) -> None:
    """The clean step keeps the older clean file if nothing is usable, which has the discarded rows."""
    (terminal.lake / raw_key(at(30))).write_bytes(b"not a snapshot")
    result = terminal.velib("discard", HERE, HERE, "--snapshot", raw_key(GOOD), *WHY)
    assert result.exit_code == 0
    result = terminal.velib("discard", HERE, HERE, "--snapshot", raw_key(BAD), *WHY)
    assert result.exit_code == 0
    assert bikes(terminal) == [("11:00", 7)]
    assert hours(terminal) == [11]


def test_unusable_object_can_be_discarded(terminal: Terminal) -> None:
    """The clean step has quarantined it in place; now its slot can be filled."""
    key = raw_key(at(30))
    (terminal.lake / key).write_bytes(b"not a snapshot")
    terminal.velib("backfill", HERE, HERE)
    assert terminal.velib("discard", HERE, HERE, "--snapshot", key, *WHY).exit_code == 0
    assert key not in raw(terminal)
    assert b"not a snapshot" in quarantined(terminal)
    (terminal.lake / key).write_bytes(b"not better")
    terminal.velib("backfill", HERE, HERE)
    codes = [reason["code"] for reason in quarantine_reasons(FolderStore(terminal.lake), HOUR)]
    assert sorted(codes) == ["discarded", "not_json", "not_json"]
    status = json.loads(terminal.velib("status", "--from", HERE, "--to", HERE, "--format", "json").stdout)
    assert status[2]["state"] == "quarantined"


def test_discarded_hour_is_not_materialized_again(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Dagster cannot unmark a partition: an observation says why there is nothing any more."""
    for name, value in terminal.env.items():
        monkeypatch.setenv(name, value) if value else monkeypatch.delenv(name, raising=False)

    def newest(asset: str, *, observed: bool) -> tuple[float, str]:
        with runs.open_instance(Settings(lake=terminal.lake)) as instance:
            wanted = dg.AssetRecordsFilter(dg.AssetKey(asset), asset_partitions=["2022-06-04-11:00"])
            fetch = instance.fetch_observations if observed else instance.fetch_materializations
            (record,) = fetch(wanted, limit=1).records
            event = record.asset_observation or record.asset_materialization
            assert event is not None
            return record.timestamp, event.description or ""

    materialized = newest("source_velib", observed=False)
    assert terminal.velib("discard", NEXT, NEXT, *WHY).exit_code == 0
    assert newest("source_velib", observed=False) == materialized
    for asset in ("raw_snapshot", "clean_stations", "source_velib", "stations"):
        _, description = newest(asset, observed=True)
        assert description == "1 snapshot of the range was discarded: the counts are wrong"


def test_register_forgets_what_only_discarded_hours_said(terminal: Terminal) -> None:
    assert (terminal.lake / STATIONS_KEY).is_file()
    codes = set(load_register(FolderStore(terminal.lake)).register.stations)
    assert terminal.velib("discard", HERE, NEXT, *WHY).exit_code == 0
    assert codes
    assert load_register(FolderStore(terminal.lake)).register.stations == {}
