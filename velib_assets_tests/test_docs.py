"""The documentation is correct: everything it names exists, and everything public is documented."""

import json
import re
import shlex
import tomllib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import dropwhile, groupby
from pathlib import Path
from typing import Any, NamedTuple

import click
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from velib_assets.catalog.sqlite_catalog import FILE_NAME, LocalCatalog
from velib_assets.clean.local_clean_job import LocalCleanJob
from velib_assets.cli.commands import main
from velib_assets.defs.build import build_defs
from velib_assets.defs.checks import CHECKS
from velib_assets.defs.clean_stations import clean_hours
from velib_assets.defs.raw_snapshot import RESTORE_ONLY, ingest_hours
from velib_assets.ingest import feed_info
from velib_assets.ingest.raw_object import encode_raw, gunzip
from velib_assets.ingest.response import Decoded
from velib_assets.ingest.step import Ingest
from velib_assets.lake import keys
from velib_assets.lake.daily_schema import DAILY_STATION, STATION_QUALITY
from velib_assets.lake.folder_store import FolderStore
from velib_assets.lake.keys import HOUR, REPORT
from velib_assets.lake.raw_pack import pack_of
from velib_assets.lake.schema import COLUMNS, HISTORY, PARTITION_COLUMNS, STATION_COLUMNS
from velib_assets.query.daily_kpis import DAILY_KPIS
from velib_assets.query.duckdb_engine import LocalQueryEngine
from velib_assets.query.kpis import KPIS, REPORT_VIEWS, VIEWS
from velib_assets.query.lake_tables import LAKE_TABLES, station_events_sql
from velib_assets.settings import SOURCES, Settings, dagster_home
from velib_assets.simulator import gbfs_server
from velib_assets.simulator.faults import FAULTS, parse_faults
from velib_assets.simulator.simulator import Simulator
from velib_assets_tests import infra_files as infra
from velib_assets_tests.simulated_lake import simulated_lake

