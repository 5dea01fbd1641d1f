"""No secret leaks: canaries in the environment and in addresses, runs that succeed and fail, and a search.

What is searched: all that was printed, logged, written into the lake and into DAGSTER_HOME, and every alert.
"""

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
from velib_assets_tests.guarantees.canaries import CANARIES, HOOK, IN_ADDRESSES, Scene, leaks, repeating
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
        scene.said += caplog.text
        found = {name: leaked for name, data in scene.written() if (leaked := leaks(data))}
    assert found == {}


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
    """The portal through the whole command in the whole form; else the feed alone, for all try for 45 s."""
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
    if full and source == "opendata":
        assert scene.velib("tick", **env) == 1
        return
    found = feed_of(Settings.from_env(scene.env | env))
    found._fetcher = Fetcher(deadline=0.5)  # type: ignore[attr-defined] # the default tries for 45 s
    with pytest.raises((FeedError, ValueError)) as error:
        found.fetch(utc_now())
    scene.said += f"{error.value} {error.value!r}"


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
        for words, text in zip(("refused", "is not AWS's", "could not be reached"), said, strict=True)
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
        server.wait("and that is logged", lambda: "returned HTTP 500" in server.text(), 60)
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
