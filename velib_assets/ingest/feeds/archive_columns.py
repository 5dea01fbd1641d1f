"""The setting VELIB_ARCHIVE_COLUMNS: which columns of the files fill which columns of the table."""

from __future__ import annotations

from typing import Dict

from velib_assets.ingest.feeds.archive_labels import table_columns


def parse_columns(text: str) -> Dict[str, str]:
    """Parse `station_id=code,bikes=nb_velos` to {column of the table: column of the files}.

    Raises:
        ValueError: if a part has another form, or the table has no such column.
    """
    columns: Dict[str, str] = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        column, sign, source = (piece.strip() for piece in part.partition("="))
        if not sign or not source:
            raise ValueError(f"{part!r} is not a pair: write station_id=code,bikes=nb_velos,docks=nb_bornes")
        if column not in table_columns():
            raise ValueError(f"{column!r} is not a column; write one of {', '.join(table_columns())}")
        if column in columns:
            raise ValueError(f"{column!r} is written twice")
        columns[column] = source
    return columns
