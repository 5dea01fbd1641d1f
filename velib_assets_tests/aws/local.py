"""`make aws-local`: the deployed stack on one machine, without an account, and the Dagster UI."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from velib_assets.aws import package
from velib_assets.aws.package_wheels import PackageError
from velib_assets.settings import CHECKOUT
from velib_assets_tests.aws.deployment import Deployment, TerraformError
from velib_assets_tests.aws.emulator.environments import EnvironmentFailedError
from velib_assets_tests.aws.emulator.server import Emulator
from velib_assets_tests.aws.portal import portal


def main() -> int:
    """Run until Ctrl-C, or with --once until the end of a tick; return the exit status."""
    parser = argparse.ArgumentParser(prog="make aws-local", description=__doc__)
    parser.add_argument("--once", action="store_true", help="end after the tick, without the UI")
    parser.add_argument("--real-feed", action="store_true", help="ask the city's portal, not a simulated one")
    parser.add_argument("--state", type=Path, default=CHECKOUT / ".aws-local", help="where all of it is kept")
    parser.add_argument("--port", type=int, default=3000, help="of the UI")
    parser.add_argument(
        "--aws-port", type=int, default=4566, help="of the emulator; the one above is the portal's"
    )
    chosen = parser.parse_args()
    try:
        return _run(chosen)
    except (PackageError, TerraformError, EnvironmentFailedError, OSError, RuntimeError) as error:
        sys.stderr.write(f"aws-local: {error}\n")
        return 1
    except KeyboardInterrupt:
        _say(f"Ended. {chosen.state} keeps everything; delete the folder to start over.")
        return 0


def _run(chosen: argparse.Namespace) -> int:
    _say("Packaging the Lambda and the Glue job ...")
    package.build(chosen.state / "artefacts")
    _say("Starting the emulator (the first time its Python environments are made: a minute) ...")
    with (
        portal(chosen.aws_port + 1) as city,
        Emulator(port=chosen.aws_port, state=chosen.state / "emulator", auth=True) as emulator,
    ):
        for service, version in emulator.interpreters().items():
            _say(f"  {service}: Python {version}")
        terraform = Deployment(chosen.state / "terraform", emulator.env(), chosen.state / "artefacts")
        _say("terraform init, terraform apply (a minute the first time) ...")
        terraform.init()
        terraform.apply(opendata_url="" if chosen.real_feed else city)
        environment = {**terraform.environment(), **emulator.env(), "VELIB_ALERTS": "log"}
        environment["DAGSTER_HOME"] = str((chosen.state / "dagster").absolute())
        _say("A tick: Lambda, Glue, catalog, Athena ...")
        if status := _velib(environment, "tick"):
            return status
        changes = terraform.changes()
        _say(f"\nterraform plan: {changes or 'no changes'}")
        if chosen.once:
            return 1 if changes else 0
        _say("\nIn another terminal, `velib` and the AWS CLI work on this stack with:\n")
        _say("\n".join(f"  export {name}={value}" for name, value in environment.items()))
        return _user_interface(environment, chosen.port)


def _velib(environment: Mapping[str, str], *arguments: str) -> int:
    command = [sys.executable, "-m", "velib_assets.cli.commands", *arguments]
    return subprocess.run(command, env=_over(environment), check=False).returncode


def _user_interface(environment: Mapping[str, str], port: int) -> int:
    command = [sys.executable, "-m", "velib_assets.cli.dev_servers", "--port", str(port)]
    return subprocess.run(command, env=_over(environment), cwd=CHECKOUT, check=False).returncode


def _over(environment: Mapping[str, str]) -> dict[str, str]:
    """Merge the environments, without any AWS setting of this process."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "VELIB_"))}
    return {**inherited, **environment}


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
