"""Every 15-minute slot is accounted for: the ledger compared with what was put into the lake."""

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import dagster as dg
import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from velib_assets.clean.rebuild import rebuild_hour
from velib_assets.cli import commands, read_commands
from velib_assets.defs import raw_snapshot
from velib_assets.ingest.response import FeedResponse
from velib_assets.ingest.step import store_or_quarantine
from velib_assets.lake.folder_store import FolderStore
from velib_assets.lake.keys import HOUR as AN_HOUR
from velib_assets.lake.keys import (
    hour_of,
    hour_prefix,
    hour_text,
    hours_between,
    raw_key,
    slot_of,
    slots_of,
)
from velib_assets_tests.defs.test_graph import from_archive, run
from velib_assets_tests.samples import HOUR, at, body, first_version, records

pytestmark = pytest.mark.promise("slots")

HOURS = [HOUR + n * AN_HOUR for n in range(4)]
# In quarantine a name that starts with a time counts for that time, with any ending.
ODD_NAMES = {
    "raw": [
        "notes.txt",
        "velib_20220604_1000.json.gz",
        "velib_20229999_999999.json.gz",
        "velib_20220604_101500.json.gz.part",
        ".velib_20220604_101500.json.gz.x.tmp",
        "velib_20220604_101507.json.gz/a folder",
    ],
    "quarantine": ["README", "velib_99999999_000000_abc.body", ".velib_20220604_101500_abc.body.x.tmp"],
}


class Event(NamedTuple):
    """Something that is put into the lake, and when."""

    kind: str
    when: datetime


def good(store: FolderStore, when: datetime) -> None:
    store_or_quarantine(store, FeedResponse("opendata", {"body": body(records(3))}), when, when)


def old(store: FolderStore, when: datetime) -> None:
    """An object of the first version."""
    store.create(raw_key(when).removesuffix(".gz"), first_version(records(3)).data)


def unusable(store: FolderStore, when: datetime) -> None:
    store_or_quarantine(store, FeedResponse("opendata", {"body": b"[]"}), when, when)


def broken(store: FolderStore, when: datetime) -> None:
    """A damaged raw object, which the clean step quarantines."""
    store.create(raw_key(when), b"broken")


def misfiled(store: FolderStore, when: datetime) -> None:
    """In the folder of the hour after its own."""
    name = raw_key(when).rpartition("/")[2]
    store.create(hour_prefix("raw", hour_of(when) + AN_HOUR) + name, first_version(records(3)).data)


def odd(store: FolderStore, when: datetime) -> None:
    for layer, names in ODD_NAMES.items():
        for name in names:
            store.create(hour_prefix(layer, hour_of(when)) + name, b"?")


PUT: dict[str, Callable[[FolderStore, datetime], None]] = {
    action.__name__: action for action in (good, old, unusable, broken, misfiled, odd)
}
BECOMES = {"good": "stored", "old": "stored", "unusable": "quarantined", "broken": "quarantined"}
SPAN = 4 * 60 + 60  # minutes: the requested hours, half an hour before and after them
EVENTS = st.lists(
    st.builds(
        lambda what, minute, second: Event(what, HOUR + timedelta(minutes=minute - 30, seconds=second)),
        st.sampled_from(sorted(PUT)),
        st.one_of(st.integers(0, SPAN), st.sampled_from(range(0, SPAN, 15))),
        st.sampled_from([0, 0, 1, 59]),
    ),
    max_size=12,
    unique_by=lambda event: event.when,
)
CLOCKS = st.one_of(  # in the last requested hour, and in the day after
    st.integers(0, 3599), st.sampled_from([0, 899, 900, 1800, 2700, 3599, 3600]), st.integers(3600, 90_000)
).map(lambda seconds: HOURS[-1] + timedelta(seconds=seconds))


def expected(events: Sequence[Event], now: datetime) -> dict[datetime, str]:
    """The state of each slot: stored takes precedence over quarantined."""
    states: dict[datetime, str] = {}
    for start in (start for hour in HOURS for start in slots_of(hour)):
        outcomes = {BECOMES.get(event.kind) for event in events if slot_of(event.when) == start}
        if state := next((one for one in ("stored", "quarantined") if one in outcomes), None):
            states[start] = state
        elif start + timedelta(minutes=15) <= now:
            states[start] = "missed"
    return states


def status(lake: Path, now: datetime, form: str, hours: Sequence[datetime] = HOURS) -> str:
    """The output of `velib status` for these hours at this time."""
    span = ["--from", hour_text(hours[0]), "--to", hour_text(hours[-1])]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(read_commands, "utc_now", lambda: now)
        done = CliRunner().invoke(
            commands.main,
            ["status", *span, "--format", form],
            env={"VELIB_LAKE": str(lake), "VELIB_TARGET": ""},
        )
    assert done.exit_code == 0, done.output
    return str(done.stdout)


