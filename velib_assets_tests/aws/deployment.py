"""The real Terraform with the real provider, deploying `infra/` onto the emulator."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from velib_assets.settings import CHECKOUT, Settings

_PROVIDER = Path("registry.terraform.io/hashicorp/aws")
_NOT_LOOKED_INTO = {"proc", "sys", "dev", "run", "tmp", "node_modules", "site-packages", "__pycache__"}
_DEEPEST = 5
BUCKET = "velib-insights-test"
VARIABLES = {"bucket_name": BUCKET, "force_destroy": True}


class TerraformError(Exception):
    """Terraform or the provider is missing, or a command failed."""


class Deployment:
    """`infra/` in a working folder, with its state there.

    Args:
        folder: where state and provider links go; made where it is missing.
        env: what reaches the emulator (Emulator.env).
        artefacts: what `make package` built.
    """

    def __init__(self, folder: Path, env: Mapping[str, str], artefacts: Path) -> None:
        self.folder, self._infra = folder, folder / "infra"
        self._artefacts = artefacts
        self._env = {**_without_aws(os.environ), **env, "TF_IN_AUTOMATION": "1", "CHECKPOINT_DISABLE": "1"}
        self._variables: dict[str, Any] = {}
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copytree(CHECKOUT / "infra", self._infra, dirs_exist_ok=True)
        sources = folder / "velib_assets"
        if not sources.exists():
            sources.symlink_to(CHECKOUT / "velib_assets")  # infra reads the SQL of the views

    def init(self) -> str:
        """Run `terraform init`, from the mirror if there is one."""
        mirror = provider_mirror()
        return self._run("init", "-input=false", *([f"-plugin-dir={mirror}"] if mirror else []))

    def apply(self, **variables: Any) -> str:
        """Run `terraform apply` with these variables, which also apply to later calls."""
        self._variables = variables
        return self._run("apply", "-input=false", "-auto-approve", *self._arguments())

    def follow(self, commands: str, file: str, **variables: Any) -> None:
        """Run commands of the documentation in the folder above `infra/`, as from a checkout.

        Args:
            commands: The commands. An apply asks no question.
            file: The file in `infra/` that gets the variables, which also apply to later calls.
            variables: The variables.
        """
        self._variables = variables
        chosen = {**VARIABLES, "artefacts_dir": str(self._artefacts), **variables}
        lines = (f"{name} = {json.dumps(value)}\n" for name, value in chosen.items())
        (self._infra / file).write_text("".join(lines), encoding="utf-8")
        unasked = {"TF_CLI_ARGS_apply": "-input=false -auto-approve -no-color"}
        process = subprocess.run(
            ["bash", "-e", "-c", commands],
            cwd=self.folder,
            env={**self._env, **unasked},
            capture_output=True,
            text=True,
            check=False,
        )
        if process.returncode:
            output = f"{process.stdout[-3000:]}{process.stderr[-5000:]}"
            raise TerraformError(f"the commands ended with {process.returncode}:\n{output}")

    def changes(self, **variables: Any) -> dict[str, list[str]]:
        """Return the actions of `terraform plan` by address; `variables` override the applied ones."""
        chosen = {**self._variables, **variables}
        self._run("plan", "-input=false", "-out=plan.bin", *self._arguments(chosen))
        plan = json.loads(self._run("show", "-json", "plan.bin"))
        actions_by_address = {
            item["address"]: item["change"]["actions"] for item in plan.get("resource_changes", [])
        }
        return {
            address: actions
            for address, actions in actions_by_address.items()
            if actions not in (["no-op"], ["read"])
        }

    def destroy(self) -> str:
        """Run `terraform destroy`."""
        return self._run("destroy", "-input=false", "-auto-approve", *self._arguments())

    def state(self) -> list[str]:
        """List the addresses in the state."""
        return self._run("state", "list").split()

    def output(self, name: str) -> Any:
        """Return the value of an output."""
        return json.loads(self._run("output", "-json", name))

    def environment(self) -> dict[str, str]:
        """Return Dagster's settings from `terraform output -raw dagster_env`."""
        lines = self._run("output", "-raw", "dagster_env").splitlines()
        return dict(shlex.split(line)[0].split("=", 1) for line in lines)

    def settings(self, **environment: str) -> Settings:
        """Return the settings for this deployment, overridden by these variables."""
        return Settings.from_env({**self.environment(), "VELIB_ALERTS": "log", **environment})

    def run(self, *command: str) -> str:
        """Run any other command of Terraform."""
        return self._run(*command)

    def _arguments(self, variables: Mapping[str, Any] | None = None) -> list[str]:
        chosen = {**VARIABLES, "artefacts_dir": str(self._artefacts), **(variables or self._variables)}
        return [f"-var={name}={_text(value)}" for name, value in chosen.items()]

    def _run(self, *command: str) -> str:
        command_line = [terraform(), f"-chdir={self._infra}", command[0], *command[1:]]
        command_line += (
            ["-no-color"] if command[0] in ("init", "plan", "apply", "destroy", "validate") else []
        )
        process = subprocess.run(command_line, env=self._env, capture_output=True, text=True, check=False)
        if process.returncode:
            output = f"{process.stdout[-3000:]}{process.stderr[-5000:]}"
            raise TerraformError(f"terraform {command[0]} ended with {process.returncode}:\n{output}")
        return process.stdout


def terraform() -> str:
    """Find the Terraform binary.

    Raises:
        TerraformError: where it is not installed.
    """
    path = shutil.which("terraform")
    if path is None:
        raise TerraformError("terraform is not installed: https://developer.hashicorp.com/terraform/install")
    return path


def provider_mirror() -> Path | None:
    """Find the folder above `registry.terraform.io`: TF_PLUGIN_DIR, or one on this machine.

    Returns None if there is none; `terraform init` then needs the internet.
    """
    if configured := os.environ.get("TF_PLUGIN_DIR"):
        return Path(configured)
    pending: list[tuple[Path, int]] = [(Path.home(), 0), (Path("/"), 0)]
    for folder, depth in pending:
        if (folder / _PROVIDER).is_dir():
            return folder
        if depth < _DEEPEST:
            pending += [(below, depth + 1) for below in _folders(folder)]
    return None


def _folders(folder: Path) -> Sequence[Path]:
    try:
        with os.scandir(folder) as entries:
            return [
                Path(e.path)
                for e in entries
                if e.is_dir(follow_symlinks=False) and e.name not in _NOT_LOOKED_INTO
            ]
    except OSError:
        return []


def _without_aws(environ: Mapping[str, str]) -> dict[str, str]:
    """Remove AWS settings from the environment, so that no real account is ever used."""
    return {name: value for name, value in environ.items() if not name.startswith(("AWS_", "TF_VAR_"))}


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
