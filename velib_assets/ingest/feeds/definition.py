"""The definition of a live feed as plain data: where it is, which fields its records have, what they fill.

The audit, both paths of the clean step and the drift check derive from it. It needs no native module,
because the Lambda has none.
"""

from __future__ import annotations

from typing import Dict, Iterator, List, Mapping, NamedTuple, Optional, Tuple

TEXT, NUMBER, BOOLEAN, OBJECT, LIST = "text", "number", "boolean", "object", "list"


class Field(NamedTuple):
    """A field of a record.

    Args:
        path: its name, or `part.name` for a field in an object of the record.
        types: the JSON types it may have beside null. The fast path reads the first; the general path all.
        column: the table's column that the value fills, if any.
        members: for an object or a list of objects, the columns that its numeric members fill.
        required: whether the feed is expected to provide it; if not, it may be absent.
    """

    path: str
    types: Tuple[str, ...]
    column: str = ""
    members: Tuple[Tuple[str, str], ...] = ()
    required: bool = True

    def find(self, record: Mapping[str, object]) -> object:
        """Return the field's value in a record; None if it is missing."""
        part, _, name = self.path.rpartition(".")
        parent = record.get(part) if part else record
        return parent.get(name) if isinstance(parent, dict) else None

    def occurs_in(self, record: object) -> bool:
        """Return whether a record has the field, if only with null."""
        part, _, name = self.path.rpartition(".")
        parent = record.get(part) if part and isinstance(record, dict) else record
        return isinstance(parent, dict) and name in parent

    def values(self, record: Mapping[str, object]) -> Iterator[Tuple[str, object]]:
        """Yield (column, value) for each column that the field fills; in a list the last non-null counts."""
        value = self.find(record)
        if self.column:
            yield self.column, value
        objects = value if isinstance(value, list) else [value]
        for name, column in self.members:
            numbers = [item.get(name) for item in objects if isinstance(item, dict)]
            yield column, next((number for number in reversed(numbers) if number is not None), None)


class FeedDefinition(NamedTuple):
    """A live feed.

    Args:
        name: as in VELIB_SOURCE and in raw objects.
        base_url: the default host.
        files: the parts of a response and their paths below the base URL.
        setting: the setting that replaces the base URL.
        fields: every declared field. If several fill one column, the first non-null value counts.
    """

    name: str
    base_url: str
    files: Tuple[Tuple[str, str], ...]
    setting: str
    fields: Tuple[Field, ...]

    def filling(self, column: str) -> List[Field]:
        """Return the fields that fill a column themselves, in order of preference."""
        return [field for field in self.fields if field.column == column]

    @property
    def is_nested(self) -> bool:
        """Whether the fields are in objects of the record instead of the record itself."""
        return any("." in field.path for field in self.fields)

    def values(self, record: Mapping[str, object]) -> Dict[str, object]:
        """Return the raw value of each column in a record."""
        values: Dict[str, object] = {}
        for field in self.fields:
            for column, value in field.values(record):
                if values.get(column) is None:
                    values[column] = value
        return values

    def station_code(self, record: object) -> Optional[str]:
        """Return a record's station code as text; None if it has none.

        A whole number counts as text; blank text does not count.
        """
        if not isinstance(record, dict):
            return None
        for field in self.filling("station_id"):
            value = field.find(record)
            if isinstance(value, str) and value.strip(" \t\n\v\f\r"):
                return value
            if isinstance(value, int) and not isinstance(value, bool):
                return str(value)
        return None
