"""Canaries in the environment and in addresses, a machine that has them everywhere, and where they turned up.

Belongs here: making and finding them. Does not: what is run meanwhile (test_security).
"""

import base64
import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import dagster as dg
import pyarrow.parquet as pq
from click.testing import CliRunner

from velib_assets.cli.commands import main
from velib_assets.defs.build import build_defs
from velib_assets.settings import Settings
from velib_assets_tests.http_server import LocalServer, Reply

HOOK = "/services/canaryPath0001"
CANARIES = {
    "AWS_ACCESS_KEY_ID": "AKIACANARY00000KEYID",
    "AWS_SECRET_ACCESS_KEY": "canarySecret0002/of+aws",
    "AWS_SESSION_TOKEN": "canarySession0003==",
    "PGPASSWORD": "canaryPassword0004",
    "SLACK_BOT_TOKEN": "xoxb-canary-0005",
    "GITHUB_TOKEN": "ghp_canary0006",
}
IN_ADDRESSES = (
    "canaryPath0001",
    "canaryUser0007",
    "canaryPass@0008",
    "canaryToken0009",
    "canaryFeed0010",
    "canaryWord@0011",
)


def spellings() -> list[bytes]:
    """Every canary as it is, as a URL has it, as JSON has it, and in a header of Basic authorization."""
    basic = [f"{IN_ADDRESSES[1]}:{IN_ADDRESSES[2]}", f"{IN_ADDRESSES[4]}:{IN_ADDRESSES[5]}"]
    plain = [*CANARIES.values(), *IN_ADDRESSES]
    texts = {form for text in plain for form in (text, quote(text, safe=""), json.dumps(text)[1:-1])}
    return [text.encode() for text in texts] + [base64.b64encode(text.encode()) for text in basic]


def leaks(data: bytes) -> list[bytes]:
    """The canaries in some bytes."""
    return [canary for canary in spellings() if canary in data]


def readable(path: Path) -> bytes:
    """What a file holds, unpacked."""
    data = path.read_bytes()
    if path.suffix == ".parquet":
        table = pq.read_table(path, partitioning=None)
        return data + json.dumps([table.to_pylist(), str(table.schema.metadata)], default=str).encode()
    return gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data


class Scene:
    """A machine with canaries everywhere: a feed and a webhook on loopback, a lake, a DAGSTER_HOME."""

    def __init__(self, folder: Path, server: LocalServer) -> None:
        self.folder, self.server, self.said = folder, server, ""
        host = server.url.removeprefix("http://")
        self.feed = f"http://canaryFeed0010:{quote('canaryWord@0011', safe='')}@{host}"
        self.hook = (
            f"http://canaryUser0007:{quote('canaryPass@0008', safe='')}@{host}{HOOK}?t=canaryToken0009"
        )
        self.env: dict[str, str] = {
            **CANARIES,
            "VELIB_LAKE": str(folder / "lake"),
            "DAGSTER_HOME": str(folder / "home"),
            "VELIB_SOURCE": "opendata",
            "VELIB_OPENDATA_URL": self.feed,
            "VELIB_ALERTS": f"log,webhook:{self.hook}",
            "VELIB_TARGET": "local",
        }

    def velib(self, *arguments: str, **env: str) -> int:
        """Run a command; what it prints is kept."""
        result = CliRunner().invoke(main, list(arguments), env=self.env | env)
        self.said += result.output + result.stderr + repr(result.exception)
        return result.exit_code

    def tell(self, *, hook: str = "") -> str:
        """One round of the alert sensor over all runs, on the webhook as it is, or on another one."""
        env = self.env | ({"VELIB_ALERTS": f"log,webhook:{hook}"} if hook else {})
        settings = Settings.from_env(env)
        with dg.DagsterInstance.from_config(str(self.folder / "home")) as instance:
            context = dg.build_sensor_context(instance=instance)
            result = (
                build_defs(settings)
                .get_repository_def()
                .get_sensor_def("velib_alerts")
                .evaluate_tick(context)
            )
        said = f"{result.skip_message} {context.cursor} {settings!r}"
        self.said += said
        return said

    def written(self) -> Iterator[tuple[str, bytes]]:
        """Everything that there is to search, by its name."""
        yield "said", self.said.encode()
        for number, request in enumerate(self.server.requests):
            if request.method == "POST":
                yield f"alert {number}", request.body
        for path in self.folder.rglob("*"):
            if path.is_file():
                yield str(path.relative_to(self.folder)), readable(path)


def repeating(scene: Scene, status: int) -> Reply:
    """A server's error that repeats the request, as some do."""
    login = base64.b64encode(b"canaryFeed0010:canaryWord@0011").decode()
    return Reply(status, f"no access to {scene.feed} with Authorization: Basic {login}".encode())
