"""A month of ticks through the real graph: nothing is lost or doubled, and no file grows without bound.

Ticks follow each other without a pause. The clock of the graph is simulated. Dagster's is not, so the
maintenance gets the real time of a simulated one. The alert sensor is evaluated after each tick, as in the
daemon, and sometimes crashes between sending and saving its cursor.
"""

import sqlite3
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from dagster._core.scheduler.instigation import InstigatorStatus
from sqlalchemy import event
from sqlalchemy.engine import Engine

from velib_assets import resources
from velib_assets.defs import raw_snapshot
from velib_assets.defs.build import build_defs
from velib_assets.defs.maintenance import maintenance_job as maintenance
from velib_assets.defs.partitions import key_of
from velib_assets.defs.raw_snapshot import SCHEDULED_AT
from velib_assets.lake.folder_store import FolderStore
from velib_assets.lake.keys import HOUR, SLOT, hour_of, hour_text, hours_between
from velib_assets.lake.ledger import QUARANTINED, STORED, ledger
from velib_assets.lake.listing import slot_times
from velib_assets.settings import Settings
from velib_assets.simulator.faults import FAULTS, parse_faults, select_fault
from velib_assets.simulator.simulator import SEED, Simulator
from velib_assets_tests.defs.maintenance.test_maintenance import sensor_at
from velib_assets_tests.defs.sensors.test_alert_sensor import RecordingSink, evaluate

pytestmark = pytest.mark.promise("soak")

START = datetime(2026, 3, 2, tzinfo=UTC)
STATIONS = 30
KINDS = ("empty", "html", "truncated", "not_a_list", "no_results", "no_identity", "renamed_field")
ODD = "negative_counts"  # usable: some of its records are rejected
CRASHES = 5  # one crash of the sensor per so many faults
# An hour leaves the newest materialization of each layer in Dagster's storage for ever. A run that is not
# deleted has 180 kB, and an hour has four.
BYTES_AN_HOUR = 30_000
SLACK = 5_000_000  # SQLite's log beside a file may be as large as this
MEMORY = 50
QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


class Month:
    """Simulated ticks, and what the daemon does between them."""

    def __init__(self, settings: Settings, instance: dg.DagsterInstance, patch: pytest.MonkeyPatch) -> None:
        self.sink, self.cursor, self._patch = RecordingSink(), "", patch
        self._settings, self._instance = settings, instance
        self._real: list[datetime] = []
        feed = partial(Simulator, stations=STATIONS)
        patch.setattr(resources, "Simulator", feed)
        patch.setattr("velib_assets.defs.build.sinks_of", lambda _: [self.sink])
        self._defs = build_defs(settings)
        self._job = self._defs.resolve_job_def("velib_pipeline")

    def tick(self, at: datetime) -> None:
        """Run what the schedule requests."""
        self._real.append(datetime.now(UTC))  # to the microsecond: there are several ticks a second
        self._patch.setattr(raw_snapshot, "utc_now", lambda: at)
        self._job.execute_in_process(
            instance=self._instance,
            run_config=QUIET,
            partition_key=key_of(hour_of(at)),
            tags={SCHEDULED_AT: at.isoformat()},
            raise_on_error=False,
        )

    def alert(self, *, crash: bool) -> None:
        """Evaluate the alert sensor; after a crash, evaluate it again with the old cursor."""
        if crash:
            evaluate(self._instance, self.cursor or None, self.sink)
        self.cursor = evaluate(self._instance, self.cursor or None, self.sink) or ""

    def maintain(self, keep: int) -> int:
        """Run the daily job with a retention of `keep` ticks; return the size of Dagster's files in bytes."""
        sensor_at(self._instance, self.cursor, InstigatorStatus.RUNNING)
        border = self._real[-keep] + timedelta(days=self._settings.keep_runs_days)
        self._patch.setattr(maintenance, "utc_now", lambda: border)
        job = self._defs.resolve_job_def("velib_maintenance")
        assert job.execute_in_process(instance=self._instance, run_config=QUIET).success
        files = Path(self._instance.root_directory).rglob("*")
        return sum(file.stat().st_size for file in files if file.is_file())


