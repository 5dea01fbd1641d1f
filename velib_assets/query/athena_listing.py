"""The rows of SHOW and DESCRIBE on Athena, which are lines of Hive's text, as the columns that they announce.

DESCRIBE announces three columns, and each row has one cell: name, type and comment, padded with spaces and
separated by tabs. Then Hive repeats the partition keys below a heading.
"""

from __future__ import annotations

from collections.abc import Sequence

_PARTITIONS, _HEADER = "# Partition Information", "# col_name"

Row = Sequence[str | None]


def listing_rows(names: Sequence[str], rows: Sequence[Row]) -> list[list[str | None]]:
    """Return the rows with one cell per column, without padding.

    Lines of DESCRIBE's layout are left out: blank ones, headers, and partition keys that were listed as
    columns. A text with more tabs than columns keeps them in its last column.
    """
    if len(names) == 1:
        return [[text and text.rstrip() for text in (*row, None)[:1]] for row in rows]
    listed: list[list[str | None]] = []
    in_partitions = False
    for row in rows:
        cells = _cells(row, len(names))
        first = cells[0] or ""
        if first.startswith("# "):
            in_partitions = first == _PARTITIONS or (in_partitions and first == _HEADER)
        is_layout = first in (_PARTITIONS, _HEADER) or cells == list(names) or not any(cells)
        if not is_layout and not (in_partitions and cells in listed):
            listed.append(cells)
    return listed


def _cells(row: Row, width: int) -> list[str | None]:
    texts = (row[0] or "").split("\t", width - 1) if len(row) == 1 else row
    cells = [text and text.strip() for text in texts[:width]]
    return cells + [""] * (width - len(cells))
