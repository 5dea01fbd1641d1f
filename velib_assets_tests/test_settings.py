"""Settings: all wrong variables are reported at once, in one line each."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from velib_assets.settings import CHECKOUT, Settings, SettingsError, dagster_home


def test_defaults_are_the_documented_ones() -> None:
    settings = Settings.from_env({})
    assert (settings.target, settings.source, settings.alerts) == ("local", "opendata", ("log",))
    assert settings.lake == CHECKOUT / "lake"
    assert not settings.schedule_on
    assert settings.keep_runs_days == 30


def test_all_wrong_variables_are_reported_at_once(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    with pytest.raises(SettingsError) as error:
        Settings.from_env(
            {
                "VELIB_TARGET": "moon",
                "VELIB_SOURCE": "rss",
                "VELIB_LAKE": str(file / "lake"),
                "VELIB_OPENDATA_URL": "portal",
                "VELIB_ALERTS": "pigeon",
                "VELIB_SCHEDULE": "maybe",
                "VELIB_KEEP_RUNS_DAYS": "for ever",
            }
        )
    lines = sorted(str(error.value).splitlines())
    assert [line.partition(":")[0] for line in lines] == [
        "VELIB_ALERTS",
        "VELIB_KEEP_RUNS_DAYS",
        "VELIB_LAKE",
        "VELIB_OPENDATA_URL",
        "VELIB_SCHEDULE",
        "VELIB_SOURCE",
        "VELIB_TARGET",
    ]


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        (
            "VELIB_NETWORK",
            "Bay-Wheels",
            "'Bay-Wheels' is not the key of a network: .*, for example bay_wheels",
        ),
        ("VELIB_NETWORK", "rouen", "this process works for velib, so it cannot work for rouen too"),
        ("VELIB_TIMEZONE", "posix/Europe/Paris", "'posix/Europe/Paris' is not the same time zone everywhere"),
        ("VELIB_TIMEZONE", "Mars", "'Mars' is not a time zone: write UTC or a name such as Europe/Paris"),
        ("VELIB_NETWORK_NAME", "x" * 101, "write one line of up to 100 characters"),
    ],
)
def test_wrong_network_is_reported(name: str, value: str, message: str) -> None:
    with pytest.raises(SettingsError, match=f"^{name}: {message}"):
        Settings.from_env({name: value, "VELIB_SOURCE": "simulator"})


@pytest.mark.parametrize("folder", ["source=", "source=velib.old", "source=Rouen", "source=\x1b[31m"])
def test_folder_that_no_network_has_written_is_ignored(folder: str, tmp_path: Path) -> None:
    (tmp_path / "clean" / folder).mkdir(parents=True)
    assert Settings.from_env({"VELIB_LAKE": str(tmp_path)}).lake == tmp_path


def test_lake_of_another_network_is_reported(tmp_path: Path) -> None:
    """A key that is wrong itself is reported alone."""
    (tmp_path / "clean" / "source=rouen").mkdir(parents=True)
    lake = {"VELIB_LAKE": str(tmp_path)}
    message = "VELIB_NETWORK: the lake .* holds the network rouen, so it cannot hold velib too. Set VELIB_N"
    with pytest.raises(SettingsError, match=message):
        Settings.from_env(lake)
    with pytest.raises(SettingsError) as error:
        Settings.from_env({**lake, "VELIB_NETWORK": "9"})
    assert len(str(error.value).splitlines()) == 1


@pytest.mark.parametrize(
    ("archive", "message"),
    [("", "is required"), ("/no/such/folder", "does not exist"), ("s3://B/x", "has no valid bucket")],
)
def test_unreadable_archive_is_reported(archive: str, message: str) -> None:
    with pytest.raises(SettingsError, match=rf"VELIB_ARCHIVE: .*{message}"):
        Settings.from_env({"VELIB_SOURCE": "archive", "VELIB_ARCHIVE": archive})


def test_archive_is_only_checked_if_it_is_the_source() -> None:
    assert Settings.from_env({"VELIB_ARCHIVE": "/no/such/folder"}).source == "opendata"


@pytest.mark.parametrize("days", ["0", "-1", "3651", "1.5", "²"])
def test_retention_is_a_positive_number_of_days(days: str) -> None:
    """With 0 days, the run that deletes old runs would delete itself."""
    with pytest.raises(SettingsError, match=r"VELIB_KEEP_RUNS_DAYS: .*1 to 3650"):
        Settings.from_env({"VELIB_KEEP_RUNS_DAYS": days})


def test_unknown_fault_is_reported() -> None:
    with pytest.raises(SettingsError, match=r"VELIB_SIMULATOR_FAULTS: .*hiccup"):
        Settings.from_env({"VELIB_SIMULATOR_FAULTS": "hiccup"})


def test_wrong_webhook_is_reported_without_its_url() -> None:
    """The URL may hold a secret."""
    with pytest.raises(SettingsError) as error:
        Settings.from_env({"VELIB_ALERTS": "webhook:ftp://example.org/s3cret"})
    assert "s3cret" not in str(error.value)


@pytest.mark.parametrize(
    ("value", "home"),
    [("", Path("/data/lake/.dagster")), ("~/runs", Path.home() / "runs"), ("runs", Path.cwd() / "runs")],
)
def test_dagster_home_is_an_absolute_path(value: str, home: Path) -> None:
    """`~` is the home of the user. By default it is in the lake."""
    assert dagster_home(Settings(lake=Path("/data/lake")), {"DAGSTER_HOME": value}) == home


@pytest.mark.parametrize("name", ["VELIB_LAKE", "VELIB_ARCHIVE", "VELIB_ALERTS", "DAGSTER_HOME"])
def test_home_of_an_unknown_user_is_reported(name: str) -> None:
    value = "file:~no-such-user/x" if name == "VELIB_ALERTS" else "~no-such-user/x"
    env = {"VELIB_SOURCE": "archive", "VELIB_ARCHIVE": "/", name: value}
    with pytest.raises(SettingsError, match=f"{name}: .*unknown user"):
        dagster_home(Settings.from_env(env), env)


@pytest.mark.parametrize("name", ["VELIB_LAKE", "VELIB_ARCHIVE", "VELIB_ALERTS", "DAGSTER_HOME"])
def test_path_that_is_not_in_utf8_is_reported(name: str, tmp_path: Path) -> None:
    path = os.fsdecode(os.fsencode(tmp_path) + b"/\xe9")
    Path(path).mkdir()
    value = f"file:{path}" if name == "VELIB_ALERTS" else path
    env = {"VELIB_SOURCE": "archive", "VELIB_ARCHIVE": "/", name: value}
    with pytest.raises(SettingsError, match=f"{name}: .*is not in UTF-8. Rename it") as error:
        dagster_home(Settings.from_env(env), env)
    assert str(error.value).isprintable()


@pytest.mark.parametrize("lake", ["/data/what?", "/data/per%20cent"])
def test_home_that_is_no_part_of_a_url_is_reported(lake: str) -> None:
    """Dagster would write its runs elsewhere, or not find them. Only what opens the home fails."""
    settings = Settings.from_env({"VELIB_LAKE": lake})
    with pytest.raises(SettingsError, match=r"DAGSTER_HOME: .*Set it to a folder without them"):
        dagster_home(settings, {})
    assert dagster_home(settings, {"DAGSTER_HOME": "/data/100%"}) == Path("/data/100%")


def test_bucket_has_its_home_in_the_checkout() -> None:
    settings = Settings.from_env({"VELIB_TARGET": "aws", "VELIB_BUCKET": "a-bucket"})
    assert dagster_home(settings, {}) == CHECKOUT / ".dagster"


@pytest.mark.parametrize("zone", ["Paris", "Europe", "../etc/passwd", "Europe/Paris\0", "+02:00"])
def test_wrong_time_zone_is_reported(zone: str) -> None:
    with pytest.raises(SettingsError, match=r"VELIB_ARCHIVE_TIMEZONE: .* is not a time zone: write UTC or"):
        Settings.from_env({"VELIB_ARCHIVE_TIMEZONE": zone})


@pytest.mark.parametrize(
    ("first", "said"),
    [("2018", "is not an hour"), ("2999-01-01T00", "is in the future"), ("1969-01-01T00", "not")],
)
def test_wrong_first_hour_is_reported(first: str, said: str) -> None:
    with pytest.raises(SettingsError, match=f"VELIB_FIRST_HOUR: .*{said}"):
        Settings.from_env({"VELIB_FIRST_HOUR": first})


@pytest.mark.parametrize("url", ["https://h", "https://h/base/", "https://h/x/gbfs.json?key=s3cret"])
def test_address_of_the_gbfs_feed_is_a_base_url_or_that_of_a_discovery_document(url: str) -> None:
    settings = Settings.from_env({"VELIB_GBFS_URL": url})
    assert settings.feed_urls["gbfs"] == url.rstrip("/")
    assert "s3cret" not in repr(settings)


@pytest.mark.parametrize(
    "url", ["h/gbfs.json?key=s3cret", "https://h?key=s3cret", "ftp://h/gbfs.json?key=s3cret"]
)
def test_wrong_address_of_the_gbfs_feed_is_reported_without_it(url: str) -> None:
    with pytest.raises(SettingsError, match=r"VELIB_GBFS_URL: not ") as error:
        Settings.from_env({"VELIB_GBFS_URL": url})
    assert "s3cret" not in str(error.value)


OTHER_NETWORK = """
from velib_assets.settings import Settings, SettingsError
for env in (
    {"VELIB_SOURCE": "gbfs"},
    {"VELIB_SOURCE": "opendata"},
    {},
    {"VELIB_SOURCE": "simulator", "VELIB_SIMULATOR_GBFS": "3.0"},
    {"VELIB_SOURCE": "gbfs", "VELIB_GBFS_URL": "https://h/discovery?key=1"},
):
    try:
        print(Settings.from_env({"VELIB_NETWORK": "rouen", **env}).source)
    except SettingsError as error:
        print(error)
