"""Writes `croissant.json`, the description of the data set for machine learning: Croissant 1.0, JSON-LD."""

from __future__ import annotations

import hashlib
from typing import Any

from velib_assets.lake.schema import Column
from velib_assets.publish.citation import bibtex
from velib_assets.publish.data_package import MEDIA_TYPES
from velib_assets.publish.description import (
    authors_of,
    described,
    description_of,
    json_bytes,
    release_date,
    sources_of,
    title_of,
)
from velib_assets.publish.licence_text import licence_words
from velib_assets.publish.month_data import MonthData
from velib_assets.publish.provenance import Provenance
from velib_assets.publish.published_tables import TABLES, PublishedTable

LAYOUT_VERSION = "1.0.0"
"""The version of the tables and columns. It is raised when one of them changes, not when data are added."""

_SYSTEMS = "https://github.com/MobilityData/gbfs/blob/master/systems.csv"  # which lists GBFS feeds
_TYPES = {
    "string": "sc:Text",
    "int": "cr:Int64",
    "bigint": "cr:Int64",
    "double": "sc:Float",
    "boolean": "sc:Boolean",
    "timestamp": "sc:DateTime",
}
_CR_TERMS = (
    "citeAs column equivalentProperty extract field fileProperty fileObject fileSet format includes "
    "isLiveDataset jsonPath key md5 parentField path recordSet references regex repeated replace "
    "samplingRate separator source "
    "subField transform"
)
_CONTEXT: dict[str, Any] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "sc": "https://schema.org/",
    "cr": "http://mlcommons.org/croissant/",
    "dct": "http://purl.org/dc/terms/",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "conformsTo": "dct:conformsTo",
    **{term: f"cr:{term}" for term in _CR_TERMS.split()},
    "data": {"@id": "cr:data", "@type": "@json"},
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
}


def croissant(data: MonthData, provenance: Provenance) -> bytes:
    """Return the description. See https://docs.mlcommons.org/croissant/docs/croissant-spec.html."""
    sources, authors = sources_of(data, provenance), authors_of(data, provenance)
    return json_bytes(
        {
            "@context": _CONTEXT,
            "@type": "sc:Dataset",
            "conformsTo": "http://mlcommons.org/croissant/1.0",
            "name": title_of(data, provenance),
            "description": description_of(data, provenance),
            "license": licence_words(provenance),
            "url": next((source.url for source in sources if source.url), _address(provenance)),
            "isBasedOn": [source.url or source.title for source in sources],
            "creator": [{"@type": "sc:Organization", "name": author} for author in authors],
            "publisher": [{"@type": "sc:Organization", "name": author} for author in authors],
            "keywords": list(provenance.keywords),
            "inLanguage": "en",
            "datePublished": release_date(data),
            "version": LAYOUT_VERSION,
            "citeAs": bibtex(data, provenance),
            "distribution": [_file(data, table) for table in TABLES],
            "recordSet": [_record_set(table) for table in TABLES],
        }
    )


def _address(provenance: Provenance) -> str:
    """Return an address for data whose sources have none; the format needs one."""
    return (provenance.licence and provenance.licence.url) or _SYSTEMS


def _file(data: MonthData, table: PublishedTable) -> dict[str, Any]:
    content = data.tables[table.name]
    return {
        "@type": "cr:FileObject",
        "@id": table.file,
        "name": table.file,
        "description": f"One row: {table.grain}.",
        "contentUrl": table.file,
        "contentSize": f"{len(content)} B",
        "encodingFormat": "application/x-parquet" if table.form == "parquet" else MEDIA_TYPES[table.form],
        "sha256": hashlib.sha256(content).hexdigest(),
    }


def _record_set(table: PublishedTable) -> dict[str, Any]:
    keys = [{"@id": f"{table.name}/{name}"} for name in table.key]
    return {
        "@type": "cr:RecordSet",
        "@id": table.name,
        "name": table.name,
        "description": f"One row: {table.grain}.{f' {table.note}' if table.note else ''}",
        "key": keys if len(keys) > 1 else keys[0],
        "field": [_field(table, column) for column in table.columns],
    }


def _field(table: PublishedTable, column: Column) -> dict[str, Any]:
    return {
        "@type": "cr:Field",
        "@id": f"{table.name}/{column.name}",
        "name": column.name,
        "description": described(column),
        "dataType": _TYPES[column.type],
        "source": {"fileObject": {"@id": table.file}, "extract": {"column": column.name}},
    }
