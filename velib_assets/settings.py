"""The settings, read from the environment here and nowhere else; all wrong ones are reported at once."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from functools import partial
from pathlib import Path
from typing import TypeVar
from zoneinfo import ZoneInfo

from velib_assets.aws.names import Names
from velib_assets.home_lakes import lakes_of
from velib_assets.ingest.feeds.archive_columns import parse_columns
from velib_assets.ingest.feeds.feed_table import FEEDS
from velib_assets.ingest.feeds.live_feed import feed_url
from velib_assets.ingest.http import is_http_url
from velib_assets.ingest.response import OPENDATA
from velib_assets.lake.folder_store import FolderStore
from velib_assets.lake.keys import SOURCE, hour_text, parse_hour
from velib_assets.lake.network import KEY, VELIB, network_key, network_name, time_zone_of
from velib_assets.lake.other_networks import other_network_text, other_networks
from velib_assets.simulator.faults import Fault, parse_faults
from velib_assets.simulator.gbfs_setting import parse_gbfs
from velib_assets.written_path import written_path

CHECKOUT = Path(__file__).resolve().parent.parent
# Holds the default lakes. An installed package is not in a checkout, and keeps no data beside its code.
WORKPLACE = CHECKOUT if (CHECKOUT / "pyproject.toml").is_file() else Path.cwd()
OLD_HOME = CHECKOUT / ".dagster"  # before each lake had its own
TARGETS = ("local", "aws")
SOURCES = (*FEEDS, "archive", "simulator")
FIRST_HOUR = datetime(2018, 1, 1, tzinfo=UTC)  # when the present operator of Vélib' began
CATALOG_MODES = ("api", "crawler")
CLEAN_RUNTIMES = ("glue_shell", "lambda", "glueetl")
MAX_DAYS = 3650
MIN_HOURS_DAYS = 35  # the views of the last four weeks read hours
_DEFAULT_NAMES = Names("")
_AWS_NAMES = {
    "region": "AWS_REGION",
    "function": "VELIB_LAMBDA",
    "job": "VELIB_GLUE_JOB",
    "crawler": "VELIB_CRAWLER",
    "database": "VELIB_DATABASE",
    "workgroup": "VELIB_WORKGROUP",
    "clean_function": "VELIB_CLEAN_LAMBDA",
}
_TOPIC = re.compile(r"arn:aws[a-z-]*:sns:[a-z0-9-]+:\d{12}:[A-Za-z0-9_-]+")
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")

_T = TypeVar("_T")


class SettingsError(Exception):
    """Settings are wrong or missing: one line per setting, which starts with the name of its variable."""


@dataclass(frozen=True)
class Settings:
    """Every setting, validated."""

    lake: Path
    target: str = "local"
    source: str = "opendata"
    feed_urls: Mapping[str, str] = field(default_factory=dict, repr=False)  # may hold passwords
    archive: str = ""
    archive_timezone: tzinfo = UTC
    archive_columns: Mapping[str, str] = field(default_factory=dict)
    first_hour: datetime = FIRST_HOUR
    alerts: tuple[str, ...] = field(default=("log",), repr=False)  # the URL of a webhook is a secret
    schedule_on: bool = False
    keep_runs_days: int = 30
    keep_hours_days: int | None = None  # all hours stay
    simulator_faults: tuple[Fault, ...] = ()
    simulator_gbfs: str = ""  # the portal's form
    catalog_mode: str = "api"
    clean_runtime: str = "glue_shell"
    names: Names = _DEFAULT_NAMES

    @property
    def lake_address(self) -> str:
        """The absolute path of the lake without links, or `s3://bucket`."""
        return f"s3://{self.names.bucket}" if self.target == "aws" else os.path.realpath(self.lake)

    @property
    def own_home(self) -> Path:
        """The DAGSTER_HOME of this lake if none is set: in the lake, for a bucket in the checkout."""
        return OLD_HOME if self.target == "aws" else self.lake / ".dagster"

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None) -> Settings:
        """Read the settings from the environment, or from `environ` in tests.

        Raises:
            SettingsError: A setting is wrong. The message says what to write, in one line per setting.
        """
        env = os.environ if environ is None else environ
        problems: list[str] = []

        def read(name: str, default: str, check: Callable[[str], _T]) -> _T | None:
            try:
                return check(env.get(name, "").strip() or default)
            except ValueError as error:
                problems.append(f"{name}: {error}")
                return None

        key = read("VELIB_NETWORK", VELIB, network_key)
        read("VELIB_TIMEZONE", "UTC", time_zone_of)
        read("VELIB_NETWORK_NAME", key or VELIB, network_name)
        if key not in (None, KEY):
            problems.append(
                f"VELIB_NETWORK: this process works for {KEY}, so it cannot work for {key} too. Set it "
                "before velib_assets is imported, and give each network a code location of its own"
            )
        source = read("VELIB_SOURCE", "opendata", one_of(SOURCES))
        target = read("VELIB_TARGET", "local", one_of(TARGETS))
        aws = target == "aws"
        if source == OPENDATA and KEY != VELIB:
            problems.append(f"VELIB_SOURCE: the portal has Vélib' alone, not {KEY}; set gbfs")
        if aws and source == "simulator":
            problems.append(
                "VELIB_SOURCE: the simulator does not write to AWS; set opendata, gbfs or archive"
            )
        values = {
            "target": target,
            "source": source,
            "lake": read("VELIB_LAKE", str(WORKPLACE / "lake"), _lake),
            "feed_urls": {
                feed.name: read(
                    feed.setting,
                    feed.base_url,
                    partial(feed_url, feed, needed=source == feed.name and not aws),
                )
                for feed in FEEDS.values()
            },
            "archive": read("VELIB_ARCHIVE", "", _archive if source == "archive" else str),
            "archive_timezone": read("VELIB_ARCHIVE_TIMEZONE", "UTC", _zone),
            "archive_columns": read("VELIB_ARCHIVE_COLUMNS", "", parse_columns),
            "first_hour": read("VELIB_FIRST_HOUR", hour_text(FIRST_HOUR), _first_hour),
            "alerts": read("VELIB_ALERTS", "log", _alerts),
            "schedule_on": read("VELIB_SCHEDULE", "off", one_of(("on", "off"))) == "on",
            "keep_runs_days": read("VELIB_KEEP_RUNS_DAYS", "30", _days),
            "keep_hours_days": read("VELIB_KEEP_HOURS_DAYS", "off", _days_or_off),
            "simulator_faults": read("VELIB_SIMULATOR_FAULTS", "", parse_faults),
            "simulator_gbfs": read(
                "VELIB_SIMULATOR_GBFS", "off", partial(parse_gbfs, simulated=source == "simulator")
            ),
            "catalog_mode": read("VELIB_CATALOG_MODE", "api", one_of(CATALOG_MODES)),
            "clean_runtime": read("VELIB_CLEAN_RUNTIME", "glue_shell", one_of(CLEAN_RUNTIMES)),
            "names": Names(
                bucket=read("VELIB_BUCKET", "", _bucket if aws else str) or "",
                **{
                    field: read(variable, getattr(_DEFAULT_NAMES, field), str) or ""
                    for field, variable in _AWS_NAMES.items()
                },
            ),
        }
        if key and not aws and isinstance(values["lake"], Path) and (others := _others_in(values["lake"])):
            problems.append(f"VELIB_NETWORK: {other_network_text(str(values['lake']), others, 'VELIB_LAKE')}")
        if problems:
            raise SettingsError("\n".join(problems))
        return cls(**values)  # type: ignore[arg-type] # each is of its reader's type


def demo_settings(lake: Path, environ: Mapping[str, str] | None = None) -> Settings:
    """Return the settings of `velib demo`: those of the network and the simulator's form, no other.

    Raises:
        SettingsError: as `Settings.from_env`.
    """
    env = os.environ if environ is None else environ
    names = ("VELIB_NETWORK", "VELIB_TIMEZONE", "VELIB_NETWORK_NAME", "VELIB_SIMULATOR_GBFS")
    chosen = {name: env[name] for name in names if name in env}
    return Settings.from_env({**chosen, "VELIB_SOURCE": "simulator", "VELIB_LAKE": str(lake)})


def one_of(allowed: tuple[str, ...]) -> Callable[[str], str]:
    """Return a reader that raises ValueError for any text that is not in `allowed`."""

    def check(text: str) -> str:
        if text.lower() not in allowed:
            raise ValueError(f"{text!r} is not one of {', '.join(allowed)}")
        return text.lower()

    return check


def dagster_home(settings: Settings, environ: Mapping[str, str] | None = None) -> Path:
    """Return the folder of Dagster's runs: DAGSTER_HOME, or the lake's own.

    A lake that has adopted the home of an earlier version, `.dagster` in the checkout, keeps it.
    """
    env = os.environ if environ is None else environ
    if chosen := env.get("DAGSTER_HOME", "").strip():
        try:
            return written_path(chosen)
        except ValueError as error:
            raise SettingsError(f"DAGSTER_HOME: {error}") from None
    adopted = lakes_of(OLD_HOME).get(SOURCE) == settings.lake_address
    return OLD_HOME if adopted else settings.own_home


def _days(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= MAX_DAYS):
        raise ValueError(f"{text!r} is not a number of days: write 1 to {MAX_DAYS}")
    return int(text)


def _days_or_off(text: str) -> int | None:
    if text.lower() == "off":
        return None
    if not (text.isascii() and text.isdigit() and MIN_HOURS_DAYS <= int(text) <= MAX_DAYS):
        raise ValueError(f"{text!r} is not off or a number of days: write {MIN_HOURS_DAYS} to {MAX_DAYS}")
    return int(text)


def _bucket(text: str) -> str:
    if not text:
        raise ValueError("is required with VELIB_TARGET=aws: `terraform output -raw dagster_env` prints it")
    if not _BUCKET.fullmatch(text):
        raise ValueError(f"{text!r} is not the name of a bucket: write 3 to 63 of a-z, 0-9, - and .")
    return text


def _lake(text: str) -> Path:
    if "://" in text:
        raise ValueError("is a URL, not a folder; on AWS, set VELIB_BUCKET")
    path = written_path(text)
    nearest = next(p for p in (path, *path.parents) if p.exists())
    if not nearest.is_dir():
        raise ValueError(f"{nearest} is a file, not a folder")
    if any(part.startswith(("date=", "hour=")) for part in path.parts):
        raise ValueError(f"{path} is inside a folder named like a partition (date= or hour=)")
    return path


def _others_in(lake: Path) -> list[str]:
    try:
        return other_networks(FolderStore(lake))
    except OSError:  # what opens the lake says why it cannot be read
        return []


def _archive(text: str) -> str:
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


def _zone(text: str) -> tzinfo:
    return UTC if (name := time_zone_of(text)) == "UTC" else ZoneInfo(name)


def _first_hour(text: str) -> datetime:
    first = parse_hour(text)
    if first > datetime.now(UTC):
        raise ValueError(f"{text} is in the future")
    return first


def _alerts(text: str) -> tuple[str, ...]:
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
