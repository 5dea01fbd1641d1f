"""A new view is one .sql file and one `Kpi(...)` entry: everything else is derived from these two."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from velib_assets.settings import CHECKOUT
from velib_assets_tests.aws.deployment import terraform
from velib_assets_tests.kpi_lake import engine_over, row

NAME = "kpi_without_ebikes"
SQL = f"""CREATE OR REPLACE VIEW velib_db_tf.{NAME} AS
-- Stations in operation without an e-bike, in the two hours up to the newest snapshot.
SELECT
    station_id,
    count(*) AS snapshots
FROM velib_db_tf.source_velib
WHERE ${{newest_hours}}
    AND ${{in_operation}}
    AND ebikes = 0
GROUP BY station_id
"""  # noqa: S608 - our own name
ENTRY = f"""    Kpi(
        "{NAME}",
        "Stations without an e-bike",
        "table",
        "one station without an e-bike in the two hours up to the newest snapshot",
        _columns("station_id snapshots"),
        (Headline("stations_without_ebikes", "count(*)", "Stations without an e-bike"),),
        window=TWO_HOURS,
    ),
"""
GRAPH = """
from velib_assets.definitions import defs

for key in defs.resolve_asset_graph().get_all_asset_keys():
    print(key.to_user_string())
"""
QUERY = f"SELECT * FROM {NAME} ORDER BY station_id"  # noqa: S608 - our own name
OTHER_VARIABLES = """
variable "feed" {
  default = "opendata"
}

variable "gbfs_url" {
  default   = ""
  sensitive = true
}
"""
MACHINE = 'jsonencode(jsondecode(templatefile("step_functions/velib_kpi_views.asl.json", \
{ partition = "aws", workgroup = "velib", table = "source_velib", \
views = jsonencode(local.views) })).States.Views.Items)'


class Checkout:
    """A copy of the package and of infra/ with the new view, and a small lake."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.lake = folder, folder / "lake"
        for name in ("velib_assets", "infra"):
            shutil.copytree(
                CHECKOUT / name,
                folder / name,
                ignore=shutil.ignore_patterns("__pycache__", ".*", "*.tfstate*"),
            )
        query = folder / "velib_assets" / "query"
        (query / "sql" / f"{NAME}.sql").write_text(SQL, encoding="utf-8")
        head = "VIEWS: tuple[Kpi, ...] = (\n"
        table = (query / "kpis.py").read_text(encoding="utf-8")
        assert table.count(head) == 1
        (query / "kpis.py").write_text(table.replace(head, head + ENTRY), encoding="utf-8")
        engine_over(self.lake, [row("a", 5, 5), row("b", 5, 5, ebikes=3), row("c", 5, 5, is_stale=True)])

    def python(self, *arguments: str) -> str:
        """Run the copy's Python code."""
        environment = os.environ | {"VELIB_LAKE": str(self.lake), "PYTHONPATH": str(self.folder)}
        command = [sys.executable, *arguments]
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, cwd=self.folder, env=environment
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def velib(self, *arguments: str) -> str:
        """Run a command of the copy."""
        return self.python("-m", "velib_assets.cli.commands", *arguments)


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    return Checkout(tmp_path_factory.mktemp("checkout"))


def test_new_view_is_in_the_graph(checkout: Checkout) -> None:
    assert NAME in checkout.python("-c", GRAPH).splitlines()


def test_new_view_can_be_queried_and_is_in_the_help(checkout: Checkout) -> None:
    rows = json.loads(checkout.velib("query", QUERY, "--format", "json"))
    assert rows == [{"station_id": "a", "snapshots": 1}]
    assert NAME in checkout.velib("query", "--help")


def test_new_view_is_in_the_report_and_its_exports(checkout: Checkout) -> None:
    checkout.velib("report")
    reports = checkout.lake / "reports"
    assert (reports / "data" / f"{NAME}.csv").read_text() == '"station_id","snapshots"\n"a",1\n'
    page = (reports / "velib_report.html").read_text(encoding="utf-8")
    assert f'{{"name":"{NAME}","title":"Stations without an e-bike","chart":"table"}}' in page


def test_new_view_is_in_the_rendered_state_machine(checkout: Checkout) -> None:
    """Providers and resources are not needed to render it."""
    folder = checkout.folder / "rendered"
    shutil.copytree(checkout.folder / "infra" / "step_functions", folder / "step_functions")
    shutil.copy(checkout.folder / "infra" / "views.tf", folder)
    shutil.copy(checkout.folder / "infra" / "variables_network.tf", folder)
    shutil.copy(checkout.folder / "infra" / "variables_names.tf", folder)
    (folder / "variables.tf").write_text(OTHER_VARIABLES)
    names = {"bucket_name": "lake", "database_name": "other_db"}
    (folder / "terraform.tfvars.json").write_text(json.dumps(names))
    done = subprocess.run(
        [terraform(), f"-chdir={folder}", "console"],
        input=MACHINE,
        capture_output=True,
        text=True,
        check=True,
    )
    views = {view["view"]: view["sql"] for view in json.loads(json.loads(done.stdout))}
    assert {NAME, "station_events"} <= views.keys()
    assert "FROM other_db.stations\n" in views["station_events"]
    assert "FROM other_db.source_velib\nWHERE \"date\" >= '@yesterday@'\n    AND is_installed" in views[NAME]
    assert not any("$" in sql for sql in views.values())
