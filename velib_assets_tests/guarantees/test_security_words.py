"""Text from a feed stays text wherever it is shown.

An hour of stations with hostile names goes through the whole graph; then the lake's keys, the UI's Markdown,
the terminal, tables, CSV, JSON, alerts and SQL are checked.
"""

import csv
import gzip
import io
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import pyarrow as pa
import pytest
from click.testing import CliRunner
from markdown_it import MarkdownIt

from velib_assets.alerts.sinks import Alert, LogSink, WebhookSink
from velib_assets.cli.commands import main
from velib_assets.defs.kpi_views import markdown
from velib_assets.ingest.feeds.archive import Archive
from velib_assets.ingest.step import Ingest
from velib_assets.lake.folder_store import FolderStore
from velib_assets.lake.listing import quarantine_reasons, utc_now
from velib_assets.lake.text import one_line, visible
from velib_assets.settings import Settings
from velib_assets_tests.defs.test_graph import archive, checks, run
from velib_assets_tests.http_server import LocalServer, Reply
from velib_assets_tests.kpi_lake import engine_over, row, rows_of, sql
from velib_assets_tests.samples import HOUR, at, body, record

pytestmark = pytest.mark.promise("security")
Figure = Callable[[str, float], None]

HOSTILE = (
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "[x](javascript:alert(1))",
    "![x](http://evil.example/x.png)",
    "| a | b |\n| --- | --- |",
    "`x` **x** _x_ ~~x~~ # x",
    "&lt;b&gt; &#60;b&#62;",
    "see https://evil.example/x or www.evil.example",
    "HTTP://EVIL.EXAMPLE WWW.evil.example",
    "write to a@evil.example",
    "\x1b[31mred\x1b[0m\x1b]0;title\x07",
    "\x9b31m\x90q\x9c",
    "\u202egnp.exe \u2066x\u2069 \u200b\ufeff",
    '=HYPERLINK("http://evil.example")',
    "+1+1",
    "-1+1",
    "@SUM(A1)",
    "\t=1+1",
    "'; DROP TABLE source_velib; --",
    '" OR 1=1 --',
    "it''s \\' $$ /* */",
    "a\r\nb\x00c\x85d\u2028e",
    "../../../../etc/passwd",
    "/etc/passwd",
    "date=2001-01-01/hour=00",
    "<!channel> <http://evil.example|click>",
    "${jndi:ldap://evil.example} {{7*7}} %s %n",
    "x" * 5000,
)
KEYS = {name: index for index, name in enumerate(HOSTILE)}
REPORT_FILE = re.compile(r"reports/(velib_report\.html|data/[a-z0-9_]+\.(csv|parquet)|state/[a-z_]+\.json)")
LAKE_KEY = re.compile(
    r"(raw|clean|rejects|quarantine)/source=velib/date=2022-06-04/hour=10/"
    r"(velib_20220604_10\d{4}[\w.]*|stations\.parquet|rejects\.parquet)"
    r"|stations/source=velib/stations\.parquet"
)


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> tuple[Settings, str]:
    """Run an hour of hostile names; return its settings and the descriptions of its checks, one per line."""
    folder = tmp_path_factory.mktemp("hostile")
    stations = [record(name, name=name, nom_arrondissement_communes=name) for name in HOSTILE]
    rejects = [record(name, name=name, capacity=-1) for name in HOSTILE]
    snapshots = {
        at(0): body([stations[0] | KEYS, *stations[1:], *rejects]),
        at(30): body([]).replace(b"[]", json.dumps(KEYS).encode()),
        at(45): "\x1b[31m<b>\u202e".encode(),
    }
    settings = Settings(
        lake=folder / "lake", source="archive", archive=str(archive(folder / "archive", snapshots))
    )
    with dg.DagsterInstance.local_temp(overrides={"telemetry": {"enabled": False}}) as instance:
        result = run(settings, instance, HOUR)
        assert result.success
    return settings, "\n".join(check.description or "" for check in checks(result).values())


