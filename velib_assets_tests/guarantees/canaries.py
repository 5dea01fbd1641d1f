"""Canaries in the environment and in URLs, and the search for them in everything that was written."""

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
IN_URLS = (
    "canaryPath0001",
    "canaryUser0007",
    "canaryPass@0008",
    "canaryToken0009",
    "canaryFeed0010",
    "canaryWord@0011",
)


def spellings() -> list[bytes]:
    """List every canary in plain form, URL-encoded, in JSON, and in a Basic authorization header."""
    basic = [f"{IN_URLS[1]}:{IN_URLS[2]}", f"{IN_URLS[4]}:{IN_URLS[5]}"]
    plain = [*CANARIES.values(), *IN_URLS]
    texts = {form for text in plain for form in (text, quote(text, safe=""), json.dumps(text)[1:-1])}
    return [text.encode() for text in texts] + [base64.b64encode(text.encode()) for text in basic]


def leaks(data: bytes) -> list[bytes]:
    """Find the canaries in some bytes."""
    return [canary for canary in spellings() if canary in data]


def readable(path: Path) -> bytes:
    """Read a file, decompressed."""
    data = path.read_bytes()
    if path.suffix == ".parquet":
        table = pq.read_table(path, partitioning=None)
        return data + json.dumps([table.to_pylist(), str(table.schema.metadata)], default=str).encode()
    return gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data


class Scene:
    """A feed, a webhook, a lake and a DAGSTER_HOME whose settings hold canaries."""

    def __init__(self, folder: Path, server: LocalServer) -> None:
        self.folder, self.server, self.output = folder, server, ""
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
        """Run a command and keep its output; return its exit status."""
        result = CliRunner().invoke(main, list(arguments), env=self.env | env)
        self.output += result.output + result.stderr + repr(result.exception)
        return result.exit_code

    def run_alert_sensor(self, *, hook: str = "") -> str:
        """Evaluate the alert sensor over all runs, with this webhook or another one."""
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
        output = f"{result.skip_message} {context.cursor} {settings!r}"
        self.output += output
        return output

    def written(self) -> Iterator[tuple[str, bytes]]:
        """Yield everything to search, by name."""
        yield "output", self.output.encode()
        for number, request in enumerate(self.server.requests):
            if request.method == "POST":
                yield f"alert {number}", request.body
        for path in self.folder.rglob("*"):
            if path.is_file():
                yield str(path.relative_to(self.folder)), readable(path)


def repeating(scene: Scene, status: int) -> Reply:
    """Return an error that repeats the request, as some servers do."""
    login = base64.b64encode(b"canaryFeed0010:canaryWord@0011").decode()
    return Reply(status, f"no access to {scene.feed} with Authorization: Basic {login}".encode())
