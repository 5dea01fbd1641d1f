"""Settings: every bad variable is named, at once, in one line each."""

from pathlib import Path

import pytest

from velib_assets.settings import CHECKOUT, Settings, SettingsError, dagster_home


def test_the_defaults_are_those_of_the_contract() -> None:
    settings = Settings.from_env({})
    assert (settings.target, settings.source, settings.alerts) == ("local", "opendata", ("log",))
    assert settings.lake == CHECKOUT / "lake"
    assert not settings.schedule_on
    assert settings.keep_runs_days == 30


def test_every_bad_variable_is_named_at_once(tmp_path: Path) -> None:
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
    ("archive", "words"),
    [("", "is needed"), ("/no/such/folder", "does not exist"), ("s3://B/x", "names no bucket")],
)
def test_an_archive_that_cannot_be_read_is_named(archive: str, words: str) -> None:
    with pytest.raises(SettingsError, match=rf"VELIB_ARCHIVE: .*{words}"):
        Settings.from_env({"VELIB_SOURCE": "archive", "VELIB_ARCHIVE": archive})


def test_an_archive_is_only_looked_at_when_it_is_the_source() -> None:
    assert Settings.from_env({"VELIB_ARCHIVE": "/no/such/folder"}).source == "opendata"


@pytest.mark.parametrize("days", ["0", "-1", "3651", "1.5", "²"])
def test_a_retention_is_a_number_of_days(days: str) -> None:
    """With none at all the run that forgets would forget itself."""
    with pytest.raises(SettingsError, match=r"VELIB_KEEP_RUNS_DAYS: .*1 to 3650"):
        Settings.from_env({"VELIB_KEEP_RUNS_DAYS": days})


def test_an_unknown_fault_is_named() -> None:
    with pytest.raises(SettingsError, match=r"VELIB_SIMULATOR_FAULTS: .*hiccup"):
        Settings.from_env({"VELIB_SIMULATOR_FAULTS": "hiccup"})


def test_a_bad_webhook_is_refused_without_repeating_it() -> None:
    """The address may hold a secret."""
    with pytest.raises(SettingsError) as error:
        Settings.from_env({"VELIB_ALERTS": "webhook:ftp://example.org/s3cret"})
    assert "s3cret" not in str(error.value)


@pytest.mark.parametrize(
    ("named", "where"),
    [("", CHECKOUT / ".dagster"), ("~/runs", Path.home() / "runs"), ("runs", Path.cwd() / "runs")],
)
def test_a_home_is_a_whole_path(named: str, where: Path) -> None:
    """`~` means to Dagster, too, the user's folder."""
    assert dagster_home({"DAGSTER_HOME": named}) == where
