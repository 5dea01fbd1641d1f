"""Writes `CITATION.cff` (Citation File Format 1.2.0), and the BibTeX entry in `croissant.json`."""

from __future__ import annotations

import json
from collections.abc import Iterable

from velib_assets.publish.description import authors_of, description_of, release_date, sources_of, title_of
from velib_assets.publish.month_data import MonthData
from velib_assets.publish.provenance import Licence, Provenance
from velib_assets.publish.published_tables import dataset_name


def citation(data: MonthData, provenance: Provenance) -> bytes:
    """Return the citation as YAML. Each text is quoted as in JSON, which YAML reads alike."""
    licence = provenance.licence or Licence("", "", "", "")
    url = next((source.url for source in sources_of(data, provenance) if source.url), "")
    lines = [
        "cff-version: 1.2.0",
        "type: dataset",
        f"title: {_quoted(title_of(data, provenance))}",
        f"message: {_quoted('If you use this data set, please cite it as below.')}",
        f"abstract: {_quoted(description_of(data, provenance))}",
        "authors:",
        *_items(f"name: {_quoted(author)}" for author in authors_of(data, provenance)),
        "keywords:",
        *_items(map(_quoted, provenance.keywords)),
        *([f"license: {licence.identifier}"] if licence.identifier else []),
        *([f"license-url: {_quoted(licence.url)}"] if licence.url and not licence.identifier else []),
        f"date-released: {_quoted(release_date(data))}",
        *([f"url: {_quoted(url)}"] if url else []),
    ]
    return ("\n".join(lines) + "\n").encode("utf-8")


def bibtex(data: MonthData, provenance: Provenance) -> str:
    """Return the citation as a BibTeX entry."""
    authors = " and ".join(f"{{{_plain(author)}}}" for author in authors_of(data, provenance))
    name, year = dataset_name(provenance.name, data.month), data.times[1].year
    title = _plain(title_of(data, provenance))
    return f"@misc{{{name}, title = {{{title}}}, author = {{{authors}}}, year = {{{year}}}}}"


def _plain(text: str) -> str:
    """Return text without the characters that end a field of BibTeX."""
    return text.translate({ord(char): None for char in "{}\\"})


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _items(texts: Iterable[str]) -> list[str]:
    return [f"  - {text}" for text in texts]