def memory() -> int:
    """Return the memory of this process in MB."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096 // 1_000_000


@pytest.fixture
def _hasty() -> Iterator[None]:
    """Let SQLite not wait for the disk: a month has many commits, and power cuts are not tested."""

    def connected(connection: Any, _: object) -> None:
        if isinstance(connection, sqlite3.Connection):
            connection.execute("PRAGMA synchronous=OFF")

    event.listen(Engine, "connect", connected)
    yield
    event.remove(Engine, "connect", connected)


@pytest.mark.usefixtures("_hasty")
@pytest.mark.timeout(14400)
def test_a_month_of_ticks(
    *,
    full: bool,
    figure: Callable[[str, float], None],
    lake: Path,
    instance: dg.DagsterInstance,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ticks, share, day = (2976, 0.02, 96) if full else (16, 0.3, 4)
    kinds = (*KINDS, ODD)
    faults = ",".join(f"{kind}={share / len(kinds)}" for kind in kinds)
    settings = Settings(lake=lake, source="simulator", simulator_faults=parse_faults(faults))
    slots = [START + n * SLOT for n in range(ticks)]
    found = {slot: select_fault(parse_faults(faults), SEED, slot) for slot in slots}
    struck = [slot for slot in slots if found[slot]]
    odd = {slot for slot in struck if found[slot] is FAULTS[ODD]}
    refused = {*struck} - odd
    crashed = struck[::CRASHES] if full else struck[:2]  # the second one begins an hour, after a fault

    month = Month(settings, instance, monkeypatch)
    sizes, held = [], []
    for number, slot in enumerate(slots, 1):
        month.tick(slot)
        month.alert(crash=slot in crashed)
        if number % day == 0:
            sizes.append(month.maintain(day))
            held.append(memory())
            assert len(instance.get_run_ids()) <= day + 2

    quarter = max(len(sizes) // 4, 1)  # the first round finds nothing to delete
    hours = (len(sizes) - 1 - quarter) * day / 4
    assert sizes[-1] - sizes[quarter] < BYTES_AN_HOUR * hours + SLACK, sizes
    assert held[-1] - held[quarter] < MEMORY, held
    store, last = FolderStore(lake), hour_of(slots[-1])
    states = ledger(hours_between(START, last), lambda hour: slot_times(store, hour), last + HOUR)
    assert {slot.start for slot in states if slot.state == QUARANTINED} == refused
    assert {slot.start for slot in states if slot.state == STORED} == {*slots} - refused
    rows = resources.build_resources(settings).query_engine.query(
        "SELECT ingested_ts, count(*) AS n, count(DISTINCT station_id) AS stations FROM source_velib "
        "GROUP BY ingested_ts"
    )
    lost = ticks - len(refused) - len(rows)
    assert lost == 0
    assert {*rows["n"] - rows["stations"]} == {0}
    few = rows[rows["n"] < STATIONS]
    assert {slot.replace(tzinfo=UTC) for slot in few["ingested_ts"]} == odd

    sent = Counter((alert.id, alert.title) for alert in month.sink.alerts)
    assert Counter(title for _, title in sent) == _titles(slots, refused, odd)
    repeated = Counter(title for (_, title), count in sent.items() if count > 1)
    assert repeated == _titles(crashed, refused, odd)
    assert {*sent.values()} == {1, 2}
    assert 0 < len(crashed) < len(struck)

    figure("ticks", ticks)
    figure("faults injected", len(struck))
    figure("crashes of the sensor", len(crashed))
    figure("lost", lost)
    figure("bytes of Dagster storage per hour", max(sizes[-1] - sizes[quarter], 0) / hours)
    figure("MB of memory more than after the first quarter", held[-1] - held[quarter])


def _titles(slots: Iterable[datetime], refused: set[datetime], odd: set[datetime]) -> Counter[str]:
    """Return the titles of the alerts that the ticks of these slots cause.

    The first tick of an hour also checks whether the hour before is complete, so it may cause two.
    """
    alerts = []
    for slot in slots:
        if slot in refused:
            alerts.append(("raw_snapshot: check usable_snapshot", slot))
        if slot in odd:
            alerts.append(("clean_stations: check rejected_rows", slot))
        if slot == hour_of(slot) and slot - HOUR in {hour_of(other) for other in refused}:
            alerts.append(("raw_snapshot: check complete_hour", slot - HOUR))
    return Counter(f"{check} failed for {hour_text(hour)}" for check, hour in alerts)