ROOT = Path(__file__).resolve().parent.parent
PAGES = ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")
DOCS = (*(ROOT / name for name in PAGES), *sorted((ROOT / "docs").glob("*.md")))
TEXT = {path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8") for path in DOCS}
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
TOP = "velib_assets_tests|velib_assets|docs|benchmarks|infra|deploy"
MAKE_VARIABLE = re.compile(r"^([A-Z_]+) \?=", re.MULTILINE)


def fences(document: str, language: str) -> list[str]:
    """Return the fenced blocks of a document in a language."""
    return [body for name, body in FENCE.findall(TEXT[document]) if name == language]


def section(document: str, heading: str) -> str:
    """Return the text below a heading, such as `## Queries`, up to the next of its level or above."""
    found = TEXT[document].partition(f"\n{heading}\n")
    assert found[1], f"{document} has no heading {heading}"
    return re.split(rf"^#{{2,{heading.index(' ')}}} ", found[2], flags=re.MULTILINE)[0]


def code_lines() -> Iterator[tuple[str, str]]:
    """Yield each line of a shell block and each inline code span, with its document."""
    for name, text in TEXT.items():
        for block in fences(name, "sh"):
            yield from ((name, line.partition("#")[0].strip()) for line in block.splitlines())
        yield from ((name, span) for span in re.findall(r"`([^`\n]+)`", FENCE.sub("", text)))


def commands() -> Iterator[tuple[str, str, list[str]]]:
    """Yield each `velib` command in the documents: document, command, and its arguments."""
    for name, line in code_lines():
        words = list(dropwhile(lambda word: "=" in word, line.split()))  # skip VAR=value
        if words[:1] == ["velib"] and words[1:] and words[1] not in options(main):
            yield name, words[1], words[2:]


def table(document: str, *head: str) -> list[list[str]]:
    """Return the rows of the table with this header, as cells."""
    text = TEXT[document]
    opening = f"| {' | '.join(head)} |\n"
    assert text.count(opening) == 1, f"{document} has {text.count(opening)} tables with the header {head}"
    rows = text.partition(opening)[2].split("\n")[1:]
    cells = []
    for row in rows:
        if not row.startswith("|"):
            break
        cells.append([cell.strip() for cell in row.strip("|").split("|")])
    return cells


def code(cell: str) -> list[str]:
    """Return the code spans of a cell."""
    return re.findall(r"`([^`]+)`", cell)


def options(command: click.Command) -> set[str]:
    """Return the options of a command."""
    return {name for param in command.params for name in param.opts if name.startswith("--")} | {"--help"}


def variables() -> set[str]:
    """Return every environment variable that the settings read."""
    names: set[str] = set()

    class Recorder(dict[str, str]):
        def get(self, key: str, default: Any = None) -> Any:
            names.add(key)
            return default

    Settings.from_env(Recorder())
    dagster_home(Settings.from_env({}), Recorder())
    return names


# Everything that the documents name exists


@pytest.mark.parametrize("document", TEXT)
def test_relative_links_exist(document: str) -> None:
    targets = re.findall(r"\]\(([^)\s]+)\)", FENCE.sub("", TEXT[document]))
    files = {target.partition("#")[0] for target in targets if "://" not in target} - {""}
    assert [file for file in sorted(files) if not (ROOT / document).parent.joinpath(file).exists()] == []


@pytest.mark.parametrize("document", TEXT)
def test_section_links_match_headings(document: str) -> None:
    missing = []
    for file, slug in re.findall(r"\]\(([\w./-]*)#([^)]+)\)", TEXT[document]):
        path = (ROOT / document).parent.joinpath(file) if file else ROOT / document
        headings = re.findall(r"^#+ (.+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
        slugs = {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
        missing += [] if slug in slugs else [f"{file}#{slug}"]
    assert missing == []


@pytest.mark.parametrize("document", TEXT)
def test_repository_paths_exist(document: str) -> None:
    paths = re.findall(rf"(?<![\w/.])((?:(?:{TOP})/|\.ci/)[\w./-]*\w)", TEXT[document])
    assert [path for path in sorted(set(paths)) if not (ROOT / path).exists()] == []


def test_file_names_in_code_spans_exist() -> None:
    """A path is relative to the repository or the document; a bare name may be anywhere in the package."""
    missing = [
        f"{document}: {span}"
        for document, span in code_lines()
        if re.fullmatch(r"[\w./*-]+\.(?:py|toml|ya?ml|md|sql|js)", span)
        and not (ROOT / span).exists()
        and not (ROOT / document).parent.joinpath(span).exists()
        and not any((ROOT / "velib_assets").rglob(span))
    ]
    assert missing == []


def test_make_targets_exist() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    called = (re.findall(r"(?:^|/bin/|velib )make (?:-C \S+ )?([a-z-]+)", line) for _, line in code_lines())
    named = {target for targets in called for target in targets}
    assert named
    assert named <= targets


def walk() -> list[str]:
    """Return the files of the newcomer's walk, in order."""
    text = section("docs/architecture.md", "## A newcomer's walk")
    return re.findall(r"^\d+\. `([^`]+)`: \w", text, re.MULTILINE)


def test_walk_has_at_most_25_existing_files() -> None:
    files = walk()
    assert files[0] == "velib_assets/definitions.py"
    assert files[-1].startswith("velib_assets/query/")
    assert 10 <= len(files) == len(set(files)) <= 25
    assert [file for file in files if not (ROOT / file).is_file()] == []


def test_walk_enters_each_folder_once() -> None:
    """The top level counts as part of `defs`, where the walk starts."""
    folders = [(*Path(file).parts[1:-1], "defs")[0] for file in walk()]
    entered = [folder for folder, _ in groupby(folders)]
    assert entered == list(dict.fromkeys(entered))
    assert entered[0] == "defs"


def test_every_package_folder_is_in_the_architecture() -> None:
    rows = table("docs/architecture.md", "folder", "does", "locally", "on AWS")
    packages = {f"velib_assets/{file.parent.name}" for file in (ROOT / "velib_assets").glob("*/__init__.py")}
    assert {code(row[0])[0] for row in rows} == packages


def test_architecture_says_where_to_change_what() -> None:
    rows = table("docs/architecture.md", "I want to change …", "go to …")
    assert len(rows) >= 15
    assert [what for what, where in rows if not (code(where) or "](" in where or "same" in where)] == []


def test_make_variables_exist() -> None:
    makefile = (ROOT / "Makefile").read_text()
    known = {*MAKE_VARIABLE.findall(makefile), *re.findall(r"\$\(if \$\(([A-Z]+)\)", makefile)}
    named = {name for _, line in code_lines() if "make " in line for name in re.findall(r"([A-Z]+)=", line)}
    assert named
    assert named <= known


def test_velib_commands_exist() -> None:
    named = {command for _, command, _ in commands()}
    assert named
    assert named <= set(main.commands)


def test_velib_options_exist() -> None:
    wrong = [
        f"{document}: velib {command} {word}"
        for document, command, words in commands()
        for word in words
        if word.startswith("--") and word not in options(main.commands[command])
    ]
    assert wrong == []


def test_standalone_options_exist() -> None:
    server = re.findall(r"--[a-z]+", gbfs_server.parser().format_help())
    known = set(server).union(*(options(command) for command in main.commands.values()))
    standalone = {span for _, span in code_lines() if re.fullmatch(r"--[a-z-]+", span)}
    assert standalone <= known


def test_commands_of_the_simulated_feed_are_accepted() -> None:
    prefix = "python -m velib_assets.simulator.gbfs_server "
    arguments = [line.removeprefix(prefix) for _, line in code_lines() if line.startswith(prefix)]
    assert {gbfs_server.parser().parse_args(words.split()).port for words in arguments} == {8123}


def test_variables_named_are_settings() -> None:
    named = {name for text in TEXT.values() for name in re.findall(r"VELIB_[A-Z_]*[A-Z]", text)}
    assert named <= variables()


def test_schedule_sensors_and_jobs_named_exist() -> None:
    defs = build_defs(Settings(lake=Path("lake")))
    known = {part.name for part in (*(defs.schedules or ()), *(defs.sensors or ()), *(defs.jobs or ()))}
    named = {span for _, span in code_lines() if re.fullmatch(r"velib_(?!assets)[a-z_]+", span)}
    assert known <= named <= known | {REPORT, HISTORY} | set(infra.defaults().values()) | infra.alarms()


@pytest.mark.parametrize("document", TEXT)
def test_sql_runs_on_empty_lake(document: str, tmp_path: Path) -> None:
    engine = LocalQueryEngine(tmp_path, LocalCatalog(tmp_path))
    queries = fences(document, "sql")
    for block in fences(document, "sh"):
        parts = [shlex.split(line, comments=True) for line in block.splitlines() if "velib query" in line]
        queries += [words[-1] for words in parts]
    for query in queries:
        assert len(engine.query(query)) == 0, query


def test_queries_of_the_readme_have_rows_after_the_demo(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As they are printed, from the folder that the demo was run in."""
    simulated_lake(tmp_path / "lake-demo", keys.hour_of(datetime.now(UTC)) - 3 * HOUR, 3)
    monkeypatch.chdir(tmp_path)
    text = section("README.md", "## Queries")
    lines = [
        shlex.split(line, comments=True) for _, body in FENCE.findall(text) for line in body.splitlines()
    ]
    assert lines[0] == [".", ".venv/bin/activate"]
    assert len(lines) >= 4
    for setting, program, *arguments in lines[1:]:
        result = CliRunner().invoke(main, arguments, env=dict([setting.split("=", 1)]))
        assert (program, result.exit_code, result.stderr) == ("velib", 0, "")
        assert len(result.stdout.splitlines()) >= 4  # a head and rows


def test_ci_runs_the_commands_of_the_readme() -> None:
    text = section("README.md", "## Tests")
    called = (ROOT / ".ci" / "run").read_text().splitlines()
    commands = [
        line.partition("#")[0].strip() for _, body in FENCE.findall(text) for line in body.splitlines()
    ]
    assert "make test" in commands
    assert [command for command in commands if command not in called] == []


# Everything public is documented


@pytest.mark.parametrize("variable", sorted(variables()))
def test_variable_is_in_settings_table(variable: str) -> None:
    assert variable in [code(row[0])[0] for row in table("docs/settings.md", "variable", "values", "default")]


def test_documented_sources_match_settings() -> None:
    rows = {code(row[0])[0]: row[1] for row in table("docs/settings.md", "variable", "values", "default")}
    assert set(code(rows["VELIB_SOURCE"])) == set(SOURCES)


def test_every_command_is_documented() -> None:
    assert {"velib " + name for name in main.commands} <= {
        f"velib {command}" for _, command, _ in commands()
    } | {"velib demo"}  # `make demo` is its documented form


def test_documented_checks_match_graph() -> None:
    rows = table("docs/operating.md", "check", "on", "severity", "blocks", "holds when")
    documented = {
        (code(check)[0], asset, severity, blocks == "yes")
        for check, on, severity, blocks, _ in rows
        for asset in ([kpi.name for kpi in VIEWS] if code(on) == ["kpi_*"] else code(on))
    }
    assert documented == {(check.name, check.asset, check.severity.value, check.blocking) for check in CHECKS}


def test_documented_faults_match_simulator() -> None:
    faults = TEXT["docs/settings.md"].partition("The faults:\n")[2].partition("\n\nWhat becomes")[0]
    assert sorted(code(faults)) == sorted(FAULTS)


def test_documented_columns_match_schema() -> None:
    rows = table("docs/data.md", "column", "type", "meaning")
    assert [(code(row[0])[0], row[1]) for row in rows] == [
        (column.name, column.type) for column in (*COLUMNS, *PARTITION_COLUMNS)
    ]


def test_documented_columns_of_the_register_match_schema() -> None:
    rows = table("docs/data.md", "column of `stations`", "type", "meaning")
    assert [(code(row[0])[0], row[1]) for row in rows] == [(c.name, c.type) for c in STATION_COLUMNS]


def test_documented_view_columns_match_views() -> None:
    rows = table("docs/data.md", "view", "a row is", "columns")
    assert {code(row[0])[0]: code(row[2])[0].split(", ") for row in rows} == {
        kpi.name: [column.name for column in kpi.schema] for kpi in KPIS
    }


def test_documented_derived_columns_match_views() -> None:
    rows = table("docs/data.md", "derived view", "a row is", "columns")
    assert {code(row[0])[0]: code(row[2])[0].split(", ") for row in rows} == {
        view.name: [column.name for column in view.schema] for view in REPORT_VIEWS
    }


def test_documented_daily_columns_match_views() -> None:
    rows = table("docs/data.md", "daily view", "a row is", "columns")
    assert {code(row[0])[0]: (row[1], code(row[2])[0].split(", ")) for row in rows} == {
        kpi.name: (kpi.grain, [column.name for column in kpi.schema]) for kpi in DAILY_KPIS
    }


def test_documented_minutes_and_doubts_are_columns() -> None:
    minutes = [code(row[0])[0] for row in table("docs/data.md", "minutes", "time in which the station was")]
    names = [column.name for column in DAILY_STATION]
    assert sorted(minutes) == sorted(name for name in names if name.startswith("minutes_"))
    doubts = table("docs/data.md", "column", "definition", "on the real days")
    assert {name for row in doubts for name in code(row[0])} < {column.name for column in STATION_QUALITY}


def test_documented_lake_tables_match_declaration() -> None:
    rows = table("docs/data.md", "table", "a row is", "columns")
    assert [(code(row[0])[0], row[1], code(row[2])[0].split(", ")) for row in rows] == [
        (table.name, table.grain, [column.name for column in table.schema]) for table in LAKE_TABLES
    ]


def test_documented_events_are_those_of_the_view() -> None:
    rows = table("docs/data.md", "event", "when", "`before`, `after`")
    assert {code(row[0])[0] for row in rows} == set(
        re.findall(r", '(\w+)'(?: AS event)?,", station_events_sql())
    )


def test_documented_keys_match_lake() -> None:
    at = datetime(2022, 6, 4, 17, 34, 59, tzinfo=UTC)
    hour = keys.hour_of(at)
    expected = [
        keys.raw_key(at),
        str(pack_of(keys.raw_key(at))),
        keys.quarantine_stem(hour, at, "<hash>") + ".body",
        keys.clean_key(hour),
        keys.rejects_key(hour),
        keys.STATIONS_KEY,
        keys.history_day_key(at.date()),
        keys.history_month_key(at.date()),
        keys.daily_kpi_key("<name>", at.date()),
        keys.NETWORK_KEY,
        keys.REPORT_KEY,
        keys.export_key("<name>", "csv"),
        keys.state_key("<view>"),
    ]
    shapes = (
        ("2022-06-04", "YYYY-MM-DD"),
        ("hour=17", "hour=HH"),
        ("20220604_173459", "YYYYMMDD_HHMMSS"),
        ("20220604.zip", "YYYYMMDD.zip"),
        ("2022-06", "YYYY-MM"),
    )
    for value, pattern in shapes:
        expected = [key.replace(value, pattern) for key in expected]
    assert [code(row[0])[0] for row in table("docs/data.md", "key", "contents")] == [*expected, FILE_NAME]


def test_documented_raw_fields_match_raw_object() -> None:
    at = datetime(2022, 6, 4, tzinfo=UTC)
    raw = json.loads(gunzip(encode_raw("opendata", at, at, Decoded([], b"[]"))))
    assert [code(row[0])[0] for row in table("docs/data.md", "field", "contents")] == list(raw)


def test_documented_feed_info_matches_what_is_kept() -> None:
    documented = [name for row in table("docs/data.md", "member", "contents") for name in code(row[0])]
    assert documented == [*feed_info.MEMBERS, *feed_info.HEADERS]


def test_every_view_is_in_readme_under_its_heading() -> None:
    heads = {
        "view": {view.name for view in KPIS},
        "view of the report": {view.name for view in REPORT_VIEWS},
        "daily view": {kpi.name for kpi in DAILY_KPIS},
    }
    shown = {head: {code(row[0])[0] for row in table("README.md", head, "question")} for head in heads}
    assert shown == heads
    files = (ROOT / "velib_assets" / "query" / "sql").rglob("kpi_*.sql")
    assert set().union(*shown.values()) == {file.stem for file in files}


def test_changelog_starts_with_the_version_of_the_package() -> None:
    versions = re.findall(
        r"^## \[(\d+\.\d+\.\d+)\] - (unreleased|\d{4}-\d\d-\d\d)$", TEXT["CHANGELOG.md"], re.MULTILINE
    )
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert versions[0][0] == project["version"]
    assert [name for name, _ in versions] == sorted((name for name, _ in versions), reverse=True)
    assert "unreleased" not in [date for _, date in versions[1:]]


def test_every_dependency_has_a_reason() -> None:
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    project = tomllib.loads(text)["project"]
    requirements = [
        *project["dependencies"],
        *(d for group in project["optional-dependencies"].values() for d in group),
    ]
    unexplained = [name for name in requirements if not re.search(rf'"{re.escape(name)}", +# \w+', text)]
    assert unexplained == []


@pytest.mark.parametrize("file", sorted((ROOT / "benchmarks").glob("bench_*.py")), ids=lambda f: f.stem)
def test_benchmark_is_documented(file: Path) -> None:
    commands = [code(row[0])[0] for row in table("docs/benchmarks.md", "command", "measures")]
    assert f"python benchmarks/{file.name}" in commands


# Each fault is handled as docs/bad-input.md says

BAD = [
    (code(row[1])[0], row[2], (code(row[3]) or [""])[0], row[4])
    for row in table("docs/bad-input.md", "bad input", "fault", "stored in", "reported by", "message")
]
QUIET_HOUR = datetime(2026, 3, 3, 10, tzinfo=UTC)
FAULTY_SLOT = QUIET_HOUR + timedelta(minutes=15)


def faulty_slots(fault: str) -> list[datetime]:
    """The slots of the hour with a fault: the second; a feed is frozen only after half an hour."""
    return [FAULTY_SLOT + n * timedelta(minutes=15) for n in range(3 if fault == "frozen" else 1)]


class FaultOutcome(NamedTuple):
    """The outcome of an hour with one faulty snapshot."""

    failed: dict[str, str]
    layers: set[str]
    rejects: list[str]
    others: list[dict[str, Any]]


@pytest.fixture(scope="module")
def outcome_of(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Return a function that runs a good hour, then one with a fault ("" for none) in its second slot."""

    @cache
    def run(fault: str) -> FaultOutcome:
        store = FolderStore(tmp_path_factory.mktemp(fault or "good"))
        slots = faulty_slots(fault)
        faults = parse_faults(",".join(f"{fault}@{s:%Y-%m-%dT%H:%M}" for s in slots) if fault else "")
        ingest = Ingest(store, Simulator(stations=60, faults=faults))
        hours = [QUIET_HOUR - HOUR, QUIET_HOUR]
        raw = list(ingest_hours(store, ingest, hours, {RESTORE_ONLY: "true"}))[1]
        clean = list(clean_hours(store, LocalCleanJob(store, 1), hours))[1]
        findings = {**raw.findings, **clean.findings}
        rows = pq.read_table(store.address(keys.clean_key(QUIET_HOUR)), partitioning=None).to_pylist()
        layers = {
            "quarantine": bool(store.list(keys.hour_prefix("quarantine", QUIET_HOUR))),
            "rejects": bool(store.list(keys.hour_prefix("rejects", QUIET_HOUR))),
            "clean": any(row["ingested_ts"] == FAULTY_SLOT for row in rows),
        }
        rejected = Path(store.address(keys.rejects_key(QUIET_HOUR)))
        return FaultOutcome(
            {name: finding.message for name, finding in findings.items() if not finding.passed},
            {layer for layer, present in layers.items() if present},
            pq.read_table(rejected, partitioning=None)["reason"].to_pylist() if rejected.exists() else [],
            [row for row in rows if row["ingested_ts"] not in slots],
        )

    return run


def test_every_fault_is_in_bad_input_table() -> None:
    assert {fault for fault, *_ in BAD} == set(FAULTS)


@pytest.mark.parametrize(("fault", "layer"), sorted({(fault, layer) for fault, layer, *_ in BAD}))
def test_faulty_bytes_end_up_in_documented_layer(fault: str, layer: str, outcome_of: Any) -> None:
    expected = {"quarantine": {"quarantine"}, "clean": {"clean"}, "rejects": {"clean", "rejects"}}
    assert outcome_of(fault).layers == expected[layer]


@pytest.mark.parametrize(("fault", "reporter", "message"), [(f, by, text) for f, _, by, text in BAD if by])
def test_fault_message_matches_table(fault: str, reporter: str, message: str, outcome_of: Any) -> None:
    outcome = outcome_of(fault)
    messages = outcome.rejects if reporter == "rejects/" else [outcome.failed.get(reporter, "")]
    pattern = ".+".join(re.escape(part.strip()) for part in message.split("…"))
    assert any(re.search(pattern, text) for text in messages), messages


@pytest.mark.parametrize("fault", sorted(FAULTS))
def test_no_undocumented_check_fails(fault: str, outcome_of: Any) -> None:
    named = {reporter for name, _, reporter, _ in BAD if name == fault} - {"", "rejects/"}
    consequences = {"complete_hour"} if "quarantined_snapshot" in named else set()
    assert set(outcome_of(fault).failed) <= named | consequences


@pytest.mark.parametrize("fault", sorted(FAULTS))
def test_good_snapshots_of_the_hour_are_unchanged(fault: str, outcome_of: Any) -> None:
    slots = faulty_slots(fault)
    good = [row for row in outcome_of("").others if row["ingested_ts"] not in slots]
    assert good
    assert outcome_of(fault).others == good
