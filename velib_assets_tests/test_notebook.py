"""The notebook of docs/ runs from its first cell to its last."""

import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from velib_assets.lake.keys import HOUR
from velib_assets.query.kpis import KPIS
from velib_assets.settings import CHECKOUT
from velib_assets_tests.simulated_lake import simulated_lake

NOTEBOOK = json.loads((CHECKOUT / "docs" / "lake.ipynb").read_text(encoding="utf-8"))
FIRST = datetime(2026, 3, 3, 10, tzinfo=UTC)


@pytest.fixture(params=["absolute", "relative"])
def names(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Return the names that the code cells leave, run in order on a lake of two hours.

    Jupyter runs them in the notebook's folder; a relative VELIB_LAKE starts at the checkout nevertheless.
    """
    monkeypatch.chdir(CHECKOUT / "docs")
    simulated_lake(tmp_path / "lake", FIRST, 2)
    for name in [name for name in os.environ if name.startswith("VELIB_")]:
        monkeypatch.delenv(name)
    lake = str(tmp_path / "lake")
    monkeypatch.setenv("VELIB_LAKE", lake if request.param == "absolute" else os.path.relpath(lake, CHECKOUT))
    defined: dict[str, Any] = {}
    for cell in NOTEBOOK["cells"]:
        if cell["cell_type"] == "code":
            exec("".join(cell["source"]), defined)  # noqa: S102 - our own notebook
    return defined


def test_notebook_reads_the_lake(names: dict[str, Any]) -> None:
    hours = names["hours"].df()
    assert list(hours["date"] + "T" + hours["hour"]) == [f"{FIRST + n * HOUR:%Y-%m-%dT%H}" for n in range(2)]
    assert hours["n"].sum() == len(names["engine"].query("SELECT * FROM source_velib"))
    assert list(names["by_hour"].index) == [11, 12]  # Paris
    top10 = next(kpi for kpi in KPIS if kpi.name == "kpi_top10_2hour")
    assert list(names["top10"].columns) == [column.name for column in top10.schema]
    assert len(names["top10"]) == 10


def test_notebook_is_stored_without_output() -> None:
    assert (NOTEBOOK["nbformat"], NOTEBOOK["nbformat_minor"]) == (4, 4)
    cells = [cell for cell in NOTEBOOK["cells"] if cell["cell_type"] == "code"]
    assert {(cell["execution_count"], len(cell["outputs"])) for cell in cells} == {(None, 0)}
