"""Faults that break the simulator's responses as real feeds do, and the snapshots that they affect.

A fault is a function from the bytes of a good response to those of a broken one. Add one as a line in FAULTS.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any, NamedTuple

from velib_assets.lake.keys import slot_of

Record = dict[str, Any]
_EACH = 10  # a fault of single records affects every tenth
_HUGE = 2_000_000  # characters
_DESCRIPTION = ("name", "capacity", "coordonnees_geo", "nom_arrondissement_communes")
_IDENTITY = ("stationcode", *_DESCRIPTION)
_COUNTS = ("numdocksavailable", "numbikesavailable", "mechanical", "ebike")


class Fault(NamedTuple):
    """A configured fault: its name, the share of snapshots that it affects (0..1), or its one slot (UTC)."""

    name: str
    share: float = 1.0
    slot: datetime | None = None


def _records(change: Callable[[list[Record]], object]) -> Callable[[bytes], bytes]:
    """Return a fault that changes the decoded records of a response."""

    def fault(body: bytes) -> bytes:
        return json.dumps(change(json.loads(body)), ensure_ascii=False).encode("utf-8")

    return fault


def _each(change: Callable[[Record, int], Record], every: int = 1) -> Callable[[bytes], bytes]:
    """Return a fault that changes each `every`-th record; `change` also receives the number of the change."""
    return _records(
        lambda records: [
            change(record, n // every) if n % every == 0 else record for n, record in enumerate(records)
        ]
    )


def _set(names: Sequence[str], value: object) -> Callable[[Record, int], Record]:
    return lambda record, _: {**record, **dict.fromkeys(names, value)}


def _negative(record: Record, _: int) -> Record:
    return {**record, **{name: -1 - record[name] for name in _COUNTS}}


def _textual_dates(record: Record, n: int) -> Record:
    return {**record, "duedate": ("hier à midi", "23/11/2026 10:15", "")[n % 3]}


def _missing_dates(record: Record, n: int) -> Record:
    if n % 2:
        return {**record, "duedate": None}
    return {name: value for name, value in record.items() if name != "duedate"}


def _coordinates_text(record: Record, _: int) -> Record:
    geo = record["coordonnees_geo"]
    return {**record, "coordonnees_geo": f"{geo['lat']}, {geo['lon']}"}


def _coordinates_list(record: Record, _: int) -> Record:
    geo = record["coordonnees_geo"]
    return {**record, "coordonnees_geo": [geo["lon"], geo["lat"]]}


def _counts_as_text(record: Record, _: int) -> Record:
    return {**record, **{name: str(record[name]) for name in _COUNTS}}


def _days_old(record: Record, n: int) -> Record:
    reported = datetime.fromisoformat(record["duedate"]) - timedelta(hours=4 + n % 60)
    return {**record, "duedate": reported.isoformat()}


def _frozen(record: Record, _: int) -> Record:
    """Return a state that depends on the hour alone: half full, and last reported when the hour began."""
    reported = datetime.fromisoformat(record["duedate"]).replace(minute=0, second=0)
    bikes = record["capacity"] // 2
    counts = (record["capacity"] - bikes, bikes, bikes, 0)
    return {**record, **dict(zip(_COUNTS, counts, strict=True)), "duedate": reported.isoformat()}


def _in_an_hour(record: Record, _: int) -> Record:
    reported = datetime.fromisoformat(record["duedate"]) + timedelta(hours=1)
    return {**record, "duedate": reported.isoformat()}


def _first_page(records: list[Record]) -> dict[str, Any]:
    return {"total_count": len(records), "results": records[: max(len(records) // 5, 1)]}


def _with_dead_twins(records: list[Record]) -> list[Record]:
    """Put a twin before every tenth station: silent for a day, not installed, with nothing to lend."""
    twins: list[Record] = []
    for record in records[::_EACH]:
        reported = datetime.fromisoformat(record["duedate"]) - timedelta(days=1)
        state = {"is_installed": "NON", "duedate": reported.isoformat()}
        twins.append({**record, **dict.fromkeys(_COUNTS, 0), **state})
    return twins + records


def _huge(record: Record, n: int) -> Record:
    return {**record, "name": "Très " + "long " * (_HUGE // 5)} if n == 0 else record


FAULTS: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda _: b"[]",
    "html": lambda _: b"<!DOCTYPE html><html><body><h1>Maintenance</h1></body></html>",
    "truncated": lambda body: body[: len(body) * 3 // 5],
    "invalid_utf8": lambda body: body.replace(b'"name": "', b'"name": "\xe9t\xe9 ', 1),
    "not_a_list": lambda _: b'{"error_code": "ODSQLError", "message": "field not found"}',
    "no_results": _records(lambda records: {"total_count": len(records)}),
    "no_identity": _each(_set(_IDENTITY, None)),
    "partial": _records(lambda records: records[: max(len(records) // 5, 1)]),
    "first_page": _records(_first_page),
    "duplicates": _records(lambda records: records + records[::_EACH]),
    "differing_duplicates": _records(_with_dead_twins),
    "null_counts": _each(_set(_COUNTS, None), _EACH),
    "negative_counts": _each(_negative, _EACH),
    "textual_counts": _each(_set(_COUNTS, "douze"), _EACH),
    "mostly_rejected": _each(_set(_COUNTS, "douze")),
    "textual_dates": _each(_textual_dates, _EACH),
    "missing_dates": _each(_missing_dates, _EACH),
    "no_descriptions": _each(_set(_DESCRIPTION, None)),
    "counts_as_text": _each(_counts_as_text),
    "coordinates_text": _each(_coordinates_text),
    "coordinates_list": _each(_coordinates_list),
    "renamed_field": lambda body: body.replace(b'"numbikesavailable"', b'"bikes_available"'),
    "huge_name": _each(_huge),
    "stale": _each(_days_old),
    "future": _each(_in_an_hour),
    "frozen": _each(_frozen),
}


def parse_faults(spec: str) -> tuple[Fault, ...]:
    """Parse faults: `name` (every snapshot), `name=0.02` (a share), `name@2026-11-23T10:15` (one slot).

    Commas separate faults. A time is in UTC and selects the 15-minute slot that contains it.

    Raises:
        ValueError: A part is not a fault. The message has the part and the names of all faults.
    """
    return tuple(_parse_fault(part) for part in map(str.strip, spec.split(",")) if part)


def select_fault(faults: Sequence[Fault], seed: int, at: datetime) -> Callable[[bytes], bytes] | None:
    """Return the first fault that affects the snapshot of `at` (UTC), or None; always the same one."""
    return FAULTS.get(select_fault_name(faults, seed, at))


def select_fault_name(faults: Sequence[Fault], seed: int, at: datetime) -> str:
    """Return the name of the fault that `select_fault` selects; empty if there is none."""
    for fault in faults:
        if fault.slot is not None:
            affected = slot_of(at) == fault.slot
        else:
            moment = at.astimezone(UTC).isoformat()
            chance = Random(f"velib fault {fault.name} {seed} {moment}")  # noqa: S311 - a simulation
            affected = chance.random() < fault.share
        if affected:
            return fault.name
    return ""


def _parse_fault(part: str) -> Fault:
    match = re.fullmatch(r"(\w+)(?:=([\d.eE-]+)|@(\d{4}-\d\d-\d\dT\d\d:\d\d)Z?)?", part)
    name, share, slot = match.groups() if match else ("", None, None)
    with suppress(ValueError):
        at = slot_of(datetime.strptime(slot, "%Y-%m-%dT%H:%M").replace(tzinfo=UTC)) if slot else None
        if name in FAULTS and 0 <= float(share or 1) <= 1:
            return Fault(name, float(share or 1), at)
    raise ValueError(
        f"{part!r} is not a fault; write name, name=0.02 (a share of 0 to 1) or name@2026-11-23T10:15; "
        f"the faults are {', '.join(FAULTS)}"
    )
