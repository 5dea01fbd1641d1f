"""The setting VELIB_SIMULATOR_GBFS, which goes with the network."""

from __future__ import annotations

from pathlib import Path

import pytest

from velib_assets.settings import Settings, SettingsError, demo_settings
from velib_assets.simulator.gbfs_files import VERSIONS
from velib_assets.simulator.gbfs_setting import parse_gbfs


@pytest.mark.parametrize("version", VERSIONS)
def test_version_is_for_another_network(version: str) -> None:
    assert parse_gbfs(version, "simville") == version
    with pytest.raises(ValueError, match=rf"{version} is for another network.*VELIB_NETWORK=simville"):
        parse_gbfs(version, "velib")


def test_off_is_for_velib() -> None:
    assert parse_gbfs("OFF", "velib") == ""
    with pytest.raises(ValueError, match=r"set it to 3\.0 with VELIB_NETWORK=rouen"):
        parse_gbfs("off", "rouen")


def test_unused_simulator_takes_any_version() -> None:
    """A code location of a real feed may share the environment of a simulated one."""
    assert Settings.from_env({"VELIB_SIMULATOR_GBFS": "2.3"}).simulator_gbfs == "2.3"


@pytest.mark.parametrize("text", ["4.0", "3", "v3.0", "on"])
def test_unknown_version_is_one_line_with_the_known_ones(text: str) -> None:
    with pytest.raises(SettingsError, match=r"VELIB_SIMULATOR_GBFS: .* not one of off, 1\.0, 1\.1, .*3\.1"):
        Settings.from_env({"VELIB_SIMULATOR_GBFS": text})


def test_demo_takes_no_other_setting(tmp_path: Path) -> None:
    settings = demo_settings(tmp_path, {"VELIB_TARGET": "moon", "VELIB_SIMULATOR_FAULTS": "html"})
    assert settings == Settings(tmp_path, source="simulator", feed_urls=settings.feed_urls)
    with pytest.raises(SettingsError, match="VELIB_SIMULATOR_GBFS: '4' is not one of"):
        demo_settings(tmp_path, {"VELIB_SIMULATOR_GBFS": "4"})