def test_lake_keys_depend_on_time_alone(hostile: tuple[Settings, str]) -> None:
    lake = hostile[0].lake
    keys = [path.relative_to(lake).as_posix() for path in lake.rglob("*") if path.is_file()]
    ours = [key for key in keys if REPORT_FILE.fullmatch(key) or key == "catalog.sqlite"]
    others = sorted({*keys} - {*ours})
    assert len(others) == 8
    assert [key for key in others if not LAKE_KEY.fullmatch(key)] == []
    assert sorted(path.name for path in lake.parent.iterdir()) == ["archive", "lake"]


def test_preview_is_one_table_of_plain_text(figure: Figure) -> None:
    """For CommonMark with tables, and for the UI's rules for bare URLs."""
    text = markdown(pa.table({"name": [*HOSTILE], "again": [*HOSTILE]}))
    tokens = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"]).parse(text)
    inner = [part for token in tokens for part in token.children or ()]
    assert {token.type.rpartition("_")[0] or token.type for token in tokens} <= {
        "table", "thead", "tbody", "tr", "th", "td", "inline",
    }  # fmt: skip
    assert {part.type for part in inner} == {"text"}
    assert sum(token.type == "tr_open" for token in tokens) == len(HOSTILE) + 1
    shown = "".join(part.content for part in inner)
    assert not re.search(r"https?:|www\.|[-.\w+]@[-\w]", shown, re.IGNORECASE)
    assert visible(shown.replace("\N{WORD JOINER}", "")) == shown.replace("\N{WORD JOINER}", "")
    assert "<script>alert(1)</script>" in shown
    figure("hostile names", len(HOSTILE))


def velib(settings: Settings, *arguments: str) -> str:
    result = CliRunner().invoke(main, list(arguments), env={"VELIB_LAKE": str(settings.lake)})
    assert result.exit_code == 0, result.stderr
    return result.stdout


NAMES = "SELECT station_id, name, commune FROM source_velib ORDER BY station_id"


def test_table_does_not_act_on_the_terminal(hostile: tuple[Settings, str]) -> None:
    lines = velib(hostile[0], "query", NAMES).splitlines()
    assert len(lines) == len(HOSTILE) + 2
    assert [line for line in lines if not line.isprintable()] == []


def test_csv_has_no_formula_and_does_not_act_on_the_terminal(hostile: tuple[Settings, str]) -> None:
    text = velib(hostile[0], "query", NAMES, "--format", "csv")
    rows = list(csv.reader(io.StringIO(text)))
    assert len(rows) == len(HOSTILE) + 1
    assert [cell for row in rows for cell in row if cell[:1] in "=+-@\t\r" and cell] == []
    assert [line for line in text.splitlines() if not line.isprintable()] == []
    assert velib(hostile[0], "query", "SELECT -1 AS n, 'Vélib' AS t", "--format", "csv") == "n,t\n-1,Vélib\n"


def test_json_is_exact_and_does_not_act_on_the_terminal(hostile: tuple[Settings, str]) -> None:
    text = velib(hostile[0], "query", NAMES, "--format", "json")
    assert [line for line in text.split("\n") if not line.isprintable()] == []
    names = {one["name"] for one in json.loads(text)}
    assert names == {name.strip() for name in HOSTILE}


def test_messages_about_an_hour_are_printable_and_short(hostile: tuple[Settings, str]) -> None:
    """New field names and reasons quote the feed."""
    settings, messages = hostile
    assert "new: " in messages
    assert "it contains: " in messages
    assert [line[:200] for line in messages.split("\n") if not line.isprintable()] == []
    assert "x" * 300 not in messages
    plain = MarkdownIt("commonmark").parse("\n\n".join(messages.split("\n")))
    types = {part.type for token in plain for part in token.children or ()}
    assert types.isdisjoint({"link_open", "image"})
    assert not re.search(r"(https?|ftp)://[^1\s]|www\.|\w@\w", messages, re.IGNORECASE)
    reasons = quarantine_reasons(FolderStore(settings.lake), HOUR)
    assert len(reasons) == 2
    assert [one["reason"] for one in reasons if not one["reason"].isprintable()] == []


