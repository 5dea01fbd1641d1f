"""Reads the values of settings. Each reader raises ValueError with what to write instead of a wrong text."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from urllib.parse import unquote
from zoneinfo import ZoneInfo

from velib_assets.ingest.http import is_http_url
from velib_assets.lake.keys import parse_hour
from velib_assets.lake.network import time_zone_of
from velib_assets.written_path import written_path

MAX_DAYS = 3650
MIN_HOURS_DAYS = 35  # the views of the last four weeks read hours
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_TOPIC = re.compile(r"arn:aws[a-z-]*:sns:[a-z0-9-]+:\d{12}:[A-Za-z0-9_-]+")


def one_of(allowed: tuple[str, ...]) -> Callable[[str], str]:
    """Return a reader that raises ValueError for any text that is not in `allowed`."""

    def check(text: str) -> str:
        if text.lower() not in allowed:
            raise ValueError(f"{text!r} is not one of {', '.join(allowed)}")
        return text.lower()

    return check


def read_days(text: str) -> int:
    """Read a number of days."""
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= MAX_DAYS):
        raise ValueError(f"{text!r} is not a number of days: write 1 to {MAX_DAYS}")
    return int(text)


def read_days_or_off(text: str) -> int | None:
    """Read a number of days that the views of four weeks do not need, or off."""
    if text.lower() == "off":
        return None
    if not (text.isascii() and text.isdigit() and MIN_HOURS_DAYS <= int(text) <= MAX_DAYS):
        raise ValueError(f"{text!r} is not off or a number of days: write {MIN_HOURS_DAYS} to {MAX_DAYS}")
    return int(text)


def read_bucket(text: str) -> str:
    """Read the name of a bucket."""
    if not text:
        raise ValueError("is required with VELIB_TARGET=aws: `terraform output -raw dagster_env` prints it")
    if not _BUCKET.fullmatch(text):
        raise ValueError(f"{text!r} is not the name of a bucket: write 3 to 63 of a-z, 0-9, - and .")
    return text


def read_lake(text: str) -> Path:
    """Read the folder of a lake, which need not exist."""
    if "://" in text:
        raise ValueError("is a URL, not a folder; on AWS, set VELIB_BUCKET")
    path = written_path(text)
    nearest = next(p for p in (path, *path.parents) if p.exists())
    if not nearest.is_dir():
        raise ValueError(f"{nearest} is a file, not a folder")
    if any(part.startswith(("date=", "hour=")) for part in path.parts):
        raise ValueError(f"{path} is inside a folder named like a partition (date= or hour=)")
    return path


def read_home(text: str) -> Path:
    """Read the folder of Dagster, which puts its path into the URL of its SQLite files as it is."""
    path = written_path(text)
    if "?" in str(path) or unquote(str(path)) != str(path):
        raise ValueError(
            f"{str(path)!r} has a ? or an escape such as %20, which Dagster takes for parts of a URL. "
            "Set it to a folder without them"
        )
    return path


def read_archive(text: str) -> str:
    """Read the folder or the `s3://` prefix of an archive; a folder must exist."""
    if not text:
        raise ValueError("is required with VELIB_SOURCE=archive: write a folder of recorded snapshots")
    if text.startswith("s3://"):
        if not _BUCKET.fullmatch(text[len("s3://") :].partition("/")[0]):
            raise ValueError("has no valid bucket: write s3://bucket/prefix")  # the text may hold a key
        return text
    if "://" in text:
        raise ValueError("is neither a folder nor s3://bucket/prefix")
    path = written_path(text)
    if not path.is_dir():
        raise ValueError(f"{path} is not a folder" if path.exists() else f"{path} does not exist")
    if not os.access(path, os.R_OK | os.X_OK):
        raise ValueError(f"{path} cannot be read")
    return str(path)


def read_zone(text: str) -> tzinfo:
    """Read a time zone."""
    return UTC if (name := time_zone_of(text)) == "UTC" else ZoneInfo(name)


def read_first_hour(text: str) -> datetime:
    """Read an hour that has begun."""
    first = parse_hour(text)
    if first > datetime.now(UTC):
        raise ValueError(f"{text} is in the future")
    return first


def read_alerts(text: str) -> tuple[str, ...]:
    """Read the sinks. Errors name the position of a sink, because its text may be a secret URL."""
    sinks = [part.strip() for part in text.split(",") if part.strip()]
    for position, sink in enumerate(sinks, 1):
        kind, _, rest = sink.partition(":")
        if kind == "webhook":
            if not is_http_url(rest):
                raise ValueError(f"part {position}: write webhook: and an http(s) URL")
        elif kind == "sns":
            if not _TOPIC.fullmatch(rest):
                example = "sns:arn:aws:sns:us-east-1:123456789012:name"
                raise ValueError(f"part {position}: write sns: and the ARN of a topic, as in {example}")
        elif kind == "file":
            path = written_path(rest)
            if not rest or path.is_dir():
                raise ValueError(f"part {position}: write file: and the path of a file")
            sinks[position - 1] = f"file:{path}"
        elif sink != "log":
            raise ValueError(
                f"part {position} is not a sink: write log, file:<path>, webhook:<url> or sns:<topic arn> "
                "(and %2C for a comma in a URL)"
            )
    return (*sinks,) or ("log",)
