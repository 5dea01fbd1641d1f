"""The origin of a published data set: network, sources, licence and attribution. One entry per network."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from importlib.resources import files
from typing import NamedTuple

from velib_assets.ingest.response import GBFS, OPENDATA, SIMULATOR
from velib_assets.lake.keys import SOURCE
from velib_assets.lake.network import VELIB_METROPOLE


class DataSource(NamedTuple):
    """A source of records: its title, address (empty if it has none), own terms, and whom to credit."""

    title: str
    url: str
    terms: str
    authors: tuple[str, ...]


class Licence(NamedTuple):
    """The licence of the published data: SPDX identifier, title, address, and the file with its full text."""

    identifier: str
    title: str
    url: str
    file: str

    @property
    def text(self) -> bytes:
        """The full text, as its publisher wrote it."""
        return (files("velib_assets.publish") / self.file).read_bytes()


class Provenance(NamedTuple):
    """A network and the origin of its data.

    Attributes:
        name: of the data set's files and folders.
        network: the network's name.
        place: where it is.
        zone: the IANA time zone of its local days.
        licence: the licence of the published data.
        keywords: for catalogs of data sets.
        sources: by the feed's name in raw objects; the first is that of raw objects that name none.
    """

    name: str
    network: str
    place: str
    zone: str
    licence: Licence
    keywords: tuple[str, ...]
    sources: Mapping[str, DataSource]

    def sources_of(self, feeds: Iterable[str]) -> list[DataSource]:
        """Return the sources of these feeds, in the order of `sources`; the first if none is known."""
        known = set(feeds)
        default = next(iter(self.sources.values()))
        return [source for feed, source in self.sources.items() if feed in known] or [default]


ODBL = Licence(
    "ODbL-1.0",
    "Open Data Commons Open Database License v1.0",
    "https://opendatacommons.org/licenses/odbl/1-0/",
    "LICENSE-ODbL.txt",
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
        SIMULATOR: DataSource(
            "Simulated city of Vélib' Insights: its stations and counts are fictional",
            "",
            "no restrictions",
            ("Vélib' Insights",),
        ),
    },
)
