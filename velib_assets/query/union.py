"""Several questions as one: Athena charges each for 10 MB at least, and starts each anew.

Belongs here: putting answers of different columns under each other. Does not: the questions themselves.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

PART, PLACE = "part", "place"
_CASTS = {"string": "varchar", "int": "integer"}


class Part(NamedTuple):
    """A question: its name, its columns with their types (as in schema.Column), its order, and its SELECT.

    The SELECT has no WITH, and no ORDER BY of its own.
    """

    name: str
    columns: Mapping[str, str]
    order: str
    select: str


def union_sql(parts: Sequence[Part]) -> str:
    """All rows of all parts; in each its part's name, its place by that order, and null for others' columns.

    Columns of one name must have one type.
    """
    columns = {name: kind for part in parts for name, kind in part.columns.items()}
    branches = " UNION ALL ".join(_branch(part, columns) for part in parts)
    return f"{branches} ORDER BY {PART}, {PLACE}"


def _branch(part: Part, columns: dict[str, str]) -> str:
    values = ", ".join(
        f'"{name}"' if name in part.columns else f'CAST(NULL AS {_CASTS.get(kind, kind)}) AS "{name}"'
        for name, kind in columns.items()
    )
    place = f"row_number() OVER (ORDER BY {part.order})"
    return f"SELECT '{part.name}' AS {PART}, {place} AS {PLACE}, {values} FROM ({part.select})"  # noqa: S608 - our own names
