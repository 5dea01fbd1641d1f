"""Views that were dropped or no longer match their table are defined again when they are read."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any

import pytest

from velib_assets.query.engine import QueryError
from velib_assets.query.kpis import KPIS
from velib_assets_tests.aws.twin_lakes import TwinLakes

COUNT = "SELECT count(*) AS n FROM kpi_shortage"
UNCHANGED = ["Name", "TableType", "Parameters", "PartitionKeys", "StorageDescriptor", "ViewExpandedText"]


def drop(lakes: TwinLakes, view: str) -> None:
    """Delete a view. Athena then says TABLE_NOT_FOUND."""
    lakes.emulator.client("glue").delete_table(DatabaseName=lakes.names.database, Name=view)


def make_stale(lakes: TwinLakes, view: str) -> None:
    """Give a view's definition a column of another type, as after a change of the table: VIEW_IS_STALE."""

    def other_type(definition: dict[str, Any]) -> None:
        definition["columns"][1]["type"] = "integer"

    _edit(lakes, view, other_type)


def make_invalid(lakes: TwinLakes, view: str) -> None:
    """Let a view read a column that the table does not have any more: INVALID_VIEW."""

    def other_query(definition: dict[str, Any]) -> None:
        definition["originalSql"] = "SELECT gone FROM source_velib"

    _edit(lakes, view, other_query)


def _edit(lakes: TwinLakes, view: str, change: Callable[[dict[str, Any]], None]) -> None:
    glue = lakes.emulator.client("glue")
    table = glue.get_table(DatabaseName=lakes.names.database, Name=view)["Table"]
    definition = json.loads(base64.b64decode(table["ViewOriginalText"].split()[3]))
    change(definition)
    text = f"/* Presto View: {base64.b64encode(json.dumps(definition).encode()).decode()} */"
    values = {name: table[name] for name in UNCHANGED}
    glue.update_table(DatabaseName=lakes.names.database, TableInput={**values, "ViewOriginalText": text})


LOSSES = [(drop, "TABLE_NOT_FOUND"), (make_stale, "VIEW_IS_STALE"), (make_invalid, "INVALID_VIEW")]


@pytest.mark.parametrize(("lose", "code"), LOSSES)
def test_lost_view_is_defined_again_without_delaying_others(
    lakes: TwinLakes, lose: Callable[[TwinLakes, str], None], code: str
) -> None:
    lakes.engine().read(KPIS)
    lose(lakes, "kpi_shortage")
    fresh = lakes.engine()
    assert len(fresh.read(KPIS[:1])[0].newest) == 2
    with pytest.raises(QueryError, match=code):
        fresh.read(KPIS)
    restored = fresh.read(KPIS[1:2])[0]
    assert (restored.changed, restored.newest["station_id"].to_pylist()) == (True, ["a"])
    assert len(fresh.read(KPIS[2:3])[0].newest) == 1
    assert not any(state.changed for state in fresh.read(KPIS))


@pytest.mark.parametrize(("lose", "code"), LOSSES)
def test_query_of_a_lost_view_is_answered(
    lakes: TwinLakes, lose: Callable[[TwinLakes, str], None], code: str
) -> None:
    """No tick reads `station_events` and `kpi_episodes` on Athena, so nothing else would notice."""
    engine = lakes.engine()
    engine.read(KPIS)
    lakes.catalog.declare_tables()
    engine.define_station_events()
    expected = engine.query(COUNT)["n"].iloc[0]
    for view in ("kpi_shortage", "station_events"):
        lose(lakes, view)
        with pytest.raises(QueryError, match=code):
            engine._athena.rows(f"SELECT * FROM {view}")  # noqa: S608 - a view's name
    assert engine.query(COUNT)["n"].iloc[0] == expected
    assert engine.query("SELECT count(*) AS n FROM station_events")["n"].iloc[0] == 0


def test_first_error_is_shown_if_a_view_cannot_be_defined(lakes: TwinLakes) -> None:
    """For example because the table itself is missing."""
    engine = lakes.engine()
    engine.read(KPIS)
    drop(lakes, "kpi_shortage")
    drop(lakes, "source_velib")
    with pytest.raises(QueryError, match=r"TABLE_NOT_FOUND.*kpi_shortage' does not exist"):
        engine.query(COUNT)


def test_tables_and_views_are_described_as_in_local_mode(lakes: TwinLakes) -> None:
    """Athena lists the partition keys twice, and views have no comments there."""
    engine, local = lakes.engine(), lakes.local()
    engine.read(KPIS)
    described = engine.query_table("DESCRIBE source_velib")
    assert described.column_names == ["col_name", "data_type", "comment"]
    assert described.equals(local.query_table("DESCRIBE source_velib"))
    names = engine.query_table(f"SHOW COLUMNS IN {lakes.names.database}.source_velib")["field"].to_pylist()
    assert names == described["col_name"].to_pylist()
    view = engine.query_table("DESCRIBE kpi_shortage")
    expected = local.query_table("DESCRIBE kpi_shortage")
    assert view.column("col_name").equals(expected.column("col_name"))
    shown = engine.query_table("SHOW PARTITIONS source_velib")["partition"].to_pylist()
    assert sorted(shown) == local.query_table("SHOW PARTITIONS source_velib")["partition"].to_pylist()
