"""The settings, read from the environment here and nowhere else; all wrong ones are reported at once."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from functools import partial
from pathlib import Path
from typing import TypeVar

from velib_assets.aws.names import Names
from velib_assets.home_lakes import lakes_of
from velib_assets.ingest.feeds.archive_columns import parse_columns
from velib_assets.ingest.feeds.feed_table import FEEDS
from velib_assets.ingest.feeds.live_feed import feed_url
from velib_assets.ingest.response import GBFS, OPENDATA
from velib_assets.lake.folder_store import FolderStore
from velib_assets.lake.keys import SOURCE, hour_text
from velib_assets.lake.network import KEY, VELIB, network_key, network_name, network_zone
from velib_assets.lake.other_networks import other_network_text, other_networks
from velib_assets.setting_readers import (
    one_of,
    read_alerts,
    read_archive,
    read_bucket,
    read_days,
    read_days_or_off,
    read_first_hour,
    read_home,
    read_lake,
    read_zone,
)
from velib_assets.simulator.faults import Fault, parse_faults
from velib_assets.simulator.gbfs_setting import parse_gbfs

CHECKOUT = Path(__file__).resolve().parent.parent
# Holds the default lakes. An installed package is not in a checkout, and keeps no data beside its code.
WORKPLACE = CHECKOUT if (CHECKOUT / "pyproject.toml").is_file() else Path.cwd()
OLD_HOME = CHECKOUT / ".dagster"  # before each lake had its own
TARGETS = ("local", "aws")
SOURCES = (*FEEDS, "archive", "simulator")
FIRST_HOUR = datetime(2018, 1, 1, tzinfo=UTC)  # when the present operator of Vélib' began
CATALOG_MODES = ("api", "crawler")
CLEAN_RUNTIMES = ("glue_shell", "lambda", "glueetl")
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
    def from_env(cls, environ: Mapping[str, str] | None = None, *, fetches: bool = True) -> Settings:
        """Read the settings from the environment, or from `environ` in tests.

        Args:
            environ: The variables.
            fetches: Whether the feed may be fetched, so that another network needs the address of its feed.

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
        read("VELIB_TIMEZONE", "UTC", network_zone)
        read("VELIB_NETWORK_NAME", key or VELIB, network_name)
        if key not in (None, KEY):
            problems.append(
                f"VELIB_NETWORK: this process works for {KEY}, so it cannot work for {key} too. Set it "
                "before velib_assets is imported, and give each network a code location of its own"
            )
        source = read("VELIB_SOURCE", OPENDATA if KEY == VELIB else GBFS, one_of(SOURCES))
        target = read("VELIB_TARGET", "local", one_of(TARGETS))
        aws = target == "aws"
        if fetches and source == OPENDATA and KEY != VELIB:
            problems.append(f"VELIB_SOURCE: the portal has Vélib' alone, not {KEY}; set gbfs")
        if aws and source == "simulator":
            problems.append(
                "VELIB_SOURCE: the simulator does not write to AWS; set opendata, gbfs or archive"
            )
        values = {
            "target": target,
            "source": source,
            "lake": read("VELIB_LAKE", str(WORKPLACE / "lake"), read_lake),
            "feed_urls": {
                feed.name: read(
                    feed.setting,
                    feed.base_url,
                    partial(feed_url, feed, needed=fetches and source == feed.name and not aws),
                )
                for feed in FEEDS.values()
            },
            "archive": read("VELIB_ARCHIVE", "", read_archive if source == "archive" else str),
            "archive_timezone": read("VELIB_ARCHIVE_TIMEZONE", "UTC", read_zone),
            "archive_columns": read("VELIB_ARCHIVE_COLUMNS", "", parse_columns),
            "first_hour": read("VELIB_FIRST_HOUR", hour_text(FIRST_HOUR), read_first_hour),
            "alerts": read("VELIB_ALERTS", "log", read_alerts),
            "schedule_on": read("VELIB_SCHEDULE", "off", one_of(("on", "off"))) == "on",
            "keep_runs_days": read("VELIB_KEEP_RUNS_DAYS", "30", read_days),
            "keep_hours_days": read("VELIB_KEEP_HOURS_DAYS", "off", read_days_or_off),
            "simulator_faults": read("VELIB_SIMULATOR_FAULTS", "", parse_faults),
            "simulator_gbfs": read(
                "VELIB_SIMULATOR_GBFS", "off", partial(parse_gbfs, simulated=source == "simulator")
            ),
            "catalog_mode": read("VELIB_CATALOG_MODE", "api", one_of(CATALOG_MODES)),
            "clean_runtime": read("VELIB_CLEAN_RUNTIME", "glue_shell", one_of(CLEAN_RUNTIMES)),
            "names": Names(
                bucket=read("VELIB_BUCKET", "", read_bucket if aws else str) or "",
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


def dagster_home(settings: Settings, environ: Mapping[str, str] | None = None) -> Path:
    """Return the folder of Dagster's runs: DAGSTER_HOME, or the lake's own.

    A lake that has adopted the home of an earlier version, `.dagster` in the checkout, keeps it.

    Raises:
        SettingsError: Dagster cannot use the folder.
    """
    env = os.environ if environ is None else environ
    try:
        if chosen := env.get("DAGSTER_HOME", "").strip():
            return read_home(chosen)
        adopted = lakes_of(OLD_HOME).get(SOURCE) == settings.lake_address
        return read_home(str(OLD_HOME if adopted else settings.own_home))
    except ValueError as error:
        raise SettingsError(f"DAGSTER_HOME: {error}") from None


def _others_in(lake: Path) -> list[str]:
    try:
        return other_networks(FolderStore(lake))
    except OSError:  # what opens the lake says why it cannot be read
        return []
