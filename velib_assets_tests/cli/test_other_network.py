"""`velib` for a network rouen: its own keys, tables and names in everything that it writes and prints."""

import json
import logging
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from velib_assets_tests.cli.network_commands import outcome_of, texts_of_definitions
from velib_assets_tests.network_process import Call, process_of

DAY, HOUR = "2022-06-04", "2022-06-04T10"
SNAPSHOT = f"raw/source=rouen/date={DAY}/hour=10/rouen_20220604_104500.json.gz"
START = datetime(2022, 6, 4, 10, tzinfo=UTC)
NEGATIVE, BROKEN = timedelta(minutes=15), timedelta(minutes=30)
PROGRAM = (
    "backfill|tick|query|status|report|station|day|publish|verify|reconcile|discard|pack|audit|cost|demo"
)
PRODUCT = re.compile(
    rf"velib (?:{PROGRAM})\b|Usage: velib|Try 'velib|^velib: |VELIB_[A-Z_]+|velib-insights|velib_db_tf"
    r"|velib_assets|velib/[a-z_]+|by\s+default\s+velib\b|Vélib' Insights|another\s+network\s+than\s+Vélib'",
    re.MULTILINE,
)
"""The names of the product, and what help says of its default."""
COMMANDS = PROGRAM.split("|")


class Lake(NamedTuple):
    """A lake of the network, and what the commands printed that made and read it."""

    folder: Path
    outcomes: Mapping[str, Mapping[str, Any]]
    definitions: list[str]


def gbfs(at: datetime, changes: Mapping[str, Any]) -> tuple[bytes, bytes]:
    """Return the two files of a feed of version 2.3 with a dozen stations."""
    codes = [f"station-{number}" for number in range(12)]
    information = [
        {
            "station_id": code,
            "name": f"Place {code}",
            "lat": 49.44,
            "lon": 1.1,
            "capacity": 20,
            "region_id": "7",
        }
        for code in codes
    ]
    status = [
        {
            "station_id": code,
            "num_bikes_available": 5,
            "num_docks_available": 15,
            "is_installed": True,
            "is_renting": True,
            "is_returning": True,
            "last_reported": int(at.timestamp()),
        }
        for code in codes
    ]
    status[0] |= changes
    head = {"last_updated": int(at.timestamp()), "ttl": 60, "version": "2.3"}
    made = ({**head, "data": {"stations": stations}} for stations in (information, status))
    first, second = (json.dumps(document).encode() for document in made)
    return first, second


def archive(folder: Path) -> Path:
    """Write an hour of pairs: a good one, one with a negative count, one that is no JSON, a good one."""
    for offset in (timedelta(0), NEGATIVE, BROKEN, timedelta(minutes=45)):
        at = START + offset
        information, status = gbfs(at, {"num_bikes_available": -1} if offset == NEGATIVE else {})
        there = folder / f"{at:%Y%m%dT%H%M%SZ}"
        there.mkdir(parents=True)
        (there / "station_information.json").write_bytes(information)
        (there / "station_status.json").write_bytes(b"<html>" if offset == BROKEN else status)
    return folder


@contextmanager
def process(folder: Path, network: str, **settings: str) -> Iterator[Call]:
    """Start a process that works for a network, with a lake and a home in a folder."""
    folders = {"VELIB_LAKE": str(folder / "bikes"), "DAGSTER_HOME": str(folder / "home")}
    with process_of(network, **folders, **settings) as call:
        call(logging.disable, logging.INFO)
        yield call


def run(call: Call, commands: list[list[str]]) -> dict[str, dict[str, Any]]:
    """Run commands in a process; return the outcome of each."""
    return {" ".join(arguments): call(outcome_of, arguments) for arguments in commands}


TABLES = {
    "source_rouen": 35,
    "rouen_history": 35,
    "rejects_rouen": 1,
    "quarantine_rouen": 1,
    "stations": 12,
    "kpi_saturation_par_arrondissement": 3,
    "kpi_daily_network": 1,
}
COUNT = "SELECT count(*) AS n FROM"
READING = [
    ["backfill"],
    ["status", "--from", DAY, "--to", DAY],
    ["query", "SHOW TABLES"],
    *(["query", f"{COUNT} {name}", "--format", "json"] for name in TABLES),
    ["query", "SELECT * FROM source_velib"],
    ["query", "SELECT DISTINCT arrondissement AS area, is_virtual FROM source_rouen", "--format", "json"],
    ["report"],
    ["station", "station-3"],
    ["station", "nowhere"],
    ["day", DAY],
    ["day", "2022-06-09"],
    ["publish", "2022-06"],
    ["verify"],
    ["reconcile"],
    ["audit"],
    ["pack", DAY, DAY],
    ["discard", HOUR, HOUR, "--snapshot", SNAPSHOT, "--reason", "a test"],
    ["verify", HOUR, HOUR],
]
STATUS = {
    "query SELECT * FROM source_velib": 2,
    "station nowhere": 1,
    "day 2022-06-09": 1,
    "audit": 2,
}
"""The exit statuses of commands that do not end with 0."""
HELP = [["--help"], *([name, "--help"] for name in COMMANDS)]


