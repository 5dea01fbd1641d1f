"""Trino's own grammar accepts every statement that this package sends to Athena or gives to its users.

sqlglot, which local mode uses, accepts more than Trino does. The grammar is that of Trino 422, in an
environment of its own. It knows neither tables nor functions.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pytest

from velib_assets.aws.names import Names
from velib_assets.catalog.sqlite_catalog import LocalCatalog
from velib_assets.lake.folder_store import FolderStore
from velib_assets.lake.listing import utc_now
from velib_assets.query import athena_engine
from velib_assets.query.athena_engine import AthenaQueryEngine
from velib_assets.query.daily_kpis import DAILY_KPIS, DailyKpi
from velib_assets.query.daily_sql import daily_view_sql, day_sql
from velib_assets.query.duckdb_engine import LocalQueryEngine
from velib_assets.query.kpis import VIEWS, Kpi
from velib_assets.query.lake_tables import station_events_sql
from velib_assets.query.view_sql import newest_rows_sql, render, standalone_sql, state_sql, states_sql
from velib_assets.report.inspection import inspections
from velib_assets.report.report_data import report_queries
from velib_assets.settings import CHECKOUT
from velib_assets_tests.aws.deployment import terraform
from velib_assets_tests.aws.emulator.environments import Environments
from velib_assets_tests.kpi_lake import engine_over, row

NEWEST = datetime(2026, 11, 23, 10, tzinfo=UTC)
PARSE = """
import json, sys
from trino_query_parser import TrinoSyntaxError, parse_statement

for sql in json.load(sys.stdin):
    try:
        parse_statement(sql)
        print(json.dumps(None))
    except TrinoSyntaxError as error:
        print(json.dumps(str(error)))
