"""Writes `datapackage.json`, the description of the data set as a Frictionless Data Package."""

from __future__ import annotations

import hashlib
import re
from typing import Any

from velib_assets.lake.ledger import MISSED, QUARANTINED, STORED
from velib_assets.lake.schema import Column
from velib_assets.publish.description import authors_of, description_of, json_bytes, sources_of, title_of
from velib_assets.publish.month_data import MonthData
from velib_assets.publish.provenance import Licence, Provenance
from velib_assets.publish.published_tables import COVERAGE, CSV, TABLES, PublishedTable, dataset_name

MEDIA_TYPES = {"csv": "text/csv", "parquet": "application/vnd.apache.parquet"}
_NOT_OF_A_NAME = re.compile(r"[^-a-zA-Z0-9._]+")
_TYPES = {
    "string": "string",
    "int": "integer",
    "bigint": "integer",
    "double": "number",
    "boolean": "boolean",
    "timestamp": "datetime",
}


def data_package(data: MonthData, provenance: Provenance) -> bytes:
    """Return the descriptor. See https://specs.frictionlessdata.io/data-package/."""
    licence = provenance.licence
    return json_bytes(
        {
            "profile": "data-package",
            "name": dataset_name(provenance.name, data.month),
            "title": title_of(data, provenance),
            "description": description_of(data, provenance),
            "keywords": list(provenance.keywords),
            **({"licenses": [_licence(licence)]} if licence else {}),
            "sources": [
                {"title": source.title, **({"path": source.url} if source.url else {})}
                for source in sources_of(data, provenance)
            ],
            "contributors": [{"title": author, "role": "author"} for author in authors_of(data, provenance)],
            "resources": [_resource(data, table) for table in TABLES],
        }
    )


def _licence(licence: Licence) -> dict[str, str]:
    """Return a licence; one without an identifier of SPDX has its title, or its address, alone."""
    name = licence.identifier or ("" if licence.url else _NOT_OF_A_NAME.sub("-", licence.title))
    members = {"name": name, "title": licence.title, "path": licence.url}
    return {key: text for key, text in members.items() if text}


def _resource(data: MonthData, table: PublishedTable) -> dict[str, Any]:
    content = data.tables[table.name]
    # A tabular resource is CSV or JSON. Without its type, the frictionless library decodes Parquet as well,
    # takes nulls for text, and counts no bytes.
    form = (
        {"profile": "tabular-data-resource", "type": "table", "encoding": "utf-8"}
        if table.form == CSV
        else {"profile": "data-resource", "type": "file"}
    )
    return {
        "name": table.name,
        "path": table.file,
        "description": f"One row: {table.grain}.{f' {table.note}' if table.note else ''}",
        "format": table.form,
        "mediatype": MEDIA_TYPES[table.form],
        **form,
        "bytes": len(content),
        "hash": f"sha256:{hashlib.sha256(content).hexdigest()}",
        "schema": {
            "fields": [_field(table, column) for column in table.columns],
            "primaryKey": list(table.key),
        },
    }


def _field(table: PublishedTable, column: Column) -> dict[str, Any]:
    constraints: dict[str, Any] = {"required": True} if column.name in table.key else {}
    if table is COVERAGE and column.name == "state":
        constraints["enum"] = [STORED, QUARANTINED, MISSED]
    return {
        "name": column.name,
        "type": _TYPES[column.type],
        "description": column.description,
        **({"unit": column.unit} if column.unit else {}),
        **({"constraints": constraints} if constraints else {}),
    }
