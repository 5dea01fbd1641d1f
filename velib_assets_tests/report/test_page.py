"""What Python puts together: escaping, the policy, the size, the words, and the chart library's script."""

import re
from concurrent.futures import ThreadPoolExecutor
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from velib_assets.report.page import vega
from velib_assets.report.page.html import SCRIPTS, page_html

MARKUP = '</script><script>alert(1)</script><!-- <script> "quotes" \u2028 \ud800'


def test_data_cannot_end_the_script_that_holds_it() -> None:
    html = page_html({"stations": {"name": [MARKUP]}})
    assert "<script>alert" not in html
    assert html.count("<script") == 3
    assert html.count("</script>") == 3
    html.encode()


def test_only_its_own_scripts_may_run_and_nothing_is_linked() -> None:
    html = page_html({})
    [policy] = re.findall(r'Content-Security-Policy" content="([^"]+)"', html)
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert not re.search(
        r"""(?:src|href)=["']?(?:https?:)?//""", html.split('<script type="application/json"')[0]
    )


def test_what_json_has_no_word_for_is_refused() -> None:
    with pytest.raises(ValueError, match="JSON"):
        page_html({"fill_rate": float("nan")})


def test_1500_stations_with_a_snapshot_every_quarter_of_an_hour_fit_in_5_mb() -> None:
    """With names of 40 letters, half of them accented, and more episodes than the worst day seen has had."""
    stations, names = 1500, "Écuyère été " * 4
    time, rate = "2022-06-05T23:34:56.789Z", 0.12345678901234567
    row = [time, "10001", names, "Paris 10e", 29, 31, 60, rate, False, "2022-06-05", "23"]
    episode = {"station_id": "10001", "name": names, "start_ts": time, "end_ts": time, "minutes": 1203}
    report = {
        "stations": {name: [value] * stations for name, value in zip("abcdefghijk", row, strict=True)},
        "history": {"bikes": [[29] * 96] * stations, "docks": [[31] * 96] * stations},
        "kpis": {"kpi_taux_remplissage": {"rows": [row] * stations}},
        "episodes": [episode] * 4000,
    }
    assert len(page_html(report).encode()) < 4_500_000


def test_every_script_is_joined_and_every_word_is_there() -> None:
    folder = files("velib_assets.report.page") / "js"
    assert {entry.name for entry in folder.iterdir()} == {f"{name}.js" for name in SCRIPTS}
    texts = {name: (folder / f"{name}.js").read_text(encoding="utf-8") for name in SCRIPTS}
    template = (files("velib_assets.report.page") / "template.html").read_text(encoding="utf-8")
    words = set(re.findall(r"^  (\w+): \[", texts.pop("words"), re.MULTILINE))
    rest = "\n".join([*texts.values(), template])
    asked = set(re.findall(r'\b(?:t|phrase)\(\s*"(\w+)"', rest)) | set(
        re.findall(r'data-(?:word|label)="(\w+)"', rest)
    )
    assert asked <= words
    unused = {word for word in words - asked if not re.search(rf"\b{word}\b|state_", rest)}
    assert unused == set()


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder for the library's script, and a script that takes no time to make."""
    vega.vega_script.cache_clear()
    monkeypatch.setattr(vega, "_folder", lambda: tmp_path / "cache")
    monkeypatch.setattr(vega, "_build", lambda: "x" * 1_000_000)
    yield_to: Any = tmp_path / "cache"
    monkeypatch.setattr(vega, "vega_script", vega.vega_script.__wrapped__)
    return Path(yield_to)


def test_whoever_reads_the_kept_script_reads_a_whole_one(kept: Path) -> None:
    """Also while others keep theirs; nothing half-written is left."""
    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(lambda _: len(vega.vega_script()), range(64))) == {1_000_000}
    [only] = kept.iterdir()
    assert only.stat().st_size == 1_000_000


def test_a_folder_that_cannot_be_written_costs_time_but_no_page(
    kept: Path, caplog: pytest.LogCaptureFixture
) -> None:
    kept.write_text("a file where the folder should be")
    assert len(vega.vega_script()) == 1_000_000
    assert "is built each time" in caplog.text