"""
RENDERED = 'jsonencode(jsondecode(templatefile("step_functions/velib_kpi_views.asl.json", \
{ partition = "aws", workgroup = "velib", table = "source_velib", \
views = jsonencode(local.views) })).States.Views)'


@pytest.fixture(scope="module")
def trino(environments: Environments) -> Path:
    """Return the interpreter that has the grammar."""
    return environments.trino


def errors(trino: Path, statements: Sequence[str]) -> list[str]:
    """Return the statements that the grammar refuses, each with the reason."""
    assert statements
    done = subprocess.run(
        [str(trino), "-c", PARSE], input=json.dumps(statements), capture_output=True, text=True, check=True
    )
    reasons = [json.loads(line) for line in done.stdout.splitlines()]
    refused = zip(statements, reasons, strict=True)
    return [f"{reason}\n{sql}" for sql, reason in refused if reason is not None]


class Recorder:
    """Stands in for Athena: keeps the statements, and answers queries from a local engine."""

    def __init__(self, local: LocalQueryEngine) -> None:
        self.sent: list[str] = []
        self._local = local

    def run(self, sql: str) -> str:
        """Keep a statement."""
        self.sent.append(sql)
        return "id"

    def rows(self, sql: str) -> pa.Table:
        """Keep a query and answer it."""
        self.sent.append(sql)
        return self._local.query_table(sql.replace("other_db.", "velib_db_tf."))


@pytest.mark.parametrize("empty", [False, True])
def test_statements_that_the_engine_sends(
    trino: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, empty: bool
) -> None:
    """As sent: for another database, with the windows of the newest hour, or of a table without any."""
    lake = tmp_path / "lake"
    athena = Recorder(engine_over(lake, [] if empty else [row("a", 0, 20), row("b", 20, 0)]))
    monkeypatch.setattr(athena_engine, "AthenaStatements", lambda _: athena)
    names = Names("bucket", database="other_db")
    engine = AthenaQueryEngine(names, LocalCatalog(lake), FolderStore(lake), tmp_path / "mirror")
    engine.read(VIEWS)
    for view in VIEWS:
        engine.read([view])
    engine.define_station_events()
    engine.define_daily_views()
    defined = [sql for sql in athena.sent if sql.startswith("CREATE OR REPLACE VIEW other_db.")]
    assert len(defined) == len(VIEWS) + 1 + len(DAILY_KPIS)
    assert len(athena.sent) > 2 * len(VIEWS)
    assert not any("velib_db_tf" in sql or "${" in sql for sql in athena.sent)
    assert errors(trino, athena.sent) == []


VARIABLES = """
variable "network" { default = "velib" }
variable "network_timezone" { default = "" }
locals { name = { database = "other_db" } }
"""


def test_views_that_the_state_machine_defines(trino: Path, tmp_path: Path) -> None:
    """As Terraform renders them and the machine fills the dates in."""
    views_tf = CHECKOUT / "infra" / "views.tf"
    folder = tmp_path / "infra"
    shutil.copytree(CHECKOUT / "infra" / "step_functions", folder / "step_functions")
    shutil.copy(views_tf, folder)
    (tmp_path / "velib_assets").symlink_to(CHECKOUT / "velib_assets")
    (folder / "variables.tf").write_text(VARIABLES)
    done = subprocess.run(
        [terraform(), f"-chdir={folder}", "console"],
        input=RENDERED,
        capture_output=True,
        text=True,
        check=True,
    )
    machine = json.loads(json.loads(done.stdout))
    created = machine["ItemProcessor"]["States"]["CreateView"]["Arguments"]["QueryString"]
    placeholders = re.findall(r"'(@\w+@)'", created)
    statements = [item["sql"] for item in machine["Items"]]
    for placeholder in placeholders:
        statements = [sql.replace(placeholder, "2026-11-22") for sql in statements]
    assert len(statements) == len(VIEWS) + 1
    assert len(placeholders) == 3
    assert not any("@" in sql or "${" in sql for sql in statements)
    assert errors(trino, statements) == []


@pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.name)
def test_statements_of_each_view(trino: Path, view: Kpi) -> None:
    newest = (NEWEST, None)
    statements = [standalone_sql(view), states_sql([view], NEWEST)]
    statements += [form(view, hour) for form in (render, newest_rows_sql, state_sql) for hour in newest]
    statements += [render(view, NEWEST, [NEWEST.date() - timedelta(days=9)], by_month=True)]
    assert errors(trino, statements) == []


@pytest.mark.parametrize("kpi", DAILY_KPIS, ids=lambda kpi: kpi.name)
def test_statements_of_each_daily_kpi(trino: Path, kpi: DailyKpi) -> None:
    queries = [day_sql(kpi, NEWEST.date(), by_month=by_month) for by_month in (False, True)]
    assert not any("$" in sql for sql in queries)
    assert errors(trino, [*queries, daily_view_sql(kpi)]) == []


def test_queries_of_the_report_and_of_the_register(trino: Path, tmp_path: Path) -> None:
    """They run on the copy today; whoever pastes them into Athena can."""
    commands = [entry["command"] for entry in inspections(FolderStore(tmp_path), NEWEST, 1, [NEWEST], 1)]
    shown = [command.removeprefix('velib query "').removesuffix('"') for command in commands]
    statements = [*report_queries(NEWEST), *report_queries(None), station_events_sql(), *shown]
    assert len(shown) == 3
    assert errors(trino, statements) == []


def test_queries_in_the_documents(trino: Path) -> None:
    texts = [path.read_text("utf-8") for path in (CHECKOUT / "README.md", *(CHECKOUT / "docs").glob("*.md"))]
    texts.append((CHECKOUT / "velib_assets" / "cli" / "read_commands.py").read_text("utf-8"))
    blocks = [
        block for text in texts for block in re.findall(r"^```sql\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    ]
    commands = [sql for text in texts for sql in re.findall(r'velib query [^"\n]*"([^"\n]+)"', text)]
    assert len(blocks) > 3
    assert len(commands) > 3
    assert errors(trino, [*blocks, *commands]) == []


def test_conditions_of_the_catalog(trino: Path) -> None:
    """Glue parses them with a grammar of its own, which is a part of SQL's."""
    sources = "".join(
        path.read_text("utf-8") for path in (CHECKOUT / "velib_assets" / "catalog").glob("*.py")
    )
    conditions = re.findall(r"""f"(date >= '[^"]*)\"""", sources)
    filled = [re.sub(r"\{[^}]*\}", f"{utc_now():%Y-%m-%d}", condition) for condition in conditions]
    assert filled
    assert errors(trino, [f"SELECT * FROM source_velib WHERE {text}" for text in filled]) == []  # noqa: S608


@pytest.mark.parametrize(
    ("sound", "broken"),
    [
        ("GROUP BY station_id\n)", "GROUP BY station_id,\n)"),  # a comma too many
        ("INTERVAL '2' HOUR", "INTERVAL 2 HOURS"),  # DuckDB's form
        ("count(*) FILTER (WHERE", "count(*) FILTER (WHERE ("),  # not closed
        ("FROM hits", "FROM hits WHERE avg_fill_rate::varchar <> ''"),  # PostgreSQL's cast
        ("LIMIT 10", "LIMIT 10 BY station_id"),  # ClickHouse's
        ("FROM velib_db_tf.source_velib", "FROM velib_db_tf.source_velib WHERE ${newest_hours} AND"),
        ("SELECT\n    station_id,\n    name,", "SELECT * EXCLUDE (full_hits),"),  # DuckDB's
    ],
)
def test_broken_statement_is_refused(trino: Path, sound: str, broken: str) -> None:
    """Each is a small change of a view that the grammar accepts."""
    view = next(view for view in VIEWS if view.name == "kpi_top10_2hour")
    statement = render(view, NEWEST)
    assert sound in statement
    assert len(errors(trino, [statement.replace(sound, broken), statement])) == 1
