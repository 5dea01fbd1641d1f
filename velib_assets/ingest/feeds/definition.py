"""The definition of a live feed as plain data: where it is, which fields its records have, what they fill.

The audit, both paths of the clean step and the drift check derive from it. It needs no native module,
because the Lambda has none.
"""

from __future__ import annotations

from typing import Dict, Iterator, List, Mapping, NamedTuple, Optional, Protocol, Tuple

from velib_assets.lake.network import VELIB

TEXT, NUMBER, BOOLEAN, OBJECT, LIST = "text", "number", "boolean", "object", "list"
SPACES = (
    "\t\n\v\f\r\x1c\x1d\x1e\x1f \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009"
    "\u200a\u2028\u2029\u202f\u205f\u3000"
)
"""The characters that do not count around a text: those of `str.strip`, spelled out for other strippers."""


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

    @property
    def part(self) -> str:
        """The member of the record that has the field; empty if it is the record itself."""
        return self.path.rpartition(".")[0]

    @property
    def name(self) -> str:
        """The field's name in its part."""
        return self.path.rpartition(".")[2]

    def part_of(self, record: object) -> Mapping[str, object]:
        """Return the part of a record that has the field; empty if it is missing."""
        part = record.get(self.part) if self.part and isinstance(record, dict) else record
        return part if isinstance(part, dict) else {}

    def values(self, record: object) -> Iterator[Tuple[str, object]]:
        """Yield (column, value) for each column that the field fills; in a list the last non-null counts."""
        value = self.part_of(record).get(self.name)
        if self.column:
            yield self.column, value
        # The declared JSON type alone has members: an object is not read as a list of one.
        items = value if self.types[0] == LIST and isinstance(value, list) else []
        objects = [value] if self.types[0] == OBJECT else items
        for name, column in self.members:
            numbers = [item.get(name) for item in objects if isinstance(item, dict)]
            yield column, next((number for number in reversed(numbers) if number is not None), None)


class Reader(Protocol):
    """Reads records that declared fields alone do not describe."""

    def station_code(self, record: object) -> Optional[str]:
        """Return a record's station code as text; None if it has none."""

    def values(self, record: object) -> Dict[str, object]:
        """Return the raw value of each column in a record."""


class FeedDefinition(NamedTuple):
    """A live feed.

    Args:
        name: as in VELIB_SOURCE and in raw objects.
        base_url: the default host.
        files: the parts of a response and their paths below the base URL.
        setting: the setting that replaces the base URL.
        fields: every declared field. If several fill one column, the first non-null value counts.
        network: the key of the network: the rules for communes are those of Vélib' alone.
        reader: reads the records in place of `fields`, which then serve the audit and the drift check.
    """

    name: str
    base_url: str
    files: Tuple[Tuple[str, str], ...]
    setting: str
    fields: Tuple[Field, ...]
    network: str = VELIB
    reader: Optional[Reader] = None

    def filling(self, column: str) -> List[Field]:
        """Return the fields that fill a column themselves, in order of preference."""
        return [field for field in self.fields if field.column == column]

    @property
    def is_nested(self) -> bool:
        """Whether the fields are in objects of the record instead of the record itself."""
        return any("." in field.path for field in self.fields)

    def values(self, record: object) -> Dict[str, object]:
        """Return the raw value of each column in a record."""
        if self.reader is not None:
            return self.reader.values(record)
        values: Dict[str, object] = {}
        for field in self.fields:
            for column, value in field.values(record):
                if values.get(column) is None:
                    values[column] = value
        return values

    def station_code(self, record: object) -> Optional[str]:
        """Return a record's station code as text; None if it has none.

        A whole number counts as text; blank text does not count, nor do spaces around a code.
        """
        if self.reader is not None:
            return self.reader.station_code(record)
        for field in self.filling("station_id"):
            value = field.part_of(record).get(field.name)
            if isinstance(value, str) and (code := value.strip(SPACES)):
                return code
            if isinstance(value, int) and not isinstance(value, bool):
                return str(value)
        return None
