"""The monthly bill: the deployed stack's beside the first version's, now and after a year.

Belongs here: quantities times prices, totals, the host's lines, and all of it as JSON data. Does not: the
quantities (usage, first_version), or how it is printed (table).
"""

from typing import Any, NamedTuple

from velib_assets.cost.first_version import first_usage
from velib_assets.cost.inputs import Inputs
from velib_assets.cost.prices import Price, Prices
from velib_assets.cost.usage import GB, HOURS, bytes_out, usage
from velib_assets.cost.work import COMMAND, Counted, Work

COLUMNS = ("month_1", "month_12", "first_version_month_1", "first_version_month_12")
HOST_DISK = 20  # GB
OWN_MACHINE, RENTED = "your own machine", "a t4g.small in the region"


class Line(NamedTuple):
    """A line of the bill: its price, and a quantity for each of COLUMNS."""

    name: str
    price: Price
    quantities: tuple[float, ...]

    def costs(self, *, with_free: bool = True) -> list[float]:
        """A month's cost for each of COLUMNS."""
        return [self.price.cost(quantity, with_free=with_free) for quantity in self.quantities]


class Bill(NamedTuple):
    """All lines, the host's offers, and what they come from."""

    lines: list[Line]
    hosts: list[tuple[str, float, str]]
    inputs: Inputs
    work: Counted
    prices: Prices

    def totals(self, *, with_free: bool = True) -> list[float]:
        """The sums, for each of COLUMNS."""
        return [
            sum(column)
            for column in zip(*(line.costs(with_free=with_free) for line in self.lines), strict=True)
        ]


def bill_of(inputs: Inputs, work: Counted, prices: Prices) -> Bill:
    """The bill for these inputs."""
    used = [
        usage(inputs, work, 1),
        usage(inputs, work, 12),
        first_usage(inputs, 1),
        first_usage(inputs, 12),
    ]
    lines = [
        Line(name, price, tuple(column.get(name, 0.0) for column in used))
        for name, price in prices.bill.items()
    ]
    return Bill(lines, _hosts(inputs, work, prices), inputs, work, prices)


def _hosts(inputs: Inputs, work: Counted, prices: Prices) -> list[tuple[str, float, str]]:
    """Where Dagster may run: what it is, what it costs a month, and the words for it."""
    if inputs.orchestrator != "dagster":
        return []
    host, out = prices.host, bytes_out(inputs, work) / GB
    rented = {"host_hours": HOURS, "host_disk": HOST_DISK, "host_address": HOURS}
    parts = ", ".join(
        f"{host[name].what} ${host[name].cost(quantity):.2f}" for name, quantity in rented.items()
    )
    own = (
        f"{out:.0f} GB leave AWS for it, of {host['transfer'].free:.0f} free ones; "
        f"${host['transfer'].cost(out, with_free=False):.2f} where others use those up"
    )
    return [
        (OWN_MACHINE, host["transfer"].cost(out), own),
        (RENTED, sum(host[name].cost(quantity) for name, quantity in rented.items()), parts),
    ]


def work_facts(bill: Bill) -> list[tuple[str, Work, str]]:
    """The measured work that is in the bill: its name, its counts, where they are from."""
    basis = f"measured: {bill.work.measured} ({COMMAND})"
    orchestrator = bill.inputs.orchestrator
    found = [(f"a tick ({orchestrator})", bill.work.tick[orchestrator], basis)]
    if orchestrator == "dagster":
        found += [
            ("a round of healing", bill.work.healing, basis),
            ("a look for silence", bill.work.staleness, basis),
        ]
    return found


def data_of(bill: Bill) -> dict[str, Any]:
    """The bill as JSON data, unrounded."""
    return {
        "currency": "USD",
        "prices": {"collected": bill.prices.collected, "region": bill.prices.region},
        "lines": [
            {
                "name": line.name,
                **{
                    name: getattr(line.price, name)
                    for name in ("what", "unit", "price", "per", "free", "page")
                },
                **{
                    column: {"quantity": quantity, "cost": cost}
                    for column, quantity, cost in zip(COLUMNS, line.quantities, line.costs(), strict=True)
                },
            }
            for line in bill.lines
        ],
        "total": dict(zip(COLUMNS, bill.totals(), strict=True)),
        "total_without_free_tiers": dict(zip(COLUMNS, bill.totals(with_free=False), strict=True)),
        "host": [{"what": what, "cost": cost, "words": words} for what, cost, words in bill.hosts],
        "inputs": [
            {"name": name, "what": what, "value": value, "basis": basis}
            for name, what, value, basis in bill.inputs.facts()
        ],
        "work": [{"what": what, **work._asdict(), "basis": basis} for what, work, basis in work_facts(bill)],
    }