for env in ({}, {"VELIB_SOURCE": "gbfs"}, {"VELIB_SOURCE": "opendata"}):
    print(Settings.from_env({"VELIB_NETWORK": "rouen", **env}, fetches=False).source)
"""


def test_another_network_needs_the_address_of_its_feed() -> None:
    """A process works for one network, so this is in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-c", OTHER_NETWORK],
        env={"VELIB_NETWORK": "rouen", "PYTHONPATH": ":".join(sys.path)},
        capture_output=True,
        text=True,
        check=False,
    )
    portal = "VELIB_SOURCE: the portal has Vélib' alone, not rouen; set gbfs"
    required = "VELIB_GBFS_URL: is required for the network rouen: write the URL of its gbfs.json"
    reads = ["gbfs", "gbfs", "opendata"]
    found = done.stdout.splitlines()
    assert found == [required, portal, required, "simulator", "gbfs", *reads], done.stderr


ON_AWS = """
import os
from velib_assets.resources import build_resources
from velib_assets.settings import Settings
settings = Settings.from_env(os.environ)
ingest = build_resources(settings).ingest
print(ingest.source, repr(ingest._url), settings.names.function, settings.names.database)
"""


def test_on_aws_the_function_has_the_address_of_another_network() -> None:
    """The address may be a secret, which the host then need not have."""
    settings = {
        "VELIB_NETWORK": "rouen",
        "VELIB_TARGET": "aws",
        "VELIB_BUCKET": "lake",
        "VELIB_SOURCE": "gbfs",
    }
    env = {**settings, "PYTHONPATH": ":".join(sys.path), "AWS_REGION": "us-east-1"}
    done = subprocess.run(
        [sys.executable, "-c", ON_AWS], env=env, capture_output=True, text=True, check=False
    )
    assert done.stdout.split() == ["gbfs", "''", "rouen_ingest_lambda", "rouen_db_tf"], done.stderr
