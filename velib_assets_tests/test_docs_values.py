"""Values in an unusual form are read as docs/bad-input.md says."""

import json
from datetime import datetime
from typing import Any

import pytest

from velib_assets.clean.hour import clean_hour
from velib_assets_tests.samples import HOUR, raw, record, records
from velib_assets_tests.test_docs import code, table

ROWS = [
    (code(row[0])[0], code(row[1])[0], code(row[2])[0], row[3])
    for row in table("docs/bad-input.md", "field", "value", "column", "becomes")
]


def plain(value: Any) -> Any:
    return value.strftime("%Y-%m-%dT%H:%M:%SZ") if isinstance(value, datetime) else value


@pytest.mark.parametrize(("field", "value", "column", "becomes"), ROWS)
def test_value_becomes_what_the_table_says(field: str, value: str, column: str, becomes: str) -> None:
    odd = {**record("9999"), field: json.loads(value)}
    clean = clean_hour(HOUR, [raw([*records(), odd])])
    if becomes.startswith("rejected: "):
        assert [reject.reason.partition(":")[0] for *_, reject in clean.rejects] == [
            becomes[len("rejected: ") :]
        ]
        return
    assert clean.rejects == []
    row = next(
        row for row in clean.table.to_pylist() if row["station_id"] not in {str(1001 + n) for n in range(40)}
    )
    assert plain(row[column]) == json.loads(code(becomes)[0])
