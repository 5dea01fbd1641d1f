"""The price table, read from prices.toml.

Belongs here: what a quantity costs. Does not: how much of it there is (usage).
"""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

FILE = Path(__file__).with_name("prices.toml")
_HOST = ("host_hours", "host_disk", "host_address", "transfer")


class Price(NamedTuple):
    """What `per` units cost, in US dollars; `free` units a month are free in every account."""

    what: str
    unit: str
    price: float
    page: str
    per: float = 1
    free: float = 0

    def cost(self, quantity: float, *, with_free: bool = True) -> float:
        """A month's cost."""
        return max(0.0, quantity - (self.free if with_free else 0)) * self.price / self.per


class Prices(NamedTuple):
    """The table: the bill's lines in its order, those of Dagster's host, and when it was collected."""

    collected: str
    region: str
    bill: Mapping[str, Price]
    host: Mapping[str, Price]


def read_prices(file: Path = FILE) -> Prices:
    """The table of a file."""
    data = tomllib.loads(file.read_text(encoding="utf-8"))
    collected, region = str(data.pop("collected")), str(data.pop("region"))
    table = {name: Price(**entry) for name, entry in data.items()}
    host = {name: table.pop(name) for name in _HOST}
    return Prices(collected, region, table, host)
