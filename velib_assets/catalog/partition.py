"""A partition of the table `source_velib`, as catalogs keep it.

Belongs here: what is known of one. Does not: reading it from a file (runtime.partition), or keeping it.
"""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple


class Partition(NamedTuple):
    """An hour: where its clean file lies in the lake, and what is in it.

    `digest` is empty where the catalog does not know what the file was made of (a crawler's partition).
    """

    hour: datetime
    key: str
    rows: int
    bytes: int
    digest: str
