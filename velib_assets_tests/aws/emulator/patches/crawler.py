"""The Glue crawler: reads files below its S3 targets and writes tables and partitions."""

from __future__ import annotations

import json
import threading
import time
from collections import defaultdict
from fnmatch import fnmatch
from typing import Any
from urllib.parse import urlsplit

from velib_assets_tests.aws.emulator.patches import crawler_tables, patching
from velib_assets_tests.aws.emulator.patches.crawler_tables import Found
from velib_assets_tests.aws.emulator.patches.glue_logs import LogStream
from velib_assets_tests.aws.emulator.patches.role_session import role_environment, s3_client

_UNSEEN_SECONDS = 10
"""How long a state waits for a GetCrawler, so that a poller sees each state."""
_seen: defaultdict[tuple[str, str], threading.Event] = defaultdict(threading.Event)
"""By crawler and state: set as soon as a GetCrawler has returned it."""


def apply() -> None:
    """Replace the start and record polls; ministack keeps the definition of a crawler."""
    glue = patching.service("glue")
    patching.require(
        glue, "_crawlers", "_databases", "_tables", "_partitions", "_create_table", "_update_table"
    )
    patching.replace(glue, "_start_crawler", start)
    patching.wrap(glue, "_get_crawler", _noted)


def _noted(stock: Any) -> Any:
    def get(data: dict[str, Any]) -> patching.Response:
        response: patching.Response = stock(data)
        if response[0] == 200:
            _seen[data["Name"], json.loads(response[2])["Crawler"]["State"]].set()
        return response

    return get


def start(data: dict[str, Any]) -> patching.Response:
    """StartCrawler."""
    crawler = patching.service("glue")._crawlers.get(data["Name"])
    if crawler is None:
        return patching.error(
            "EntityNotFoundException", f"Crawler entry with name {data['Name']} does not exist"
        )
    if crawler["State"] != "READY":
        message = f"Crawler with name {data['Name']} has already started"
        return patching.error("CrawlerRunningException", message)
    for state in ("RUNNING", "STOPPING"):
        _seen[data["Name"], state].clear()
    crawler["State"] = "RUNNING"
    patching.in_background(lambda: _crawl(crawler), f"crawler-{data['Name']}")
    return patching.ok({})


def _crawl(crawler: dict[str, Any]) -> None:
    began = time.time()
    last: dict[str, Any] = {
        "StartTime": began,
        "LogGroup": "/aws-glue/crawlers",
        "LogStream": crawler["Name"],
    }
    try:
        summary = [_target(crawler, target) for target in (crawler["Targets"] or {}).get("S3Targets", [])]
        last |= {"Status": "SUCCEEDED", "MessagePrefix": ""}
    except Exception as problem:  # noqa: BLE001 - any error goes into the crawler's record
        summary = [f"ERROR : {type(problem).__name__}: {problem}"]
        last |= {"Status": "FAILED", "ErrorMessage": f"{problem}"}
    _log(crawler["Name"], summary)
    if _seen[crawler["Name"], "RUNNING"].wait(_UNSEEN_SECONDS):
        crawler["State"] = "STOPPING"
        _seen[crawler["Name"], "STOPPING"].wait(_UNSEEN_SECONDS)
    crawler.update(LastCrawl=last, CrawlElapsedTime=int((time.time() - began) * 1000), State="READY")


def _target(crawler: dict[str, Any], target: dict[str, Any]) -> str:
    """Crawl one S3 path with the crawler's permissions; an empty path gives no table."""
    url = urlsplit(target["Path"])
    prefix = url.path.strip("/") + "/" if url.path.strip("/") else ""
    client = s3_client(role_environment(crawler["Role"], "AWS-Crawler"))
    objects = []
    for page in client.get_paginator("list_objects_v2").paginate(Bucket=url.netloc, Prefix=prefix):
        for record in page.get("Contents", []):
            relative = record["Key"][len(prefix) :]
            if record["Size"] and not _is_excluded(relative, target.get("Exclusions", [])):
                body = client.get_object(Bucket=url.netloc, Key=record["Key"])["Body"].read()
                objects.append(Found(relative, body))
    if not objects:
        return f"INFO : nothing found in {target['Path']}"
    return crawler_tables.write(crawler, f"s3://{url.netloc}/{prefix}", objects)


def _is_excluded(relative: str, exclusions: list[str]) -> bool:
    hidden = any(part.startswith(("_", ".")) for part in relative.split("/"))
    return hidden or any(fnmatch(relative, pattern.replace("**", "*")) for pattern in exclusions)


def _log(name: str, lines: list[str]) -> None:
    logs = patching.service("cloudwatch_logs")
    streams = logs._log_groups.get("/aws-glue/crawlers", {}).get("streams", {})
    stream = name if name not in streams else f"{name}-{time.time_ns()}"
    LogStream("/aws-glue/crawlers", stream, [f"{line}\n" for line in lines]).close()
