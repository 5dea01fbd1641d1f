"""What the report's reader can look up beyond the page: how much there is, and what to type."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from velib_assets.lake.keys import source_prefix
from velib_assets.lake.schema import QUARANTINE, REJECTS
from velib_assets.lake.store import LakeStore
from velib_assets.query.lake_tables import STATION_EVENTS

_CAUSE = "split_part(reason, ':', 1) AS cause"  # the rest of a reason is the value


def inspections(
    store: LakeStore, first: datetime, quarantined: int, rejects: Collection[datetime], events: int | None
) -> list[dict[str, Any]]:
    """Return the tables with details: their name, the count, and the command that shows them.

    Args:
        store: the lake. A bucket has no table for its quarantine; the command lists the objects.
        first: the first day that is counted, for quarantine and rejects.
        quarantined: the number of quarantined responses since then.
        rejects: the hours since then that have rejected records.
        events: the number of stations that changed, or None if there is no register.
    """
    since = f"WHERE date >= '{first:%Y-%m-%d}'"
    queries = [
        (QUARANTINE, "quarantine", quarantined, f"SELECT * FROM {QUARANTINE} {since}"),  # noqa: S608 - our own names and a date
        (
            REJECTS,
            "rejects",
            len(rejects),
            f"SELECT date, hour, {_CAUSE}, count(*) AS records FROM {REJECTS} {since} GROUP BY 1, 2, 3",  # noqa: S608 - likewise
        ),
    ]
    if events is not None:
        queries.append(
            (STATION_EVENTS, "stations", events, f"SELECT * FROM {STATION_EVENTS} ORDER BY event_ts DESC")  # noqa: S608 - likewise
        )
    return [
        {"name": name, "count": count, "command": _command(store, layer, query)}
        for name, layer, count, query in queries
    ]


def _command(store: LakeStore, layer: str, query: str) -> str:
    address = store.address(source_prefix(layer))
    if layer == "quarantine" and address.startswith("s3://"):
        return f"aws s3 ls --recursive {address}"
    return f'velib query "{query}"'
