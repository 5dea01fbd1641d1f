"""No secret leaks: canaries in the environment and in addresses, runs that succeed and fail, and a search.

What is searched: all that was printed, logged, written into the lake and into DAGSTER_HOME, and every alert.
"""

import base64
import gzip
import json
import logging
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote

import dagster as dg
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from velib_assets.build import build_defs
from velib_assets.cli import main
from velib_assets.feeds.base import FeedError
from velib_assets.feeds.http import Fetcher
from velib_assets.resources.alerts import Alert, AlertError, sinks_of
from velib_assets.resources.stack import feed_of
from velib_assets.runtime.aws_call import AwsError, call, client
from velib_assets.runtime.lake import utc_now
from velib_assets.settings import CHECKOUT, Settings, SettingsError
from velib_assets_tests.assets.test_graph import EXPORT
from velib_assets_tests.http_server import LocalServer, Reply
from velib_assets_tests.samples import body, records
from velib_assets_tests.ui.servers import dagster_dev

pytestmark = pytest.mark.promise("security")
Figure = Callable[[str, float], None]

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


@pytest.fixture
def scene(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Scene]:
    caplog.set_level(logging.INFO)
    for name, value in CANARIES.items():
        monkeypatch.setenv(name, value)
    with LocalServer() as server:
        server.queue(HOOK, Reply())
        scene = Scene(tmp_path, server)
        yield scene
        scene.said += caplog.text
        found = {name: leaked for name, data in scene.written() if (leaked := leaks(data))}
    assert found == {}


def repeating(scene: Scene, status: int) -> Reply:
    """A server's error that repeats the request, as some do."""
    login = base64.b64encode(b"canaryFeed0010:canaryWord@0011").decode()
    return Reply(status, f"no access to {scene.feed} with Authorization: Basic {login}".encode())


def test_what_succeeds_tells_no_secret(scene: Scene, figure: Figure) -> None:
    scene.server.queue(EXPORT, Reply(body=body(records())))
    assert scene.velib("tick") == 0
    assert scene.velib("query", "SELECT * FROM source_velib", "--format", "csv") == 0
    assert scene.velib("status") == 0
    (asked,) = (request for request in scene.server.requests if request.path == EXPORT)
    assert asked.headers["Authorization"].startswith("Basic ")  # the canary was there to be leaked
    figure("files searched", len(list(scene.written())))


def test_what_fails_tells_no_secret(scene: Scene, figure: Figure) -> None:
    scene.server.queue(EXPORT, repeating(scene, 401))
    assert scene.velib("tick") == 1
    assert "HTTP 401" in scene.said
    assert "1 alerts sent" in scene.tell()
    scene.server.queue("/elsewhere", Reply())
    scene.server.queue("/moved", Reply(302, headers={"Location": f"/elsewhere?t={IN_ADDRESSES[3]}"}))
    scene.server.queue("/broken", Reply(500, scene.hook.encode()))
    scene.server.queue("/reset", Reply(fault="reset"))
    for path, words in (("/moved", "HTTP 302"), ("/broken", "HTTP 500"), ("/reset", "cannot be reached")):
        assert words in scene.tell(hook=scene.hook.replace(HOOK, path))
    assert "cannot be reached" in scene.tell(hook=re.sub(r":\d+/", ":1/", scene.hook))
    assert "cannot be reached" in scene.tell(hook=scene.hook.replace("http:", "https:"))
    assert not [one for one in scene.server.requests if one.path.startswith("/elsewhere")]
    figure("files searched", len(list(scene.written())))


@pytest.mark.parametrize("source", ["opendata", "gbfs"])
@pytest.mark.parametrize("way", ["401", "500", "reset", "tls", "unreachable", "redirect", "no such host"])
def test_a_feed_that_fails_in_any_way_tells_no_secret(
    source: str, way: str, scene: Scene, full: bool
) -> None:
    """Through the whole command in the whole form, through the feed alone in the short one."""
    if source == "gbfs" and not full:
        return
    feed = {
        "tls": scene.feed.replace("http:", "https:"),
        "unreachable": re.sub(r":\d+\Z", ":1", scene.feed),
        "no such host": re.sub(r"@.+", "@" + "x" * 70 + ".invalid", scene.feed),
    }.get(way, scene.feed)
    reply = {
        "500": repeating(scene, 400),
        "reset": Reply(fault="reset"),
        "redirect": Reply(301, headers={"Location": f"http://[{IN_ADDRESSES[4]}"}),
    }.get(way, repeating(scene, 401))
    for path in (
        EXPORT,
        *(f"/opendata/Velib_Metropole/station_{part}.json" for part in ("information", "status")),
    ):
        scene.server.queue(path, reply)
    env = {"VELIB_SOURCE": source, "VELIB_OPENDATA_URL": feed, "VELIB_GBFS_URL": feed}
    if full:
        assert scene.velib("tick", **env) == 1
        return
    found = feed_of(Settings.from_env(scene.env | env))
    found._fetcher = Fetcher(deadline=0.5)  # type: ignore[attr-defined] # the default tries for 45 s
    with pytest.raises((FeedError, ValueError)) as error:
        found.fetch(utc_now())
    scene.said += f"{error.value} {error.value!r}"


