"""The words about the licence of a published month: in the data card, and in the licence's own file."""

from __future__ import annotations

from importlib.resources import files
from string import Template

from velib_assets.lake.text import markdown
from velib_assets.publish.licences import ODBL_ID
from velib_assets.publish.provenance import Licence, Provenance

NOTICE_FILE = "LICENSE.txt"
_UNKNOWN = "not stated by the feed; see README.md"


def licence_file(provenance: Provenance) -> str:
    """Return the name of the file with the licence's text, or with what is known of it."""
    licence = provenance.licence
    return licence.file if licence and licence.file else NOTICE_FILE


def licence_bytes(provenance: Provenance) -> bytes:
    """Return the content of that file."""
    licence = provenance.licence
    if licence and licence.file:
        return licence.text
    if licence:
        return _lines(
            f"According to its feed, the data of {provenance.network} are under this licence:",
            "",
            *filter(None, (licence.title, licence.identifier, licence.url)),
        )
    return _lines(
        f"The licence of these data is not known: the feed of {provenance.network} names none.",
        "Publisher: replace this file with the operator's terms, after making sure that they allow",
        "what you publish. README.md says where else the licence has to be written.",
    )


def licence_words(provenance: Provenance) -> str:
    """Return the licence on one line, for descriptions that need one."""
    licence = provenance.licence
    return (licence.url or licence.title) if licence else _UNKNOWN


def licence_section(provenance: Provenance, credit: str) -> str:
    """Return the section of the data card, as Markdown; `credit` names whom to credit."""
    licence = provenance.licence or Licence("", "", "", "")
    form = "unknown" if provenance.licence is None else "named"
    form = "odbl" if licence.identifier == ODBL_ID and licence.file else form
    template = (files("velib_assets.publish") / f"licence_{form}.md").read_text(encoding="utf-8")
    text = Template(template).substitute(
        **licence._replace(file=licence_file(provenance))._asdict(),
        named=_named(licence),
        credit=markdown(credit),
    )
    return text.rstrip("\n")


def _named(licence: Licence) -> str:
    title = markdown(licence.title)
    linked = f"[{title}]({licence.url})" if licence.url else title
    return f"{linked} (`{licence.identifier}`)" if licence.identifier else linked


def _lines(*lines: str) -> bytes:
    return ("\n".join(lines) + "\n").encode("utf-8")
