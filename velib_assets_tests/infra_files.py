"""What the files of infra/ say, as far as documents are held to it.

Belongs here: reading names out of HCL, laid out as `terraform fmt` does. Does not: deploying.
"""

import re
from typing import NamedTuple

from velib_assets.settings import CHECKOUT

TEXT = "\n".join(path.read_text(encoding="utf-8") for path in sorted((CHECKOUT / "infra").glob("*.tf")))


class Variable(NamedTuple):
    """A variable; `default` as HCL has it, or "" where it takes several lines."""

    name: str
    default: str
    description: str


def variables() -> list[Variable]:
    """All variables, in the order of the files."""
    found = re.findall(r'^variable "(\w+)" \{\n(.*?)^\}', TEXT, re.MULTILINE | re.DOTALL)
    return [
        Variable(name, _value(body, "default").strip("{"), _value(body, "description")[1:-1])
        for name, body in found
    ]


def defaults() -> dict[str, str]:
    """What a variable is where nobody changes it."""
    return {variable.name: variable.default.strip('"') for variable in variables()}


def outputs() -> set[str]:
    """The names of all outputs."""
    return set(re.findall(r'^output "(\w+)"', TEXT, re.MULTILINE))


def addresses() -> set[str]:
    """The addresses of all resources."""
    return {f"{kind}.{name}" for kind, name in re.findall(r'^resource "(\w+)" "(\w+)"', TEXT, re.MULTILINE)}


def alarms() -> set[str]:
    """The names of all alarms, and of the budget."""
    kinds = "aws_cloudwatch_metric_alarm|aws_budgets_budget"
    blocks = re.findall(rf'^resource "(?:{kinds})" .*?^\}}', TEXT, re.MULTILINE | re.DOTALL)
    names = " ".join(_value(block, "alarm_name") or _value(block, "name") for block in blocks)
    project = re.search(r'project += "(.*)"', TEXT)
    for name, default in [*defaults().items(), ('tags["project"]', project[1] if project else "")]:
        names = names.replace(f"${{var.{name}}}", default)
    machines = (defaults()["pipeline_name"], defaults()["kpi_views_name"])
    return {
        name.strip('"').replace("${each.value.name}", each) for name in names.split() for each in machines
    }


def lake_access() -> dict[str, list[list[str]]]:
    """Who may list, get, put and delete which prefixes."""
    block = TEXT.partition("lake_access = {\n")[2].partition("\n  }")[0]
    services = re.findall(r"^    (\w+) = \{\n(.*?)^    \}", block, re.MULTILINE | re.DOTALL)
    return {
        name: [re.findall(r'"([^"]+)"', _value(body, verb)) for verb in ("list", "get", "put", "delete")]
        for name, body in services
    }


def _value(body: str, name: str) -> str:
    found = re.search(rf"^ +{name} += (.*?)(?: #.*)?$", body, re.MULTILINE)
    return found[1] if found else ""
