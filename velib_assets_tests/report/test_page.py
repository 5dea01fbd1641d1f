"""The page as Python builds it: escaping, policy, size, texts, and the chart library's script."""

import re
from concurrent.futures import ThreadPoolExecutor
from importlib.resources import files
from pathlib import Path

import platformdirs
import pytest

from velib_assets.report.page import vega
from velib_assets.report.page.html import SCRIPTS, page_html

MARKUP = '</script><script>alert(1)</script><!-- <script> "quotes" \u2028 \ud800'


def test_data_cannot_end_its_script_element() -> None:
    html = page_html({"stations": {"name": [MARKUP]}})
    assert "<script>alert" not in html
    assert html.count("<script") == 3
    assert html.count("</script>") == 3
    html.encode()


def test_policy_allows_own_scripts_only_and_nothing_is_linked() -> None:
    html = page_html({})
    [policy] = re.findall(r'Content-Security-Policy" content="([^"]+)"', html)
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert not re.search(
        r"""(?:src|href)=["']?(?:https?:)?//""", html.split('<script type="application/json"')[0]
    )


def test_nan_is_refused() -> None:
    with pytest.raises(ValueError, match="JSON"):
        page_html({"fill_rate": float("nan")})


def test_day_of_1500_stations_fits_in_4_7_mb() -> None:
    """With 48-letter names, half of them accented, and more areas and episodes than any recorded day."""
    stations, names = 1500, "Écuyère été " * 4
    time, rate = "2022-06-05T23:34:56.789Z", 0.12345678901234567
    row = [time, "10001", names, "Paris 10e", 29, 31, 60, rate, False, "2022-06-05", "23"]
    episode = {"station_id": "10001", "name": names, "start_ts": time, "end_ts": time, "minutes": 1203}
    report = {
        "stations": {name: [value] * stations for name, value in zip("abcdefghijk", row, strict=True)},
        "history": {"bikes": [[29] * 96] * stations, "docks": [[31] * 96] * stations},
        "kpis": {"kpi_taux_remplissage": {"rows": [row] * stations}},
        "episodes": [episode] * 4000,
        "areas": [{"name": names, "rings": [[2.34567] * 120], "label": [2.34567] * 2, "room": 0.01234}] * 100,
        "events": [row] * 200,
        "daily": {"calendar": [dict.fromkeys((names + str(n) for n in range(20)), rate)] * 90},
    }
    assert len(page_html(report).encode()) < 4_700_000


@pytest.mark.parametrize("network", ["texts_velib", "texts_network"])
def test_all_scripts_are_joined_and_all_texts_exist(network: str) -> None:
    folder = files("velib_assets.report.page") / "js"
    assert {entry.name for entry in folder.iterdir()} == {f"{name}.js" for name in SCRIPTS}
    other = ({"texts_velib", "texts_network"} - {network}).pop()
    texts = {name: (folder / f"{name}.js").read_text(encoding="utf-8") for name in SCRIPTS if name != other}
    template = (files("velib_assets.report.page") / "template.html").read_text(encoding="utf-8")
    named = re.findall(r"^  (\w+): \[", texts.pop("texts") + texts[network], re.MULTILINE)
    keys = set(named)
    assert len(named) == len(keys)
    texts[network] = re.sub(r"^  \w+: \[", "", texts[network], flags=re.MULTILINE)
    rest = "\n".join([*texts.values(), template])
    used = set(re.findall(r'\b(?:t|phrase)\(\s*"(\w+)"', rest)) | set(
        re.findall(r'data-(?:text|label)="(\w+)"', rest)
    )
    assert used <= keys
    unused = {key for key in keys - used if not re.search(rf"\b{key}\b|state_", rest)}
    assert unused == set()


@pytest.fixture
def cache_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return an empty cache folder, with a library script that builds instantly."""
    vega.vega_script.cache_clear()
    monkeypatch.setattr(platformdirs, "user_cache_dir", lambda *_, **__: tmp_path / "cache")
    monkeypatch.setattr(vega, "_build", lambda: "x" * 1_000_000)
    monkeypatch.setattr(vega, "vega_script", vega.vega_script.__wrapped__)
    return tmp_path / "cache"


def test_concurrent_readers_get_whole_cached_script(cache_folder: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(lambda _: len(vega.vega_script()), range(64))) == {1_000_000}
    [only] = cache_folder.iterdir()
    assert only.stat().st_size == 1_000_000


def test_page_is_built_without_writable_cache(cache_folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    cache_folder.write_text("a file where the folder should be")
    assert len(vega.vega_script()) == 1_000_000
    assert "is built each time" in caplog.text
