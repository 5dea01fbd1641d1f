"""The five KPI views as a table: name, columns, what a row is. The sixth is one line here and one .sql file.

Belongs here: names, columns and rendering of the views' SQL (Athena's dialect). Does not: running it.
"""

from __future__ import annotations

from typing import NamedTuple, Tuple


class Kpi(NamedTuple):
    """A KPI view: its columns are (name, type, description) in the order the view gives them."""

    name: str
    row_is: str
    columns: Tuple[Tuple[str, str, str], ...]
