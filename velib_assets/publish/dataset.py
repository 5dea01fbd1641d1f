"""Assembles the files of a published month."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from velib_assets.publish import file_names
from velib_assets.publish.citation import citation
from velib_assets.publish.croissant import croissant
from velib_assets.publish.data_card import data_card
from velib_assets.publish.data_package import data_package
from velib_assets.publish.licence_text import licence_bytes, licence_file
from velib_assets.publish.month_data import MonthData
from velib_assets.publish.provenance import Provenance
from velib_assets.publish.published_tables import TABLES


def dataset_files(data: MonthData, provenance: Provenance) -> dict[str, bytes]:
    """Return every file of the data set by its name; the sums are last. Equal data give equal bytes."""
    files = {
        **{table.file: data.tables[table.name] for table in TABLES},
        licence_file(provenance): licence_bytes(provenance),
        file_names.DATA_PACKAGE: data_package(data, provenance),
        file_names.CROISSANT: croissant(data, provenance),
        file_names.CITATION: citation(data, provenance),
        file_names.DATA_CARD: data_card(data, provenance),
    }
    return {**files, file_names.SUMS: sums(files)}


def sums(files: Mapping[str, bytes]) -> bytes:
    """Return the SHA-256 of files as `sha256sum` writes and reads them."""
    lines = [f"{hashlib.sha256(data).hexdigest()}  {name}\n" for name, data in sorted(files.items())]
    return "".join(lines).encode("utf-8")
