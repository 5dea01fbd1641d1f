"""Plans of `infra/` by the real Terraform and the provider's real schema, without account or emulator."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from velib_assets.settings import CHECKOUT
from velib_assets_tests.aws.deployment import BUCKET, provider_mirror, terraform

_ARTEFACT = re.compile(r"\bvelib_\w+\.(?:zip|py)\b")  # its name in a .tf file
_WHEEL = "wheels/velib_assets-0-py3-none-any.whl"
_MOCK = """
mock_provider "aws" {
  mock_data "aws_iam_policy_document" {
    defaults = { json = "{}" }
  }

  mock_data "aws_caller_identity" {
    defaults = { account_id = "123456789012" }
  }

  mock_data "aws_partition" {
    defaults = { partition = "aws" }
  }
}
"""


class PlanError(Exception):
    """Terraform refused the configuration or a variable, or a condition does not hold; with its output."""


class MockedPlan:
    """A copy of `infra/` in a folder, with empty artefacts."""

    def __init__(self, folder: Path) -> None:
        self._infra = folder / "infra"
        ignored = shutil.ignore_patterns(".terraform", "*.tfstate*", "terraform.tfvars", "*_override.tf")
        shutil.copytree(CHECKOUT / "infra", self._infra, ignore=ignored)
        (folder / "velib_assets").symlink_to(CHECKOUT / "velib_assets")
        self._artefacts = folder / "build"
        (self._artefacts / _WHEEL).parent.mkdir(parents=True)
        configuration = "".join(path.read_text(encoding="utf-8") for path in self._infra.glob("*.tf"))
        for name in {*_ARTEFACT.findall(configuration), _WHEEL}:
            (self._artefacts / name).touch()
        mirror = provider_mirror()
        self._run("init", "-input=false", *([f"-plugin-dir={mirror}"] if mirror else []))

    def check(self, *conditions: str, **variables: Any) -> None:
        """Plan with these variables, and check conditions in HCL on what is planned.

        Raises:
            PlanError: if the plan is refused, or a condition does not hold.
        """
        values = {"bucket_name": BUCKET, "artefacts_dir": str(self._artefacts), **variables}
        self.check_exactly(*conditions, variables=values)

    def value(self, expression: str, **variables: Any) -> str:
        """Return the text of an expression in HCL that no resource decides.

        Raises:
            PlanError: if Terraform refuses it.
        """
        values = {"bucket_name": BUCKET, "artefacts_dir": str(self._artefacts), **variables}
        file = self._infra / "value.tfvars.json"
        file.write_text(json.dumps(values), encoding="utf-8")
        shown = self._run("console", f"-var-file={file.name}", given=f"jsonencode({expression})\n")
        return str(json.loads(json.loads(shown)))

    def check_exactly(self, *conditions: str, variables: Mapping[str, Any]) -> None:
        """See `check`; without the variables that every plan needs."""
        assigned = "\n".join(f"    {name} = {json.dumps(value)}" for name, value in variables.items())
        asserted = "\n".join(
            f"  assert {{\n    condition = {condition}\n    error_message = {json.dumps(condition)}\n  }}"
            for condition in conditions
        )
        run = f'run "plan" {{\n  command = plan\n\n  variables {{\n{assigned}\n  }}\n\n{asserted}\n}}\n'
        (self._infra / "plan.tftest.hcl").write_text(_MOCK + run, encoding="utf-8")
        self._run("test")

    def _run(self, *command: str, given: str = "") -> str:
        environment = {
            name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "TF_VAR_"))
        }
        done = subprocess.run(
            [terraform(), f"-chdir={self._infra}", *command, "-no-color"],
            env=environment | {"CHECKPOINT_DISABLE": "1"},
            input=given,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise PlanError(" ".join(f"{done.stdout}{done.stderr}".split()))
        return done.stdout
