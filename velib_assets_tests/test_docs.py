"""The documents tell the truth: what README.md and docs/ name exists, and what exists is documented."""

import json
import re
import shlex
import tomllib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import dropwhile
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple

import click
import pyarrow.parquet as pq
import pytest

from velib_assets.catalog.sqlite_catalog import FILE_NAME, LocalCatalog
from velib_assets.clean.local_clean_job import LocalCleanJob
from velib_assets.cli.commands import main
from velib_assets.defs import velib_report
from velib_assets.defs.build import build_defs
from velib_assets.defs.checks import CHECKS
from velib_assets.defs.clean_stations import clean_hours
from velib_assets.defs.raw_snapshot import RESTORE_ONLY, raw_hours
from velib_assets.ingest.local_ingest import LocalIngest
from velib_assets.ingest.raw_object import encode_raw, gunzip
from velib_assets.ingest.response import Decoded
from velib_assets.lake import keys
from velib_assets.lake.folder_store import FolderStore
from velib_assets.lake.keys import HOUR
from velib_assets.lake.schema import COLUMNS, PARTITION_COLUMNS
from velib_assets.query.duckdb_engine import LocalQueryEngine
from velib_assets.query.kpis import DERIVED, KPIS, VIEWS
from velib_assets.settings import SOURCES, Settings, dagster_home
from velib_assets.simulator.faults import FAULTS, parse_faults
from velib_assets.simulator.simulator import Simulator
from velib_assets_tests import infra_files as infra

