"""The value of a wrong setting, which may hold a secret, is not repeated in messages."""

from collections.abc import Callable
from pathlib import Path

import pytest

from velib_assets.alerts.sinks import Alert, AlertError, sinks_of
from velib_assets.settings import Settings, SettingsError
from velib_assets_tests.guarantees.canaries import HOOK, leaks

pytestmark = pytest.mark.promise("security")
Figure = Callable[[str, float], None]

WRONG = {
    "VELIB_ALERTS": [
        "webhook:ftp://h/canaryToken0009",
        "webhook:http://h/x?a=1,canaryToken0009",
        "https://hooks.example/canaryToken0009",
        "webhok:https://hooks.example/canaryToken0009",
        "sns:canaryToken0009",
        "webhook:http://[canaryToken0009",
        "webhook:http://h:canaryToken0009/",
        "canaryToken0009",
    ],
    "VELIB_OPENDATA_URL": [
        "http://canaryUser0007:canaryToken0009@h/?k=canaryToken0009",
        "http://[canaryToken0009",
    ],
    "VELIB_GBFS_URL": ["ftp://canaryUser0007:canaryToken0009@h", "http://h/#canaryToken0009"],
    "VELIB_ARCHIVE": ["s3://AKIACANARY00000KEYID:canaryToken0009@Bucket/x", "https://canaryToken0009@h/x"],
    "VELIB_LAKE": ["s3://AKIACANARY00000KEYID:canaryToken0009@bucket/lake"],
}


@pytest.mark.parametrize(("name", "value"), [(name, value) for name in WRONG for value in WRONG[name]])
def test_wrong_setting_is_named_without_its_value(name: str, value: str, figure: Figure) -> None:
    with pytest.raises(SettingsError, match=name) as error:
        Settings.from_env({"VELIB_SOURCE": "archive", name: value})
    assert leaks(str(error.value).encode()) == []
    figure("wrong settings", 1)


def test_repr_of_settings_shows_no_url() -> None:
    text = repr(
        Settings.from_env(
            {"VELIB_ALERTS": f"webhook:http://h{HOOK}", "VELIB_GBFS_URL": "http://u:canaryToken0009@h"}
        )
    )
    assert leaks(text.encode()) == []


@pytest.mark.parametrize(
    "url",
    [
        "http://" + "x" * 70 + "/canaryToken0009",
        "http://\udc80/canaryToken0009",
        "http://h:1\n/canaryToken0009",
    ],
)
def test_invalid_url_is_an_error_without_it(url: str) -> None:
    """A codec or urllib3 raises an error that quotes the URL and that requests does not wrap."""
    (sink,) = sinks_of(Settings(lake=Path("lake"), alerts=(f"webhook:{url}",)))
    with pytest.raises(AlertError, match="webhook 1 cannot be reached") as error:
        sink.send(Alert("1", "WARN", "t", "x"))
    assert leaks(str(error.value).encode()) == []