WRONG = {
    "VELIB_ALERTS": [
        "webhook:ftp://h/canaryToken0009",
        "webhook:http://h/x?a=1,canaryToken0009",
        "https://hooks.example/canaryToken0009",
        "webhok:https://hooks.example/canaryToken0009",
        "sns:canaryToken0009",
        "webhook:http://[canaryToken0009",
        "webhook:http://h:canaryToken0009/",
        "canaryToken0009",
    ],
    "VELIB_OPENDATA_URL": [
        "http://canaryUser0007:canaryToken0009@h/?k=canaryToken0009",
        "http://[canaryToken0009",
    ],
    "VELIB_GBFS_URL": ["ftp://canaryUser0007:canaryToken0009@h", "http://h/#canaryToken0009"],
    "VELIB_ARCHIVE": ["s3://AKIACANARY00000KEYID:canaryToken0009@Bucket/x", "https://canaryToken0009@h/x"],
    "VELIB_LAKE": ["s3://AKIACANARY00000KEYID:canaryToken0009@bucket/lake"],
}


@pytest.mark.parametrize(("name", "value"), [(name, value) for name in WRONG for value in WRONG[name]])
def test_a_wrong_setting_is_named_and_not_repeated(name: str, value: str, figure: Figure) -> None:
    with pytest.raises(SettingsError, match=name) as error:
        Settings.from_env({"VELIB_SOURCE": "archive", name: value})
    assert leaks(str(error.value).encode()) == []
    figure("wrong settings", 1)


def test_settings_in_a_trace_show_no_address() -> None:
    shown = repr(
        Settings.from_env(
            {"VELIB_ALERTS": f"webhook:http://h{HOOK}", "VELIB_GBFS_URL": "http://u:canaryToken0009@h"}
        )
    )
    assert leaks(shown.encode()) == []


@pytest.mark.parametrize(
    "url",
    [
        "http://" + "x" * 70 + "/canaryToken0009",
        "http://\udc80/canaryToken0009",
        "http://h:1\n/canaryToken0009",
    ],
)
def test_an_address_that_no_library_takes_is_an_error_without_it(url: str) -> None:
    """A codec or urllib3 raises where requests does not wrap it, and quotes the address."""
    (sink,) = sinks_of(Settings(lake=Path("lake"), alerts=(f"webhook:{url}",)))
    with pytest.raises(AlertError, match="webhook 1 cannot be reached") as error:
        sink.send(Alert("1", "WARN", "t", "x"))
    assert leaks(str(error.value).encode()) == []


def test_aws_tells_no_secret(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """An endpoint that refuses, one that is not AWS and one that is down; its address holds a login."""
    key = f"<AWSAccessKeyId>{CANARIES['AWS_ACCESS_KEY_ID']}</AWSAccessKeyId>"
    answer = f"<ErrorResponse><Error><Code>SignatureDoesNotMatch</Code>{key}</Error></ErrorResponse>".encode()
    scene.server.queue("/", Reply(403, answer), repeating(scene, 404))
    said = []
    for port in ("", "", ":1"):
        endpoint = re.sub(r":\d+\Z", port, scene.feed) if port else scene.feed
        monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
        client.cache_clear()
        try:
            with pytest.raises(AwsError) as error:
                call(client("sts", "us-east-1", attempts=1), "get_caller_identity", "the caller's account")
        finally:
            client.cache_clear()
        said.append(str(error.value))
    scene.said += repr(said)
    assert [
        text
        for words, text in zip(("refused", "not AWS", "did not answer"), said, strict=True)
        if words not in text
    ] == []


def test_the_servers_tell_no_secret(scene: Scene, full: bool, figure: Figure) -> None:
    """The real daemon, webserver and code server, their logs, events and pages; the whole form only."""
    if not full:
        return
    scene.server.queue(EXPORT, repeating(scene, 401))
    scene.server.queue("/broken", Reply(500, scene.hook.encode()))
    env = scene.env | {"VELIB_ALERTS": f"log,webhook:{scene.hook.replace(HOOK, '/broken')}"}
    assert scene.velib("tick") == 1
    with dagster_dev(scene.folder / "home", env, "-w", str(CHECKOUT / "workspace.yaml")) as server:
        server.wait(
            "the webhook is tried",
            lambda: [r for r in scene.server.requests if r.path.startswith("/broken")],
            90,
        )
        server.wait("and that is logged", lambda: "answered HTTP 500" in server.text(), 60)
        scene.said += json.dumps(server.ask(EVERYTHING))
    shutil.copy(scene.folder / "home" / "servers.log", scene.folder / "log")
    figure("files searched", len(list(scene.written())))


EVERYTHING = """{
  runsOrError { ... on Runs { results { runConfigYaml tags { key value } eventConnection { events {
    ... on MessageEvent { message } ... on ErrorEvent { error { message stack } } } } } } }
  repositoriesOrError { ... on RepositoryConnection { nodes {
    allTopLevelResourceDetails { name description configFields { name } configuredValues { key value } }
    sensors { sensorState { ticks { skipReason error { message } logEvents { events { message } } } } } } } }
  instance { info }
  workspaceOrError { ... on Workspace { locationEntries { displayMetadata { key value } } } }
}"""
