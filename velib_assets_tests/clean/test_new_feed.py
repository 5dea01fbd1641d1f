"""A new feed is one file and one line of the feed table: audit, both paths and drift follow from it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import velib_assets

PACKAGE = Path(velib_assets.__file__).parent
DEFINITION = """
from velib_assets.ingest.feeds.definition import BOOLEAN, LIST, NUMBER, TEXT, FeedDefinition, Field

FEED = FeedDefinition(
    name="toy",
    base_url="https://toy.example",
    files=(("body", "/stations.json"),),
    setting="VELIB_TOY_URL",
    fields=(
        Field("id", (TEXT,), "station_id"),
        Field("label", (TEXT,), "name"),
        Field("open", (BOOLEAN,), "is_installed"),
        Field("lends", (BOOLEAN,), "is_renting"),
        Field("accepts", (BOOLEAN,), "is_returning"),
        Field("free", (NUMBER,), "docks"),
        Field("parked", (NUMBER,), "bikes"),
        Field("kinds", (LIST,), members=(("human", "mechanical"), ("motor", "ebikes"))),
        Field("seen", (TEXT,), "reported_ts"),
    ),
)
"""
LINE = "        toy.FEED,\n"
SCRIPT = """
import json
from datetime import datetime, timezone
from velib_assets.clean.fast_path import type_fast
from velib_assets.clean.general_path import type_general
from velib_assets.clean.hour import RawObject, clean_hour
from velib_assets.ingest.audit import audit
from velib_assets.ingest.feeds.feed_table import definition_of
from velib_assets.ingest.feeds.live_feed import live_feed
from velib_assets.ingest.raw_object import encode_raw
from velib_assets.ingest.decode import decode
from velib_assets.ingest.json_document import dump
from velib_assets.ingest.response import FeedResponse, UnusableError
from velib_assets.lake.keys import raw_key

hour = datetime(2026, 3, 2, 10, tzinfo=timezone.utc)
station = {
    "id": "a", "label": "A", "open": True, "lends": True, "accepts": False, "free": 4, "parked": 6,
    "kinds": [{"human": 5}, {"motor": 1}], "seen": "2026-03-02T09:59:00Z",
}
records = [{**station, "id": str(n)} for n in range(3)]
feed = definition_of("toy")
(fast,) = type_fast([memoryview(dump(records))], feed)
general = type_general(records, feed)
assert fast.table.equals(general.table) and fast.drift == general.drift, (fast, general)

def problem(changed):
    try:
        audit(changed, "toy")
    except UnusableError as error:
        return error.code

response = FeedResponse("toy", {"body": dump([{**r, "label": 7, "extra": 1} for r in records])})
raw = RawObject(raw_key(hour), "hash", encode_raw("toy", hour, hour, decode(response)))
clean = clean_hour(hour, [raw])
print(json.dumps({
    "row": {k: str(v) for k, v in general.table.to_pylist()[0].items()},
    "audit": [problem(records), problem([{**r, "id": None} for r in records]), problem([{"id": "a"}])],
    "drift": clean.summary.drift, "rows": len(clean.table), "name": live_feed("toy").name,
}))
"""


def test_a_feed_is_one_file_and_one_line(tmp_path: Path) -> None:
    copy = tmp_path / "velib_assets"
    shutil.copytree(PACKAGE, copy, ignore=shutil.ignore_patterns("__pycache__"))
    feeds = copy / "ingest" / "feeds"
    (feeds / "toy.py").write_text(DEFINITION, encoding="utf-8")
    table = (feeds / "feed_table.py").read_text(encoding="utf-8")
    changed = table.replace("        gbfs.FEED,\n", "        gbfs.FEED,\n" + LINE)
    changed = changed.replace("import gbfs, opendata\n", "import gbfs, opendata, toy\n")
    assert changed.count("toy") == 2  # its import, and its line
    (feeds / "feed_table.py").write_text(changed, encoding="utf-8")
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        env=environment,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert result["audit"] == [None, "no_identity", "missing_field"]
    assert result["drift"] == [[], ["extra"], ["label: number instead of text"], []]
    assert (result["rows"], result["name"]) == (3, "toy")
    assert result["row"] == {
        "station_id": "0",
        "name": "A",
        "commune": "None",
        "lat": "None",
        "lon": "None",
        "is_installed": "True",
        "is_renting": "True",
        "is_returning": "False",
        "capacity": "None",
        "bikes": "6",
        "mechanical": "5",
        "ebikes": "1",
        "docks": "4",
        "reported_ts": "2026-03-02 09:59:00+00:00",
    }
