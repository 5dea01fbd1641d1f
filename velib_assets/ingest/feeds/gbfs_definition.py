"""The definition of the GBFS feed of a network other than Vélib', from `gbfs_mapping`."""

from __future__ import annotations

from typing import Any, Dict, Mapping, Tuple

from velib_assets.ingest.feed_info import GBFS_PARTS
from velib_assets.ingest.feeds.definition import BOOLEAN, LIST, NUMBER, OBJECT, TEXT, FeedDefinition, Field
from velib_assets.ingest.feeds.gbfs_mapping import (
    COUNT,
    EBIKES_OF_BIKES,
    FLAG,
    IDENTITY,
    LOCALIZED,
    MAPPING,
    MISPLACED,
    SPACES,
    SPACES_BY_TYPE,
    SPACES_BY_TYPES,
    TIME,
    TYPES_BY_ID,
    TYPES_LIST_OF_OBJECTS,
    TYPES_OBJECT,
)
from velib_assets.ingest.feeds.gbfs_mapping import NUMBER as DEGREES
from velib_assets.ingest.feeds.gbfs_mapping import TEXT as PLAIN_TEXT
from velib_assets.ingest.feeds.gbfs_values import GbfsReader

JSON_TYPES: Dict[str, Tuple[str, ...]] = {
    IDENTITY: (TEXT, NUMBER),
    PLAIN_TEXT: (TEXT,),
    LOCALIZED: (LIST,),
    DEGREES: (NUMBER, TEXT),
    FLAG: (BOOLEAN, NUMBER, TEXT),
    TIME: (NUMBER, TEXT),
    COUNT: (NUMBER, TEXT),
    SPACES: (NUMBER, TEXT),
    SPACES_BY_TYPE: (OBJECT,),
    SPACES_BY_TYPES: (LIST,),
    TYPES_BY_ID: (LIST,),
    TYPES_OBJECT: (OBJECT,),
    TYPES_LIST_OF_OBJECTS: (LIST,),
    EBIKES_OF_BIKES: (NUMBER, TEXT),
}
"""The JSON types of each form, beside null."""


def _fields() -> Tuple[Field, ...]:
    """Return a field for each source of the mapping.

    A column that one field alone can fill, where no field is misplaced, needs it; that another is filled at
    all is for the audit.
    """
    fields: Dict[str, Field] = {}
    for mapped in MAPPING:
        in_place = [source for source in mapped.sources if source.versions != MISPLACED]
        for source in mapped.sources:
            types = tuple(dict.fromkeys(type_ for form in source.forms for type_ in JSON_TYPES[form]))
            required = mapped.required and in_place == [source]
            fields.setdefault(source.path, Field(source.path, types, mapped.column, required=required))
    return tuple(fields.values())


_FIELDS = _fields()


def gbfs_definition(network: str, said: Mapping[str, Any]) -> FeedDefinition:
    """Return the definition of a network's GBFS records.

    Args:
        network: the key of the network.
        said: what the feed said beside its records: `language`, and `vehicle_types` by their ids.
    """
    language, types = said.get("language"), said.get("vehicle_types")
    known = types if isinstance(types, dict) else {}
    reader = GbfsReader(
        language if isinstance(language, str) else "",
        tuple(sorted((id_, type_) for id_, type_ in known.items() if isinstance(type_, str))),
    )
    return FeedDefinition(
        "gbfs", "", tuple((part, "") for part in GBFS_PARTS), "VELIB_GBFS_URL", _FIELDS, network, reader
    )