@pytest.fixture(scope="module")
def rouen(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """The lake of an archive, and what each command printed."""
    folder = tmp_path_factory.mktemp("rouen")
    settings = {"VELIB_SOURCE": "archive", "VELIB_ARCHIVE": str(archive(folder / "archive"))}
    with process(folder, "rouen", **settings) as call:
        return Lake(folder / "bikes", run(call, [*READING, *HELP]), call(texts_of_definitions))


def test_commands_do_for_another_network_what_they_do_for_velib(rouen: Lake) -> None:
    assert {name: found["failure"] for name, found in rouen.outcomes.items() if found["failure"]} == {}
    statuses = {name: found["status"] for name, found in rouen.outcomes.items() if found["status"]}
    assert statuses == STATUS, {name: rouen.outcomes[name] for name in statuses}
    assert "1 hour clean, 35 rows, 1 rejected" in rouen.outcomes["backfill"]["err"]
    for name, rows in TABLES.items():
        out = rouen.outcomes[f"query {COUNT} {name} --format json"]["out"]
        assert json.loads(out) == [{"n": rows}], name
    out = rouen.outcomes[
        "query SELECT DISTINCT arrondissement AS area, is_virtual FROM source_rouen --format json"
    ]
    assert [row["area"] for row in json.loads(out["out"])] == ["7"]


def test_everything_in_the_lake_is_under_the_key(rouen: Lake) -> None:
    files = [path.relative_to(rouen.folder) for path in rouen.folder.rglob("*") if path.is_file()]
    sources = {part for path in files for part in path.parts if part.startswith("source=")}
    assert sources == {"source=rouen"}
    assert [path for path in files if "velib" in str(path)] == []
    names = {path.name for path in files}
    assert {"rouen_report.html", "rouen_20220604.zip"} <= names
    assert (rouen.folder / "published" / "rouen-2022-06" / "station_history.parquet").is_file()


def test_nothing_printed_names_things_of_the_network_after_velib(rouen: Lake) -> None:
    found = {}
    for command, outcome in rouen.outcomes.items():
        if command != "query SELECT * FROM source_velib":
            text = PRODUCT.sub("", outcome["out"] + "\n" + outcome["err"])
            found[command] = [
                line for line in text.splitlines() if re.search("v[eé]lib|paris", line, re.IGNORECASE)
            ]
    assert {command: lines for command, lines in found.items() if lines} == {}


def test_nothing_in_dagster_is_named_after_velib(rouen: Lake) -> None:
    texts = [PRODUCT.sub("", text) for text in rouen.definitions]
    assert [text for text in texts if re.search("v[eé]lib|paris", text, re.IGNORECASE)] == []
    keys = {text for text in texts if text.startswith("rouen/")}
    assert {
        "rouen/raw_snapshot",
        "rouen/source_rouen",
        "rouen/rouen_report",
        "rouen/kpi_daily_station",
    } <= keys
    names = (
        "pipeline",
        "kpi_views",
        "daily",
        "monthly",
        "maintenance",
        "pipeline_schedule",
        "alerts",
        "healing",
    )
    assert {f"rouen_{name}" for name in names} <= set(texts)


def test_mistaken_table_is_corrected_to_that_of_the_network(rouen: Lake) -> None:
    found = rouen.outcomes["query SELECT * FROM source_velib"]
    assert found["status"] == 2
    assert "did you mean source_rouen?" in found["err"]


@pytest.mark.parametrize("network", ["lyon", "velib"])
def test_every_command_refuses_the_lake_of_another_network(network: str, tmp_path: Path) -> None:
    """Nothing is written, not even a home."""
    (tmp_path / "bikes" / "raw" / "source=rouen" / "date=2022-06-04").mkdir(parents=True)
    commands = [command for command in READING if command[0] != "query"]
    commands += [["query", "SELECT 1"], ["tick"], ["cost"]]
    with process(tmp_path, network, VELIB_SOURCE="archive", VELIB_ARCHIVE=str(tmp_path)) as call:
        refused = run(call, commands)
    lake = tmp_path / "bikes"
    expected = (
        f"velib: VELIB_NETWORK: the lake {lake} holds the network rouen, so it cannot hold {network} too. "
        "Set VELIB_NETWORK=rouen to work with it, or set VELIB_LAKE to another lake\n"
    )
    found = {name: (outcome["status"], outcome["err"]) for name, outcome in refused.items()}
    assert found == dict.fromkeys(refused, (2, expected))
    assert [path.name for path in tmp_path.rglob("*")] == ["bikes", "raw", "source=rouen", "date=2022-06-04"]
