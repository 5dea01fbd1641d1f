"""No secret leaks: canaries in the environment and in URLs, runs that succeed and fail, and a search.

Everything that was printed, logged, written to the lake and to DAGSTER_HOME is searched, and every alert.
"""

import base64
import json
import logging
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from velib_assets.aws.api import AwsError, call, client
from velib_assets.ingest.feeds.feed import FeedError
from velib_assets.ingest.http import Fetcher
from velib_assets.lake.listing import utc_now
from velib_assets.resources import feed_of
from velib_assets.settings import CHECKOUT, Settings
from velib_assets_tests.defs.test_graph import EXPORT
from velib_assets_tests.guarantees.canaries import CANARIES, HOOK, IN_URLS, Scene, leaks, repeating
from velib_assets_tests.http_server import LocalServer, Reply
from velib_assets_tests.samples import body, records
from velib_assets_tests.ui.servers import dagster_dev

pytestmark = pytest.mark.promise("security")
Figure = Callable[[str, float], None]


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
        scene.output += caplog.text
        leaks_by_name = {name: leaked for name, data in scene.written() if (leaked := leaks(data))}
    assert leaks_by_name == {}


def test_successful_commands_leak_no_secret(scene: Scene, figure: Figure) -> None:
    scene.server.queue(EXPORT, Reply(body=body(records())))
    assert scene.velib("tick") == 0
    assert scene.velib("query", "SELECT * FROM source_velib", "--format", "csv") == 0
    assert scene.velib("status") == 0
    (sent,) = (request for request in scene.server.requests if request.path == EXPORT)
    assert sent.headers["Authorization"].startswith("Basic ")  # the canary was in use
    figure("files searched", len(list(scene.written())))


def test_failures_leak_no_secret(scene: Scene, figure: Figure) -> None:
    scene.server.queue(EXPORT, repeating(scene, 401))
    assert scene.velib("tick") == 1
    assert "HTTP 401" in scene.output
    assert "1 alerts sent" in scene.run_alert_sensor()
    scene.server.queue("/elsewhere", Reply())
    scene.server.queue("/moved", Reply(302, headers={"Location": f"/elsewhere?t={IN_URLS[3]}"}))
    scene.server.queue("/broken", Reply(500, scene.hook.encode()))
    scene.server.queue("/reset", Reply(fault="reset"))
    for path, message in (("/moved", "HTTP 302"), ("/broken", "HTTP 500"), ("/reset", "cannot be reached")):
        assert message in scene.run_alert_sensor(hook=scene.hook.replace(HOOK, path))
    assert "cannot be reached" in scene.run_alert_sensor(hook=re.sub(r":\d+/", ":1/", scene.hook))
    assert "cannot be reached" in scene.run_alert_sensor(hook=scene.hook.replace("http:", "https:"))
    assert not [one for one in scene.server.requests if one.path.startswith("/elsewhere")]
    figure("files searched", len(list(scene.written())))


@pytest.mark.parametrize("source", ["opendata", "gbfs"])
@pytest.mark.parametrize("failure", ["401", "500", "reset", "tls", "unreachable", "redirect", "no such host"])
def test_failing_feed_leaks_no_secret(source: str, failure: str, scene: Scene, full: bool) -> None:
    """In full mode run the whole command for the portal; otherwise only the feed, without its retries."""
    feed = {
        "tls": scene.feed.replace("http:", "https:"),
        "unreachable": re.sub(r":\d+\Z", ":1", scene.feed),
        "no such host": re.sub(r"@.+", "@velib.invalid", scene.feed),
    }.get(failure, scene.feed)
    reply = {
        "500": repeating(scene, 400),
        "reset": Reply(fault="reset"),
        "redirect": Reply(301, headers={"Location": f"http://[{IN_URLS[4]}"}),
    }.get(failure, repeating(scene, 401))
    for path in (
        EXPORT,
        *(f"/opendata/Velib_Metropole/station_{part}.json" for part in ("information", "status")),
    ):
        scene.server.queue(path, reply)
    env = {"VELIB_SOURCE": source, "VELIB_OPENDATA_URL": feed, "VELIB_GBFS_URL": feed}
    if full and source == "opendata":
        assert scene.velib("tick", **env) == 1
        return
    fetched = feed_of(Settings.from_env(scene.env | env))
    fetched._fetcher = Fetcher(deadline=0.5)  # type: ignore[attr-defined] # the default retries for 45 s
    with pytest.raises((FeedError, ValueError)) as error:
        fetched.fetch(utc_now())
    scene.output += f"{error.value} {error.value!r}"


