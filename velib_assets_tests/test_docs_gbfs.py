"""The documented mapping of GBFS is the one that the code reads by."""

import json
import re

import pytest

from velib_assets.ingest.feeds.gbfs_mapping import BIKE_WORDS, FORMS, MAPPING, VEHICLES
from velib_assets.lake.schema import columns_of
from velib_assets_tests.clean.gbfs_snapshots import clean, information, rows, stations, status
from velib_assets_tests.test_docs import code, section, table
from velib_assets_tests.test_docs_values import plain


def test_documented_mapping_is_the_one_of_the_code() -> None:
    documented = [
        (code(column)[0], code(field)[0], versions, tuple(form.split(" or ")))
        for column, field, versions, form in table(
            "docs/data.md", "column in other networks", "field", "in", "form"
        )
    ]
    assert documented == [
        (mapped.column, source.path, source.versions, source.forms)
        for mapped in MAPPING
        for source in mapped.sources
    ]


def test_every_form_is_documented() -> None:
    assert dict(table("docs/data.md", "form", "a value")) == FORMS
    assert {form for mapped in MAPPING for source in mapped.sources for form in source.forms} == set(FORMS)


def test_documented_kinds_of_vehicles_are_those_of_the_code() -> None:
    rows = table("docs/data.md", "kind", "in `vehicle_types`", "word")
    for position, known in ((1, VEHICLES), (2, BIKE_WORDS)):
        assert {word: row[0] for row in rows for word in code(row[position])} == known


def test_every_other_column_of_other_networks_is_derived() -> None:
    read = {mapped.column for mapped in MAPPING}
    derived = {column.name for column in columns_of("rouen")} - read
    assert derived == {"ingested_ts", "arrondissement", "fill_rate", "is_stale"}
    text = section("docs/data.md", "## Other networks")
    assert {"is_virtual", "fill_rate", "arrondissement"} <= set(re.findall(r"`(\w+)`", text))


@pytest.mark.parametrize(
    ("field", "value", "column", "becomes"),
    table("docs/bad-input.md", "field of GBFS", "value", "column", "becomes"),
)
def test_value_becomes_what_the_table_says(field: str, value: str, column: str, becomes: str) -> None:
    described, reported = stations(20)
    entries = {"information": information("odd"), "status": status("odd")}
    part, _, name = code(field)[0].partition(".")
    for entry in entries.values() if name == "station_id" else [entries[part]]:
        entry[name] = json.loads(code(value)[0])
    cleaned = clean([*described, entries["information"]], [*reported, entries["status"]])
    if becomes.startswith("rejected: "):
        assert cleaned.summary.rejected == {becomes.removeprefix("rejected: "): 1}
        return
    (row,) = (
        found for key, found in rows(cleaned).items() if key not in {e["station_id"] for e in described}
    )
    assert plain(row[code(column)[0]]) == json.loads(code(becomes)[0])