ROOT = Path(__file__).resolve().parent.parent
DOCS = (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))
TEXT = {path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8") for path in DOCS}
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
TOP = "velib_assets_tests|velib_assets|docs|benchmarks|infra|deploy"
MAKE_VARIABLE = re.compile(r"^([A-Z_]+) \?=", re.MULTILINE)


def fences(document: str, language: str) -> list[str]:
    """The fenced blocks of a document in a language."""
    return [body for found, body in FENCE.findall(TEXT[document]) if found == language]


def code_lines() -> Iterator[tuple[str, str]]:
    """Each line of a shell block and each inline code span, with its document."""
    for name, text in TEXT.items():
        for block in fences(name, "sh"):
            yield from ((name, line.partition("#")[0].strip()) for line in block.splitlines())
        yield from ((name, span) for span in re.findall(r"`([^`\n]+)`", FENCE.sub("", text)))


def commands() -> Iterator[tuple[str, str, list[str]]]:
    """Each `velib ...` that the documents write: document, command, and what follows it."""
    for name, line in code_lines():
        words = list(dropwhile(lambda word: "=" in word, line.split()))  # its settings
        if words[:1] == ["velib"] and words[1:]:
            yield name, words[1], words[2:]


def table(document: str, *head: str) -> list[list[str]]:
    """The rows of the table with that head."""
    text = TEXT[document]
    opening = f"| {' | '.join(head)} |\n"
    assert text.count(opening) == 1, f"{document} has {text.count(opening)} tables with the head {head}"
    rows = text.partition(opening)[2].split("\n")[1:]
    cells = []
    for row in rows:
        if not row.startswith("|"):
            break
        cells.append([cell.strip() for cell in row.strip("|").split("|")])
    return cells


def code(cell: str) -> list[str]:
    """The code spans of a cell."""
    return re.findall(r"`([^`]+)`", cell)


def options(command: click.Command) -> set[str]:
    """The options that a command takes."""
    return {name for param in command.params for name in param.opts if name.startswith("--")} | {"--help"}


def variables() -> set[str]:
    """Every variable that the settings read."""
    asked: set[str] = set()

    class Recorder(dict[str, str]):
        def get(self, key: str, default: Any = None) -> Any:
            asked.add(key)
            return default

    Settings.from_env(Recorder())
    dagster_home(Recorder())
    return asked


# What the documents name exists


@pytest.mark.parametrize("document", TEXT)
def test_relative_links_lead_somewhere(document: str) -> None:
    targets = re.findall(r"\]\(([^)\s]+)\)", FENCE.sub("", TEXT[document]))
    files = {target.partition("#")[0] for target in targets if "://" not in target} - {""}
    assert [file for file in sorted(files) if not (ROOT / document).parent.joinpath(file).exists()] == []


@pytest.mark.parametrize("document", TEXT)
def test_links_to_sections_find_their_heading(document: str) -> None:
    missing = []
    for file, section in re.findall(r"\]\(([\w./-]*)#([^)]+)\)", TEXT[document]):
        path = (ROOT / document).parent.joinpath(file) if file else ROOT / document
        headings = re.findall(r"^#+ (.+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
        slugs = {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
        missing += [] if section in slugs else [f"{file}#{section}"]
    assert missing == []


@pytest.mark.parametrize("document", TEXT)
def test_repository_paths_exist(document: str) -> None:
    paths = re.findall(rf"(?<![\w/.])((?:(?:{TOP})/|\.ci/)[\w./-]*\w)", TEXT[document])
    assert [path for path in sorted(set(paths)) if not (ROOT / path).exists()] == []


def test_make_targets_exist() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    called = (re.findall(r"(?:^|/bin/|velib )make (?:-C \S+ )?([a-z-]+)", line) for _, line in code_lines())
    named = {target for targets in called for target in targets}
    assert named
    assert named <= targets


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


def test_options_named_alone_exist() -> None:
    known = set().union(*(options(command) for command in main.commands.values()))
    alone = {span for _, span in code_lines() if re.fullmatch(r"--[a-z-]+", span)}
    assert alone <= known


def test_variables_named_are_settings() -> None:
    named = {name for text in TEXT.values() for name in re.findall(r"VELIB_[A-Z_]+", text)}
    assert named <= variables()


def test_schedule_sensors_and_jobs_named_exist() -> None:
    defs = build_defs(Settings(lake=Path("lake")))
    known = {part.name for part in (*(defs.schedules or ()), *(defs.sensors or ()), *(defs.jobs or ()))}
    named = {span for _, span in code_lines() if re.fullmatch(r"velib_(?!assets)[a-z_]+", span)}
    assert known <= named <= known | {velib_report.NAME} | set(infra.defaults().values()) | infra.alarms()


@pytest.mark.parametrize("document", TEXT)
def test_sql_runs_on_an_empty_lake(document: str, tmp_path: Path) -> None:
    engine = LocalQueryEngine(tmp_path, LocalCatalog(tmp_path))
    questions = fences(document, "sql")
    for block in fences(document, "sh"):
        parts = [shlex.split(line, comments=True) for line in block.splitlines() if "velib query" in line]
        questions += [words[-1] for words in parts]
    for question in questions:
        assert len(engine.query(question)) == 0, question


def test_ci_calls_the_test_commands_of_the_readme() -> None:
    section = TEXT["README.md"].partition("\n## Tests\n")[2].partition("\n## ")[0]
    called = (ROOT / ".ci" / "run").read_text().splitlines()
    commands = [
        line.partition("#")[0].strip() for _, body in FENCE.findall(section) for line in body.splitlines()
    ]
    assert "make test" in commands
    assert [command for command in commands if command not in called] == []


# What exists is documented


@pytest.mark.parametrize("variable", sorted(variables()))
def test_variable_has_a_row_in_the_settings(variable: str) -> None:
    assert variable in [code(row[0])[0] for row in table("docs/settings.md", "variable", "values", "default")]


def test_sources_are_those_of_the_settings() -> None:
    rows = {code(row[0])[0]: row[1] for row in table("docs/settings.md", "variable", "values", "default")}
    assert set(code(rows["VELIB_SOURCE"])) == set(SOURCES)


def test_every_command_is_documented() -> None:
    assert {"velib " + name for name in main.commands} <= {
        f"velib {command}" for _, command, _ in commands()
    } | {"velib demo"}  # `make demo` is its documented form


def test_checks_are_those_of_the_graph() -> None:
    rows = table("docs/operating.md", "check", "on", "severity", "blocks", "holds when")
    documented = {
        (code(check)[0], asset, severity, blocks == "yes")
        for check, on, severity, blocks, _ in rows
        for asset in ([kpi.name for kpi in VIEWS] if code(on) == ["kpi_*"] else code(on))
    }
    assert documented == {(check.name, check.asset, check.severity.value, check.blocking) for check in CHECKS}


def test_faults_listed_are_those_of_the_simulator() -> None:
    section = TEXT["docs/settings.md"].partition("The faults:\n")[2].partition("\n\nWhat becomes")[0]
    assert sorted(code(section)) == sorted(FAULTS)


def test_table_columns_are_those_of_the_contract() -> None:
    rows = table("docs/data.md", "column", "type", "meaning")
    assert [(code(row[0])[0], row[1]) for row in rows] == [
        (column.name, column.type) for column in (*COLUMNS, *PARTITION_COLUMNS)
    ]


def test_view_columns_are_those_of_the_views() -> None:
    rows = table("docs/data.md", "view", "a row is", "columns")
    assert {code(row[0])[0]: code(row[2])[0].split(", ") for row in rows} == {
        kpi.name: [column.name for column in kpi.schema] for kpi in KPIS
    }


def test_columns_of_the_derived_views_are_theirs() -> None:
    rows = table("docs/data.md", "derived view", "a row is", "columns")
    assert {code(row[0])[0]: code(row[2])[0].split(", ") for row in rows} == {
        view.name: [column.name for column in view.schema] for view in DERIVED
    }


def test_lake_keys_are_those_of_the_layout() -> None:
    at = datetime(2022, 6, 4, 17, 34, 59, tzinfo=UTC)
    hour = keys.hour_of(at)
    expected = [
        keys.raw_key(at),
        keys.quarantine_stem(hour, at, "<hash>") + ".body",
        keys.clean_key(hour),
        keys.rejects_key(hour),
        keys.REPORT_KEY,
        keys.export_key("<name>", "csv"),
        keys.state_key("<view>"),
    ]
    shapes = ("2022-06-04", "YYYY-MM-DD"), ("hour=17", "hour=HH"), ("20220604_173459", "YYYYMMDD_HHMMSS")
    for found, shown in shapes:
        expected = [key.replace(found, shown) for key in expected]
    assert [code(row[0])[0] for row in table("docs/data.md", "key", "holds")] == [*expected, FILE_NAME]


def test_raw_fields_are_those_of_the_envelope() -> None:
    at = datetime(2022, 6, 4, tzinfo=UTC)
    raw = json.loads(gunzip(encode_raw("opendata", at, at, Decoded([], b"[]"))))
    assert [code(row[0])[0] for row in table("docs/data.md", "field", "holds")] == list(raw)


@pytest.mark.parametrize(
    "file", sorted((ROOT / "velib_assets" / "query" / "sql").glob("*.sql")), ids=lambda f: f.stem
)
def test_view_is_in_the_readme(file: Path) -> None:
    assert file.stem in [code(row[0])[0] for row in table("README.md", "view", "answers")]


def test_every_dependency_says_why() -> None:
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    project = tomllib.loads(text)["project"]
    wanted = [
        *project["dependencies"],
        *(d for group in project["optional-dependencies"].values() for d in group),
    ]
    silent = [need for need in wanted if not re.search(rf'"{re.escape(need)}", +# \w+', text)]
    assert silent == []


@pytest.mark.parametrize("file", sorted((ROOT / "benchmarks").glob("bench_*.py")), ids=lambda f: f.stem)
def test_benchmark_is_documented(file: Path) -> None:
    commands = [code(row[0])[0] for row in table("docs/benchmarks.md", "command", "measures")]
    assert f"python benchmarks/{file.name}" in commands


# What docs/bad-input.md says of each fault is what happens

BAD = [
    (code(row[1])[0], row[2], (code(row[3]) or [""])[0], row[4])
    for row in table("docs/bad-input.md", "bad input", "fault", "stored in", "reported by", "message")
]
QUIET_HOUR = datetime(2026, 3, 3, 10, tzinfo=UTC)
STRUCK = QUIET_HOUR + timedelta(minutes=15)


class Story(NamedTuple):
    """What an hour came to of which one snapshot was broken."""

    failed: dict[str, str]
    layers: set[str]
    rejects: list[str]
    others: list[dict[str, Any]]


@pytest.fixture(scope="module")
def happened(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Run an hour with a fault (or "" for none) in its second slot, after a good hour."""

    @cache
    def run(fault: str) -> Story:
        store = FolderStore(tmp_path_factory.mktemp(fault or "good"))
        faults = parse_faults(f"{fault}@{STRUCK:%Y-%m-%dT%H:%M}" if fault else "")
        resources = SimpleNamespace(
            lake=store,
            ingest=LocalIngest(store, Simulator(stations=60, faults=faults)),
            clean_job=LocalCleanJob(store, 1),
        )
        context: Any = SimpleNamespace(resources=resources, run=SimpleNamespace(tags={RESTORE_ONLY: "true"}))
        hours = [QUIET_HOUR - HOUR, QUIET_HOUR]
        raw, clean = list(raw_hours(context, hours))[1], list(clean_hours(context, hours))[1]
        findings = {**raw.findings, **clean.findings}
        rows = pq.read_table(store.address(keys.clean_key(QUIET_HOUR)), partitioning=None).to_pylist()
        there = {
            "quarantine": bool(store.list(keys.hour_prefix("quarantine", QUIET_HOUR))),
            "rejects": bool(store.list(keys.hour_prefix("rejects", QUIET_HOUR))),
            "clean": any(row["ingested_ts"] == STRUCK for row in rows),
        }
        rejected = Path(store.address(keys.rejects_key(QUIET_HOUR)))
        return Story(
            {name: finding.message for name, finding in findings.items() if not finding.passed},
            {layer for layer, holds in there.items() if holds},
            pq.read_table(rejected, partitioning=None)["reason"].to_pylist() if rejected.exists() else [],
            [row for row in rows if row["ingested_ts"] != STRUCK],
        )

    return run


def test_every_fault_is_in_the_table_of_bad_input() -> None:
    assert {fault for fault, *_ in BAD} == set(FAULTS)


@pytest.mark.parametrize(("fault", "layer"), sorted({(fault, layer) for fault, layer, *_ in BAD}))
def test_bytes_of_a_fault_end_up_where_the_table_says(fault: str, layer: str, happened: Any) -> None:
    expected = {"quarantine": {"quarantine"}, "clean": {"clean"}, "rejects": {"clean", "rejects"}}
    assert happened(fault).layers == expected[layer]


@pytest.mark.parametrize(("fault", "said_by", "words"), [(f, by, words) for f, _, by, words in BAD if by])
def test_words_on_a_fault_are_those_of_the_table(fault: str, said_by: str, words: str, happened: Any) -> None:
    story = happened(fault)
    said = story.rejects if said_by == "rejects/" else [story.failed.get(said_by, "")]
    pattern = ".+".join(re.escape(part.strip()) for part in words.split("…"))
    assert any(re.search(pattern, text) for text in said), said


@pytest.mark.parametrize("fault", sorted(FAULTS))
def test_no_check_fails_on_a_fault_that_the_table_does_not_name(fault: str, happened: Any) -> None:
    named = {said_by for found, _, said_by, _ in BAD if found == fault} - {"", "rejects/"}
    consequences = {"complete_hour"} if "quarantined_snapshot" in named else set()
    assert set(happened(fault).failed) <= named | consequences


@pytest.mark.parametrize("fault", sorted(FAULTS))
def test_good_snapshots_of_the_hour_are_untouched(fault: str, happened: Any) -> None:
    good = happened("")
    assert good.others
    assert happened(fault).others == good.others
