"""An invented network and the rows of all its KPIs, which a process of this network computes."""

import json
import random
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from velib_assets.query.daily_kpis import DAILY_KPIS
from velib_assets.query.kpis import VIEWS
from velib_assets_tests.kpi_lake import engine_over, row
from velib_assets_tests.query.daily_lake import DailyLake

DAY = date(2024, 11, 5)
FIRST = datetime(2024, 11, 4, 20, tzinfo=UTC)
SNAPSHOTS = 4 * 30  # every quarter of an hour
NO_CAPACITY, VIRTUAL = "no capacity", "virtual"
OVERFULL = 30  # bikes at a capacity of 10
KINDS = ("docks", "no docks", NO_CAPACITY, VIRTUAL)


def network_rows(kinds: tuple[str, ...] = KINDS) -> list[dict[str, Any]]:
    """Rows of a network with five stations of each kind."""
    dice = random.Random("rouen")  # noqa: S311 - a city, not a secret
    return [
        _row(dice, f"{kind} {n}", kind, FIRST + timedelta(minutes=15 * step))
        for step in range(SNAPSHOTS)
        for kind in kinds
        for n in range(5)
        if dice.random() > 0.03
    ]


def _row(dice: random.Random, code: str, kind: str, taken: datetime) -> dict[str, Any]:
    bikes: int | None = dice.choice((0, 0, 1, 5, 9, 10, 10, None))
    capacity = None if kind == NO_CAPACITY else 10
    docks = 10 - bikes if bikes is not None and kind in ("docks", VIRTUAL) and dice.random() > 0.1 else None
    known = bikes is not None and docks is not None
    if kind == "no docks" and bikes == OVERFULL // 3 - 1:
        bikes = OVERFULL
    rate = None if bikes is None or capacity is None or (kind == "docks" and not known) else bikes / capacity
    flags: dict[str, Any] = {
        name: dice.choice((True,) * 9 + (False, None))
        for name in ("is_installed", "is_renting", "is_returning")
    }
    return row(
        code,
        bikes,
        docks,
        ingested_ts=taken,
        reported_ts=taken,
        arrondissement=dice.choice(("North", "South", None)),
        capacity=capacity,
        fill_rate=rate,
        mechanical=None,
        ebikes=None,
        is_stale=dice.random() < 0.1,
        is_virtual={VIRTUAL: True, "docks": False}.get(kind),
        **flags,
    )


def rows_of_views(lake: Path) -> dict[str, list[dict[str, Any]]]:
    """Return the rows of all views, and of the daily KPIs of DAY, by name, as they are printed as JSON."""
    rows = network_rows()
    engine, daily = engine_over(lake / "hours", rows), DailyLake(lake / "days", rows)
    names = {view.name: f"SELECT * FROM {view.name} ORDER BY {view.order}" for view in VIEWS}  # noqa: S608 - our own
    found = {name: engine.query_table(sql).to_pylist() for name, sql in names.items()}
    found |= {kpi.name: daily.rows(kpi.name, DAY) for kpi in DAILY_KPIS}
    printed: dict[str, list[dict[str, Any]]] = json.loads(json.dumps(found, default=str))
    return printed
