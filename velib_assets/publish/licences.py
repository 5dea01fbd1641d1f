"""Licences of open data: those that feeds name by their SPDX identifier, with title and address."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

ODBL_ID = "ODbL-1.0"

_KNOWN = {
    "CC0-1.0": (
        "Creative Commons Zero v1.0 Universal",
        "https://creativecommons.org/publicdomain/zero/1.0/",
    ),
    "CC-BY-3.0": (
        "Creative Commons Attribution 3.0 Unported",
        "https://creativecommons.org/licenses/by/3.0/",
    ),
    "CC-BY-4.0": (
        "Creative Commons Attribution 4.0 International",
        "https://creativecommons.org/licenses/by/4.0/",
    ),
    "CC-BY-SA-4.0": (
        "Creative Commons Attribution Share Alike 4.0 International",
        "https://creativecommons.org/licenses/by-sa/4.0/",
    ),
    "CC-BY-NC-4.0": (
        "Creative Commons Attribution Non Commercial 4.0 International",
        "https://creativecommons.org/licenses/by-nc/4.0/",
    ),
    "DL-DE-BY-2.0": (
        "Data licence Germany – attribution – version 2.0",
        "https://www.govdata.de/dl-de/by-2-0",
    ),
    "DL-DE-ZERO-2.0": ("Data licence Germany – Zero – Version 2.0", "https://www.govdata.de/dl-de/zero-2-0"),
    "etalab-2.0": (
        "Licence Ouverte / Open Licence 2.0",
        "https://www.etalab.gouv.fr/licence-ouverte-open-licence/",
    ),
    "NLOD-1.0": ("Norwegian Licence for Open Government Data 1.0", "https://data.norge.no/nlod/en/1.0"),
    "NLOD-2.0": ("Norwegian Licence for Open Government Data 2.0", "https://data.norge.no/nlod/en/2.0"),
    ODBL_ID: (
        "Open Data Commons Open Database License v1.0",
        "https://opendatacommons.org/licenses/odbl/1-0/",
    ),
    "ODC-By-1.0": (
        "Open Data Commons Attribution License v1.0",
        "https://opendatacommons.org/licenses/by/1-0/",
    ),
    "OGL-Canada-2.0": (
        "Open Government Licence - Canada",
        "https://open.canada.ca/en/open-government-licence-canada",
    ),
    "OGL-UK-3.0": (
        "Open Government Licence v3.0",
        "https://www.nationalarchives.gov.uk/doc/open-government-licence/version/3/",
    ),
    "PDDL-1.0": (
        "Open Data Commons Public Domain Dedication & License 1.0",
        "https://opendatacommons.org/licenses/pddl/1-0/",
    ),
}
"""Title and address by SPDX identifier. See https://spdx.org/licenses/."""


class NamedLicence(NamedTuple):
    """A licence as a feed names it.

    Attributes:
        identifier: of SPDX; empty if the feed gives none that is known here.
        title: for people.
        url: of its text; empty if it is not known.
    """

    identifier: str
    title: str
    url: str


def licence_of(identifier: str) -> NamedLicence:
    """Return a licence by its identifier.

    Raises:
        KeyError: it is not known here.
    """
    return NamedLicence(identifier, *_KNOWN[identifier])


def feed_licence(facts: Mapping[str, str]) -> NamedLicence | None:
    """Return the licence that a feed names; None if it names none.

    Args:
        facts: what the lake knows of its network (`lake.network_facts`). `license_id` is an identifier of
            SPDX, in any case; `license_url` has the terms where no such licence applies.
    """
    said, address = facts.get("license_id", ""), facts.get("license_url", "")
    known = {identifier.lower(): identifier for identifier in _KNOWN}
    identifier = known.get(said.lower(), "")
    if identifier:
        return licence_of(identifier)
    if said or address:
        return NamedLicence("", said or address, address)
    return None
