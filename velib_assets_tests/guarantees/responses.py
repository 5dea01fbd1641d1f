"""A good response of each feed, and the small changes from which damaged ones are made."""

import json
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Any

from velib_assets.ingest.feed_info import GBFS_PARTS
from velib_assets.ingest.json_document import dump
from velib_assets.ingest.response import GBFS, SIMULATOR
from velib_assets.simulator.simulator import Simulator
from velib_assets_tests.samples import record

COUNT = 40
STATIONS = 60  # of the simulator
Records = list[Any]
Parts = dict[str, Records]
Change = Callable[[Parts], Parts]

# The field of each column in every part of a response that has it.
FIELDS: dict[str, dict[str, str]] = {
    "code": {"body": "stationcode", GBFS_PARTS[0]: "stationCode", GBFS_PARTS[1]: "stationCode"},
    "name": {"body": "name", GBFS_PARTS[0]: "name"},
    "capacity": {"body": "capacity", GBFS_PARTS[0]: "capacity"},
    "lat": {"body": "coordonnees_geo", GBFS_PARTS[0]: "lat"},
    "bikes": {"body": "numbikesavailable", GBFS_PARTS[1]: "num_bikes_available"},
    "docks": {"body": "numdocksavailable", GBFS_PARTS[1]: "num_docks_available"},
    "ebikes": {"body": "ebike"},
    "installed": {"body": "is_installed", GBFS_PARTS[1]: "is_installed"},
    "renting": {"body": "is_renting", GBFS_PARTS[1]: "is_renting"},
    "reported": {"body": "duedate", GBFS_PARTS[1]: "last_reported"},
    "types": {GBFS_PARTS[1]: "num_bikes_available_types"},
}


def good(feed: str, taken: datetime) -> Parts:
    """The records of a good response: 40 stations, some of them short and some saturated."""
    reported = taken - timedelta(minutes=2)
    if feed == SIMULATOR:
        return {"body": json.loads(Simulator(stations=STATIONS).fetch(taken).bodies["body"])}
    if feed != GBFS:
        return {"body": [_station(n, duedate=reported.isoformat()) for n in range(COUNT)]}
    stations = [_station(n) for n in range(COUNT)]
    return {
        GBFS_PARTS[0]: [
            {"station_id": n, "stationCode": s["stationcode"], "name": s["name"]}
            | {"lat": 48.86, "lon": 2.27, "capacity": s["capacity"]}
            for n, s in enumerate(stations)
        ],
        GBFS_PARTS[1]: [
            {"station_id": n, "stationCode": s["stationcode"], "num_bikes_available": s["numbikesavailable"]}
            | {"num_docks_available": s["numdocksavailable"], "last_reported": int(reported.timestamp())}
            | {"num_bikes_available_types": [{"mechanical": s["mechanical"]}, {"ebike": s["ebike"]}]}
            | {"is_installed": 1, "is_renting": 1, "is_returning": 1}
            for n, s in enumerate(stations)
        ],
    }


def _station(number: int, **changes: Any) -> dict[str, Any]:
    bikes = (0, 3, 8, 20)[number % 4]
    numbers = {"numbikesavailable": bikes, "numdocksavailable": 20 - bikes, "mechanical": bikes, "ebike": 0}
    return record(str(1001 + number), **numbers, **changes)


def written(parts: Parts) -> dict[str, bytes]:
    """The bytes of a response by part."""
    if "body" in parts:
        return {"body": dump(parts["body"])}
    return {part: b'{"ttl": 3600, "data": {"stations": %s}}' % dump(rows) for part, rows in parts.items()}


def main_part(parts: Iterable[str]) -> str:
    """The part to which damages of bytes are applied: the export, or `station_status`."""
    return "body" if "body" in parts else GBFS_PARTS[1]


def same(parts: Parts) -> Parts:
    """Change nothing."""
    return parts


def is_selected(number: int, every: int) -> bool:
    """Whether a change of every n-th record applies to this one."""
    return number % every == 0


def each(change: Callable[[Any], Any], every: int = 1) -> Change:
    """Change every n-th record, in each part."""
    return lambda parts: {
        part: [change(row) if is_selected(n, every) else row for n, row in enumerate(rows)]
        for part, rows in parts.items()
    }


def put(column: str, value: Any, every: int = 20) -> Change:
    """Put a value into every n-th record."""
    fields = FIELDS[column]
    return lambda parts: {
        part: [
            row | {fields[part]: value} if part in fields and is_selected(n, every) else row
            for n, row in enumerate(rows)
        ]
        for part, rows in parts.items()
    }


def renamed(column: str, name: str | None, every: int = 1) -> Change:
    """Rename or remove a field in every n-th record."""
    fields = FIELDS[column]

    def change(part: str, row: Any) -> Any:
        pairs = ((name if key == fields.get(part) else key, value) for key, value in row.items())
        return {key: value for key, value in pairs if key is not None}

    return lambda parts: {
        part: [change(part, row) if is_selected(n, every) else row for n, row in enumerate(rows)]
        for part, rows in parts.items()
    }


def left_out(every: int = 20) -> Change:
    """Remove every n-th station."""
    return lambda parts: {
        part: [row for n, row in enumerate(rows) if not is_selected(n, every)] for part, rows in parts.items()
    }


def rows_of(change: Callable[[Records], Records]) -> Change:
    """Change the list of records of the main part."""

    def changed(parts: Parts) -> Parts:
        main = main_part(parts)
        return {**parts, main: change(parts[main])}

    return changed
