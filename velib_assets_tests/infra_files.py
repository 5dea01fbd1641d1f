"""Names and values read from the Terraform files, for tests that compare documents with them.

The parsing relies on the layout that `terraform fmt` produces.
"""

import re
from typing import NamedTuple

from velib_assets.settings import CHECKOUT

TEXT = "\n".join(path.read_text(encoding="utf-8") for path in sorted((CHECKOUT / "infra").glob("*.tf")))

REQUIRED = "required"


class Variable(NamedTuple):
    """A variable; `default` is HCL text, "" if it spans several lines, or `REQUIRED` if there is none."""

    name: str
    default: str
    description: str


def variables() -> list[Variable]:
    """Return all variables, in the order of the files; those of names with what they are for Vélib'."""
    blocks = re.findall(r'^variable "(\w+)" \{\n(.*?)^\}', TEXT, re.MULTILINE | re.DOTALL)
    found = [
        Variable(
            name,
            _value(body, "default").strip("{") if " default " in body else REQUIRED,
            _value(body, "description")[1:-1],
        )
        for name, body in blocks
    ]
    network = next(variable.default.strip('"') for variable in found if variable.name == "network")
    derived = re.findall(r'coalesce\(var\.(\w+), "\$\{var\.network\}(\w+)"\)', TEXT)
    of_names = {name: f'"{network}{ending}"' for name, ending in derived}
    return [variable._replace(default=of_names.get(variable.name, variable.default)) for variable in found]


def defaults() -> dict[str, str]:
    """Return the default of each variable."""
    return {variable.name: variable.default.strip('"') for variable in variables()}


def outputs() -> set[str]:
    """Return the names of all outputs."""
    return set(re.findall(r'^output "(\w+)"', TEXT, re.MULTILINE))


def addresses() -> set[str]:
    """Return the addresses of all resources."""
    return {f"{kind}.{name}" for kind, name in re.findall(r'^resource "(\w+)" "(\w+)"', TEXT, re.MULTILINE)}


def alarms() -> set[str]:
    """Return the names of all alarms and of the budget."""
    kinds = "aws_cloudwatch_metric_alarm|aws_budgets_budget"
    blocks = re.findall(rf'^resource "(?:{kinds})" .*?^\}}', TEXT, re.MULTILINE | re.DOTALL)
    names = " ".join(_value(block, "alarm_name") or _value(block, "name") for block in blocks)
    project = re.search(r'project += "(.*)"', TEXT)
    assert project
    names = names.replace('${local.tags["project"]}', project[1])
    for local, variable in re.findall(r"^    (\w+) += coalesce\(var\.(\w+),", TEXT, re.MULTILINE):
        names = names.replace(f"${{local.name.{local}}}", defaults()[variable])
    machines = [defaults()[f"{name}_name"] for name in ("pipeline", "daily", "kpi_views")]
    return {
        name.strip('"').replace("${each.value.name}", each) for name in names.split() for each in machines
    }


def lake_access() -> dict[str, list[list[str]]]:
    """Return, for each principal, the prefixes it may list, get, put and delete."""
    block = TEXT.partition("lake_access = {\n")[2].partition("\n  }")[0]
    services = re.findall(r"^    (\w+) = \{\n(.*?)^    \}", block, re.MULTILINE | re.DOTALL)
    return {
        name: [re.findall(r'"([^"]+)"', _value(body, verb)) for verb in ("list", "get", "put", "delete")]
        for name, body in services
    }


def _value(body: str, name: str) -> str:
    match = re.search(rf"^ +{name} += (.*?)(?: #.*)?$", body, re.MULTILINE)
    return match[1] if match else ""