@pytest.mark.parametrize(
    "page",
    ["<html>{}</html>", '{{"error": "no access with {}"}}', '{{"{}": "no access"}}', "<p>" + " " * 50 + "{}"],
)
@pytest.mark.parametrize("source", ["opendata", "gbfs"])
def test_key_that_a_page_repeats_is_in_the_quarantined_bytes_alone(
    source: str, page: str, scene: Scene
) -> None:
    """The page has the status 200, in place of the stations."""
    login = f"canaryFeed0010:canaryWord@0011 {base64.b64encode(b'canaryFeed0010:canaryWord@0011').decode()}"
    repeated = f"{IN_URLS[3]} {login}" if source == "gbfs" else login  # the portal's URL has no query
    sent = page.format(repeated).encode()
    feeds = [{"name": f"station_{part}", "url": f"/{part}"} for part in ("information", "status")]
    document = {"last_updated": 1, "ttl": 1, "version": "2.3", "data": {"en": {"feeds": feeds}}}
    scene.server.queue("/gbfs.json", Reply(body=json.dumps(document).encode()))
    for path in (EXPORT, "/information", "/status"):
        scene.server.queue(path, Reply(body=sent, headers={"ETag": repeated, "X-Request": login}))
    key = {"VELIB_SOURCE": source, "VELIB_GBFS_URL": f"{scene.feed}/gbfs.json?key={IN_URLS[3]}"}
    assert scene.velib("tick", **key) == 1
    assert scene.velib("status", **key) == 0
    assert scene.velib("query", "SELECT * FROM quarantine_velib", "--format", "json", **key) == 0
    scene.velib("report", **key)
    assert "alerts sent" in scene.run_alert_sensor()
    stored = [path for path in (scene.folder / "lake" / "quarantine").rglob("*") if path.is_file()]
    pages = [path for path in stored if path.suffix in (".body", ".station_information", ".station_status")]
    assert {path.read_bytes() for path in pages} == {sent}
    assert len(stored) > len(pages)
    for kept in pages:
        kept.unlink()  # all else is searched


def test_aws_errors_leak_no_secret(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """The endpoint refuses, is not AWS, or is down; its URL holds a login."""
    key = f"<AWSAccessKeyId>{CANARIES['AWS_ACCESS_KEY_ID']}</AWSAccessKeyId>"
    response = (
        f"<ErrorResponse><Error><Code>SignatureDoesNotMatch</Code>{key}</Error></ErrorResponse>".encode()
    )
    scene.server.queue("/", Reply(403, response), repeating(scene, 404))
    messages = []
    for port in ("", "", ":1"):
        endpoint = re.sub(r":\d+\Z", port, scene.feed) if port else scene.feed
        monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
        client.cache_clear()
        try:
            with pytest.raises(AwsError) as error:
                call(client("sts", "us-east-1", attempts=1), "get_caller_identity", "the caller's account")
        finally:
            client.cache_clear()
        messages.append(str(error.value))
    scene.output += repr(messages)
    assert [
        text
        for part, text in zip(("refused", "is not AWS's", "could not be reached"), messages, strict=True)
        if part not in text
    ] == []


def test_dagster_servers_leak_no_secret(scene: Scene, full: bool, figure: Figure) -> None:
    """Search logs, events and pages of the real daemon, webserver and code server; in full mode only."""
    if not full:
        return
    scene.server.queue(EXPORT, repeating(scene, 401))
    scene.server.queue("/broken", Reply(500, scene.hook.encode()))
    env = scene.env | {"VELIB_ALERTS": f"log,webhook:{scene.hook.replace(HOOK, '/broken')}"}
    assert scene.velib("tick") == 1
    with dagster_dev(scene.folder / "home", env, "-w", str(CHECKOUT / "workspace.yaml")) as server:
        server.wait(
            "the webhook is called",
            lambda: [r for r in scene.server.requests if r.path.startswith("/broken")],
            90,
        )
        server.wait("the failure is logged", lambda: "returned HTTP 500" in server.text(), 60)
        scene.output += json.dumps(server.ask(EVERYTHING))
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
