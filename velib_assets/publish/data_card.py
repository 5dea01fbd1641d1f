"""Writes `README.md`, the data card. Its words are in `data_card.md`; nothing of it is from the records."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.resources import files
from string import Template

from velib_assets.lake.keys import SLOT, iso_z
from velib_assets.lake.ledger import MISSED, QUARANTINED, STORED
from velib_assets.lake.network import VELIB as VELIB_KEY
from velib_assets.lake.text import counted, markdown
from velib_assets.publish.coverage import Gap, counts_of, gaps_of
from velib_assets.publish.description import authors_of, description_of, sources_of, title_of
from velib_assets.publish.licence_text import licence_file, licence_section
from velib_assets.publish.month_data import MonthData
from velib_assets.publish.provenance import Provenance
from velib_assets.publish.published_tables import COVERAGE, TABLES, PublishedTable

_MOST_GAPS = 40
_LONG = 4  # slots
_SLOTS_PER_HOUR = 4


_NOTES = {True: "the text of the licence", False: "what is known of the licence"}
_WORDS = {
    True: {
        "area": "commune",
        "in_operation": "`is_installed` is true, `is_stale` is false, and `fill_rate` is not null",
        "not_virtual": "",
        "over_capacity": "",
    },
    False: {
        "area": "area",
        "in_operation": "`is_installed` is true, `is_stale` is false, and `fill_rate` is not null, or "
        "`docks` is null and `bikes` is not",
        "not_virtual": " not `is_virtual`,",
        "over_capacity": " In a snapshot without\n  `docks`, `fill_rate` is `bikes / capacity`. It is over 1 "
        "where more bikes stand than `capacity`; its means can be over 1 too.",
    },
}
"""What is different for Vélib' and for other networks: the word for areas, and definitions."""


def data_card(data: MonthData, provenance: Provenance) -> bytes:
    """Return the data card as Markdown."""
    template = (files("velib_assets.publish") / "data_card.md").read_text(encoding="utf-8")
    return (
        Template(template)
        .substitute(
            title=markdown(title_of(data, provenance)),
            description=markdown(description_of(data, provenance)),
            files="\n".join(_file(data, table) for table in TABLES),
            sources=_sources(data, provenance),
            licence=licence_section(provenance, " / ".join(authors_of(data, provenance))),
            licence_file=licence_file(provenance),
            licence_note=_NOTES[bool(provenance.licence and provenance.licence.file)],
            **_WORDS[provenance.name == VELIB_KEY],
            zone=provenance.zone,
            gaps=_gaps(data),
            columns="\n\n".join(_columns(table) for table in TABLES),
        )
        .encode("utf-8")
    )


def _file(data: MonthData, table: PublishedTable) -> str:
    rows, size = data.rows[table.name], len(data.tables[table.name])
    return f"| `{table.file}` | {table.grain} | {rows:,} | {size:,} |"


def _sources(data: MonthData, provenance: Provenance) -> str:
    lines = []
    for source in sources_of(data, provenance):
        where = f": <{source.url}>" if source.url else ""
        lines.append(f"- {markdown(source.title)}{where}. Its own terms: {markdown(source.terms)}")
    return "\n".join(lines)


def _gaps(data: MonthData) -> str:
    counts, total = counts_of(data.slots), counted(len(data.slots), "quarter")
    unusable = f"{counts[QUARANTINED]:,} have only a response that is not usable"
    states = f"{counts[STORED]:,} have a snapshot, {unusable}, and {counts[MISSED]:,} have none"
    parts = [f"Of {total} of an hour, {states}. `{COVERAGE.file}` lists them all."]
    if not data.is_over:
        parts.append(f"The month had not ended. The data end at {iso_z(data.end)}.")
    if empty := sum(slot.state == STORED and not slot.rows for slot in data.slots):
        parts.append(f"{counted(empty, 'quarter')} of an hour with a snapshot have no rows here.")
    if gaps := [gap for gap in gaps_of(data.slots) if gap.slots >= _LONG]:
        longest = sorted(sorted(gaps, key=lambda gap: -gap.slots)[:_MOST_GAPS])
        less = f", of which the {len(longest)} longest are" if len(longest) < len(gaps) else ""
        times = counted(len(gaps), "time")
        parts.append(f"An hour or longer is without a snapshot {times}{less}:\n\n{_gap_table(longest)}")
    return "\n\n".join(parts)


def _gap_table(gaps: Sequence[Gap]) -> str:
    head = ["| from | to | hours | quarters with an unusable response |", "|---|---|---|---|"]
    rows = []
    for gap in gaps:
        first, end = iso_z(gap.first), iso_z(gap.last + SLOT)
        rows.append(f"| {first} | {end} | {gap.slots / _SLOTS_PER_HOUR:,.2f} | {gap.quarantined:,} |")
    return "\n".join([*head, *rows])


def _columns(table: PublishedTable) -> str:
    order = " and ".join(f"`{name}`" for name in table.key)
    head = [
        f"### {table.file}",
        "",
        f"One row: {table.grain}. Sorted by {order}.{f' {table.note}' if table.note else ''}",
        "",
        "| column | type | unit | meaning |",
        "|---|---|---|---|",
    ]
    rows = [f"| `{c.name}` | {c.type} | {c.unit} | {c.description} |" for c in table.columns]
    return "\n".join([*head, *rows])
