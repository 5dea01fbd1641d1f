"""The names of the portal's fields in exports: technical names and the French labels."""

from __future__ import annotations

import re
import unicodedata
from typing import Dict, List, Tuple

from velib_assets.ingest.feeds.opendata import FEED

LAT, LON = "lat", "lon"
POSITION = "coordonnees_geo"
_LABELS = {
    "Identifiant station": "stationcode",
    "Code station": "stationcode",
    "Nom station": "name",
    "Station en fonctionnement": "is_installed",
    "Capacité de la station": "capacity",
    "Nombre bornettes libres": "numdocksavailable",
    "Nombre total vélos disponibles": "numbikesavailable",
    "Vélos mécaniques disponibles": "mechanical",
    "Vélos électriques disponibles": "ebike",
    "Borne de paiement disponible": "is_renting",
    "Retour vélib possible": "is_returning",
    "Actualisation de la donnée": "duedate",
    "Coordonnées géographiques": POSITION,
    "Nom communes équipées": "nom_arrondissement_communes",
    "Nom arrondissement communes": "nom_arrondissement_communes",
    "Code INSEE communes équipées": "code_insee_commune",
    "coordonnees_geo.lat": LAT,
    "coordonnees_geo.lon": LON,
    "latitude": LAT,
    "longitude": LON,
    "lat": LAT,
    "lon": LON,
}
_WORDS = re.compile(r"[^a-z0-9]+")


def _columns_of_fields() -> Dict[str, List[str]]:
    filled = {
        field.path: [field.column] if field.column else [column for _, column in field.members]
        for field in FEED.fields
    }
    return {**filled, LAT: [LAT], LON: [LON]}


COLUMNS_OF: Dict[str, List[str]] = _columns_of_fields()
"""The table's columns that each of the portal's fields fills; `lat` and `lon` are parts of the position."""


def words_of(name: str) -> str:
    """Return a name without accents, case and punctuation, for comparison."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode("ascii")
    return _WORDS.sub(" ", plain.lower()).strip()


_FIELDS = {words_of(label): field for label, field in _LABELS.items()}
_FIELDS.update({words_of(field.path): field.path for field in FEED.fields})


def field_of(name: str) -> str:
    """Return the portal's field with this technical name or label; empty if there is none."""
    return _FIELDS.get(words_of(name), "")


def field_for(column: str) -> str:
    """Return the portal's field that fills a column of the table."""
    if column in (LAT, LON):
        return column
    return next(field.path for field in FEED.fields if field.column == column)


def table_columns() -> Tuple[str, ...]:
    """Return the columns of the table that an archive's files can fill."""
    names = [name for field, names in COLUMNS_OF.items() if field not in (LAT, LON) for name in names]
    return tuple(names)
