"""One query from several: Athena charges each query for at least 10 MB and has to start it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from velib_assets.lake.schema import TYPES

PART, POSITION = "part", "place"


class Part(NamedTuple):
    """A SELECT with its name, its column types (as in `schema.Column`) and its ORDER BY expressions.

    The SELECT itself has no ORDER BY.
    """

    name: str
    columns: Mapping[str, str]
    order: str
    select: str


def union_sql(parts: Sequence[Part]) -> str:
    """Return a query for all rows of all parts; a row has null in the columns of other parts.

    The columns `part` and `place` hold the part's name and the row's position within it. Columns with the
    same name must have the same type.
    """
    columns = {name: kind for part in parts for name, kind in part.columns.items()}
    branches = " UNION ALL ".join(_branch(part, columns) for part in parts)
    return f"{branches} ORDER BY {PART}, {POSITION}"


def _branch(part: Part, columns: dict[str, str]) -> str:
    values = ", ".join(
        f'"{name}"' if name in part.columns else f'CAST(NULL AS {TYPES[kind].duckdb}) AS "{name}"'
        for name, kind in columns.items()
    )
    position = f"row_number() OVER (ORDER BY {part.order})"
    return f"SELECT '{part.name}' AS {PART}, {position} AS {POSITION}, {values} FROM ({part.select})"  # noqa: S608 - our own names
