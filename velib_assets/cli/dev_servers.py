"""What `make dev` runs: Dagster's UI, daemon and code server, with quiet output.

`dg dev`, which supersedes `dagster dev`, starts the same servers; docs/design.md says why it is not used.
"""

import http.client
import os
import signal
import socket
import subprocess
import sys
import time

import click

from velib_assets.cli.console import fail, read_settings
from velib_assets.settings import CHECKOUT, Settings

HOST = "127.0.0.1"  # the UI has no login
LEVELS = ("critical", "error", "warning", "info", "debug")
READY_SECONDS = 180
_SUPERSEDED = "ignore:Function `dev_command` is superseded"  # warns of the command that this module runs


def dev_command(port: int, log_level: str) -> list[str]:
    """Return the command that starts the servers."""
    workspace = str(CHECKOUT / "workspace.yaml")
    command = [sys.executable, "-W", _SUPERSEDED, "-m", "dagster", "dev", "-w", workspace]
    return [*command, "-h", HOST, "-p", str(port), "--log-level", log_level]


@click.command()
@click.option(
    "--port", type=click.IntRange(1, 65535), default=3000, show_default=True, help="Port of the UI."
)
@click.option(
    "--log-level",
    type=click.Choice(LEVELS),
    default="error",
    show_default=True,
    help="What the servers print. With `info`, each evaluation of a sensor.",
)
def dev(port: int, log_level: str) -> None:
    """Run the Dagster UI and daemon until Ctrl-C, and print the UI's address when it responds."""
    settings = read_settings(opens_lake=False, fetches=True)
    if not _is_free(port):
        fail(f"port {port} is in use, perhaps by another `make dev`. Stop it, or write PORT={port + 1}")
    click.echo(f"Starting Dagster. The UI opens on http://{HOST}:{port} in about 15 seconds.", err=True)
    # A process of its own, because this one becomes Dagster: then every signal reaches Dagster itself.
    subprocess.Popen([sys.executable, "-c", _ANNOUNCE, str(port), _ready_message(settings, port)])  # noqa: S603
    command = dev_command(port, log_level)
    os.execv(command[0], command)  # noqa: S606 - click has checked the arguments


_ANNOUNCE = (
    "import sys; from velib_assets.cli.dev_servers import announce; announce(int(sys.argv[1]), sys.argv[2])"
)


def announce(port: int, message: str) -> None:
    """Print a message when the UI responds. Without the parent process, end without a word."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    parent, end = os.getppid(), time.monotonic() + READY_SECONDS
    while os.getppid() == parent and time.monotonic() < end:
        if _responds(port):
            click.echo(message, err=True)
            return
        time.sleep(0.5)


def _ready_message(settings: Settings, port: int) -> str:
    lake = settings.lake if settings.target == "local" else f"s3://{settings.names.bucket}"
    schedule = "on" if settings.schedule_on else "off, unless it was switched on in the UI"
    return (
        f"The Dagster UI is ready: http://{HOST}:{port}\n"
        f"Lake: {lake}. Schedule: {schedule}. Alerts and errors appear below. Stop with Ctrl-C."
    )


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
        return True


def _responds(port: int) -> bool:
    connection = http.client.HTTPConnection(HOST, port, timeout=5)
    try:
        connection.request("GET", "/server_info")
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


if __name__ == "__main__":
    dev(prog_name="make dev")
