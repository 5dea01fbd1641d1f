"""What several files of a published month share: title, description, date, and the form of JSON."""

from __future__ import annotations

import json
from typing import Any

from velib_assets.ingest.response import SIMULATOR
from velib_assets.lake.keys import day_text, iso_z
from velib_assets.lake.months import month_text
from velib_assets.lake.schema import Column
from velib_assets.lake.text import counted
from velib_assets.publish.month_data import MonthData
from velib_assets.publish.provenance import DataSource, Provenance
from velib_assets.publish.published_tables import HISTORY


def title_of(data: MonthData, provenance: Provenance) -> str:
    """Return the title; simulated data are called so."""
    simulated = " (simulated)" if SIMULATOR in data.feeds else ""
    return f"{provenance.network}: station snapshots of {month_text(data.month)}{simulated}"


def description_of(data: MonthData, provenance: Provenance) -> str:
    """Return one paragraph about the data set."""
    first, last = (iso_z(moment) for moment in data.times)
    rows = f"{data.rows[HISTORY.name]:,} rows from {first} to {last}"
    what = "Fictional data of a simulator. " if SIMULATOR in data.feeds else ""
    where = ", ".join(filter(None, (provenance.network, provenance.place)))
    return (
        f"{what}Bikes and free docks at {counted(data.stations, 'station')} of {where}: "
        f"{rows}, with indicators of each day, the station register, and the coverage of "
        "every quarter of an hour."
    )


def sources_of(data: MonthData, provenance: Provenance) -> list[DataSource]:
    """Return where the month's records come from."""
    return provenance.sources_of(data.feeds)


def authors_of(data: MonthData, provenance: Provenance) -> list[str]:
    """Return whom to credit and to cite: the authors of all sources, each once."""
    return list(dict.fromkeys(name for source in sources_of(data, provenance) for name in source.authors))


def release_date(data: MonthData) -> str:
    """Return the date that the metadata give: that of the last snapshot, because the clock's would differ."""
    return day_text(data.times[1].date())


def described(column: Column) -> str:
    """Return a column's description with its unit."""
    return f"{column.description} ({column.unit})" if column.unit else column.description


def json_bytes(document: Any) -> bytes:  # noqa: ANN401 - JSON
    """Encode JSON for people and programs: indented, in UTF-8, with a line break at its end."""
    return (json.dumps(document, ensure_ascii=False, indent=2) + "\n").encode("utf-8")