def slot_states(lake: Path, now: datetime, hours: Sequence[datetime] = HOURS) -> dict[datetime, str]:
    """The ledger in JSON; no slot occurs twice."""
    slots = json.loads(status(lake, now, "json", hours))
    states = {datetime.fromisoformat(slot["slot"]): slot["state"] for slot in slots}
    assert len(states) == len(slots)
    return states


def in_table(text: str) -> tuple[Counter[str], int, Counter[str]]:
    """The states in the table's cells, and the totals of its last line: all slots, and by state."""
    *lines, _, total = text.strip().splitlines()
    cells = Counter(word.lower() for line in lines[2:] for word in line.split()[1:])
    every, of_each = re.fullmatch(r"(\d+) slots: (.*)", total).groups()  # type: ignore[union-attr]
    counts = (part.split() for part in of_each.split(", "))
    return cells, int(every), Counter({state: int(number) for number, state in counts})


@pytest.fixture
def examples(full: bool, figure: Callable[[str, float], None]) -> int:
    """The number of generated lakes."""
    number = 200 if full else 25
    figure("generated lakes", number)
    return number


def test_slot_has_the_state_of_its_objects(examples: int) -> None:
    """Stored, quarantined, damaged, misfiled, odd and future objects in any combination, at any time."""

    @settings(max_examples=examples, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck))
    @given(EVENTS, CLOCKS)
    def holds(events: list[Event], now: datetime) -> None:
        with TemporaryDirectory() as folder:
            store = FolderStore(Path(folder))
            for event in events:
                PUT[event.kind](store, event.when)
            for hour in {hour_of(event.when) + n * AN_HOUR for event in events for n in (0, 1)}:
                rebuild_hour(store, hour)
            states = slot_states(store.root, now)
            assert states == expected(events, now)
            assert len([start for start in states if start + timedelta(minutes=15) <= now]) == sum(
                start + timedelta(minutes=15) <= now for hour in HOURS for start in slots_of(hour)
            )
            cells, every, counts = in_table(status(store.root, now, "table"))
            assert +counts == cells == Counter(states.values())
            assert every == len(states)

    holds()


def test_slots_before_the_first_snapshot_are_missed(lake: Path) -> None:
    """A month without snapshots, then one."""
    good(FolderStore(lake), HOURS[-1])
    hours = list(hours_between(HOURS[-1] - timedelta(days=30), HOURS[-1]))
    states = slot_states(lake, HOURS[-1] + AN_HOUR, hours)
    assert Counter(states.values()) == {"missed": 4 * len(hours) - 1, "stored": 1}


@pytest.mark.parametrize(
    ("clock", "open_slots"),
    [(at(0), 4), (at(14, 59), 4), (at(15), 3), (at(45), 1), (at(59, 59), 1), (HOUR + AN_HOUR, 0)],
    ids=lambda value: f"{value:%H:%M:%S}" if isinstance(value, datetime) else "",
)
def test_slot_is_missed_from_its_end_on(lake: Path, clock: datetime, open_slots: int) -> None:
    assert len(slot_states(lake, clock, [HOUR])) == 4 - open_slots


def metadata_by_hour(result: dg.ExecuteInProcessResult) -> Iterator[tuple[datetime, dict[str, int]]]:
    """The slot counts in the metadata of a run's materializations of `raw_snapshot`."""
    for event in result.asset_materializations_for_node("raw_snapshot.raw_snapshot_hours"):
        numbers = {
            name.removeprefix("slots_"): int(str(value.value))
            for name, value in event.metadata.items()
            if name.startswith("slots_")
        }
        yield datetime.strptime(f"{event.partition}+0000", "%Y-%m-%d-%H:%M%z"), numbers


def test_metadata_of_a_run_equals_the_ledger(
    tmp_path: Path, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Four slots per hour in each, also in the current hour, which has open slots."""
    minutes = [0, 17, 30, 45, 60, 75, 125, 180]
    snapshots = {HOUR + timedelta(minutes=minute): body(records()) for minute in minutes}
    snapshots[HOUR + timedelta(minutes=90)] = b"<html>"
    now = HOURS[-1] + timedelta(minutes=35)
    monkeypatch.setattr(raw_snapshot, "utc_now", lambda: now)
    settings = from_archive(tmp_path, snapshots)
    result = run(settings, instance, HOURS[0], HOURS[-1])
    assert result.success
    counts = dict(metadata_by_hour(result))
    assert list(counts) == HOURS
    states = slot_states(settings.lake, now)
    for hour, numbers in counts.items():
        assert sum(numbers.values()) == 4, (hour, numbers)
        of_hour = Counter(states.get(start, "open") for start in slots_of(hour))
        assert Counter(numbers) == Counter({"open": 0, **of_hour})
    assert [numbers["missed"] for numbers in counts.values()] == [0, 1, 3, 1]
    assert (counts[HOURS[1]]["quarantined"], counts[HOURS[-1]]["open"]) == (1, 2)