@pytest.mark.parametrize("name", HOSTILE, ids=range(len(HOSTILE)))
def test_quoted_name_finds_its_row_and_runs_nothing(name: str, engine: Any, figure: Figure) -> None:
    """Quotes are doubled, as in any SQL; SQL cannot contain NUL."""
    quoted = name.replace("\x00", "").replace("'", "''")
    assert rows_of(engine, sql("SELECT name FROM source_velib WHERE name =", f"'{quoted}'")) == [
        (name.replace("\x00", ""),)
    ]
    figure("names in SQL", 1)


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Any:
    rows = [row(str(n), 0, 20, name=name.replace("\x00", "")) for n, name in enumerate(HOSTILE)]
    return engine_over(tmp_path_factory.mktemp("names"), rows)


def test_log_alert_is_one_line_and_webhook_mentions_nobody(caplog: pytest.LogCaptureFixture) -> None:
    alert = Alert("1", "WARN", "\x1b[31mtitle", "a\x1b[2J\nERROR [2] forged: line <!channel> & <http://x|y>")
    LogSink().send(alert)
    assert caplog.messages == [
        "WARN [1] \ufffd[31mtitle: a\ufffd[2J; ERROR [2] forged: line <!channel> & <http://x|y>"
    ]
    with LocalServer() as server:
        server.queue("/hook", Reply())
        WebhookSink("webhook 1", server.url + "/hook").send(alert)
        text = json.loads(server.requests[0].body)["text"]
    assert "<" not in text
    assert "&lt;!channel&gt; &amp; &lt;http" in text


@pytest.mark.parametrize(
    "path",
    ["../../out/20220604T100000Z.json", "/etc/20220604T100000Z.json", "a/../..//20220604T100000Z.json"],
)
def test_archive_member_is_stored_under_its_time(path: str, lake: Path, tmp_path: Path) -> None:
    """A bucket may have such keys."""

    class Bucket(Archive):
        def _paths(self) -> Iterator[str]:
            yield path

        def _read(self, path: str) -> bytes:  # noqa: ARG002 - every member is the same
            return body([record()])

    Ingest(FolderStore(lake), Bucket("s3://bucket")).restore(HOUR, utc_now())
    (stored,) = (candidate for candidate in tmp_path.rglob("*") if candidate.is_file())
    assert LAKE_KEY.fullmatch(stored.relative_to(lake).as_posix())


def test_links_in_an_archive_and_in_the_lake_are_ignored(lake: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "20220604T100000Z.json").write_bytes(body([record("secret")]))
    (outside / "velib_20220604_101500.json.gz").write_bytes(gzip.compress(b'{"results": [' + b"]}"))
    folder = archive(tmp_path / "archive", {at(30): body([record()])})
    (folder / "20220604T100000Z.json").symlink_to(outside / "20220604T100000Z.json")
    (folder / "more").symlink_to(outside)
    store = FolderStore(lake)
    assert [taken.ingested_at for taken in Ingest(store, Archive(folder)).restore(HOUR, utc_now())] == [
        at(30)
    ]
    raw = lake / "raw" / "source=velib" / "date=2022-06-04" / "hour=10"
    (raw / "velib_20220604_101500.json.gz").symlink_to(outside / "velib_20220604_101500.json.gz")
    assert [
        item.key.rpartition("/")[2] for item in store.list("raw/source=velib/date=2022-06-04/hour=10/")
    ] == ["velib_20220604_103000.json.gz"]


def test_one_line_is_truncated_and_printable() -> None:
    assert one_line("é" * 300, 10) == "é" * 9 + "…"
    assert one_line("a\nb\x1b\ud800") == "a\ufffdb\ufffd\ufffd"
