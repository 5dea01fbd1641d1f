"""The origin of a published data set: network, sources, licence and attribution."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from importlib.resources import files
from typing import NamedTuple

from velib_assets.ingest.response import GBFS, OPENDATA, SIMULATOR
from velib_assets.lake.keys import SOURCE
from velib_assets.lake.network import VELIB_METROPOLE, Network
from velib_assets.publish.licences import ODBL_ID, feed_licence, licence_of


class DataSource(NamedTuple):
    """A source of records: its title, address (empty if it has none), own terms, and whom to credit."""

    title: str
    url: str
    terms: str
    authors: tuple[str, ...]


class Licence(NamedTuple):
    """The licence of the published data.

    Attributes:
        identifier: of SPDX; empty if it has none.
        title: for people.
        url: of its text; empty if it is not known.
        file: with its full text, in this folder; empty if that is not here.
    """

    identifier: str
    title: str
    url: str
    file: str

    @property
    def text(self) -> bytes:
        """The full text, as its publisher wrote it; only of a licence with a file."""
        return (files("velib_assets.publish") / self.file).read_bytes()


class Provenance(NamedTuple):
    """A network and the origin of its data.

    Attributes:
        name: of the data set's files and folders.
        network: the network's name.
        place: where it is; empty if that is not known.
        zone: the IANA time zone of its local days.
        licence: the licence of the published data; None if it is not known.
        keywords: for catalogs of data sets.
        sources: by the feed's name in raw objects; the first is that of raw objects that name none.
    """

    name: str
    network: str
    place: str
    zone: str
    licence: Licence | None
    keywords: tuple[str, ...]
    sources: Mapping[str, DataSource]

    def sources_of(self, feeds: Iterable[str]) -> list[DataSource]:
        """Return the sources of these feeds, in the order of `sources`; the first if none is known."""
        known = set(feeds)
        default = next(iter(self.sources.values()))
        return [source for feed, source in self.sources.items() if feed in known] or [default]


ODBL = Licence(*licence_of(ODBL_ID), "LICENSE-ODbL.txt")
_SIMULATED = DataSource(
    "Simulated city of Vélib' Insights: its stations and counts are fictional",
    "",
    "no restrictions",
    ("Vélib' Insights",),
)
VELIB = Provenance(
    name=SOURCE,
    network=VELIB_METROPOLE.name,
    place="Paris and its suburbs",
    zone=VELIB_METROPOLE.time_zone,
    licence=ODBL,
    keywords=("bike sharing", "mobility", "Vélib'", "Paris", "station availability", "time series"),
    sources={
        OPENDATA: DataSource(
            "Vélib - Disponibilité temps réel (opendata.paris.fr, velib-disponibilite-en-temps-reel)",
            "https://opendata.paris.fr/explore/dataset/velib-disponibilite-en-temps-reel/",
            "ODbL",
            ("Vélib' Métropole", "Ville de Paris open data"),
        ),
        GBFS: DataSource(
            "GBFS feed of Vélib' Métropole",
            "https://www.velib-metropole.fr/donnees-open-data-gbfs-du-service-velib-metropole",
            "Licence Ouverte (Etalab)",
            ("Vélib' Métropole",),
        ),
        SIMULATOR: _SIMULATED,
    },
)


def provenance_of(network: Network, facts: Mapping[str, str]) -> Provenance:
    """Return the provenance of a network: that of Vélib', or what a feed says of itself and nothing else.

    Args:
        network: its key, name and time zone.
        facts: what the lake knows of it (`lake.network_facts`).
    """
    if network.key == VELIB_METROPOLE.key:
        return VELIB._replace(network=network.name, zone=network.time_zone)
    named = feed_licence(facts)
    licence = Licence(*named, ODBL.file if named.identifier == ODBL_ID else "") if named else None
    author = facts.get("attribution_organization_name") or facts.get("operator") or network.name
    feed = DataSource(
        f"GBFS feed of {network.name}",
        facts.get("attribution_url") or facts.get("url") or "",
        licence.title if licence else "not stated by the feed",
        (author,),
    )
    return Provenance(
        name=network.key,
        network=network.name,
        place="",
        zone=network.time_zone,
        licence=licence,
        keywords=("bike sharing", "mobility", network.name, "station availability", "time series"),
        sources={GBFS: feed, SIMULATOR: _SIMULATED},
    )
