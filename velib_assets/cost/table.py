"""The bill on a terminal.

Belongs here: how it looks, and what must be said beside it. Does not: any number of its own.
"""

from tabulate import tabulate

from velib_assets.cost.bill import Bill, Line, work_facts
from velib_assets.cost.usage import LEAST_RUN, usage

_HEAD = ("", "a month", "price, $", "month 1", "month 12", "first version", "its month 12")
_SECONDS = 10


def table_of(bill: Bill) -> str:
    """The lines, the totals, Dagster's host, and what all of it rests on."""
    return "\n".join([*_bill(bill), "", *_hosts(bill), *_notes(bill), "", *_facts(bill)])


def _bill(bill: Bill) -> list[str]:
    rows = [_row(line) for line in bill.lines if any(line.quantities)]
    rows += [_total("Total, US dollars", bill.totals())]
    rows += [_total("without free tiers", bill.totals(with_free=False))]
    sides = ("left", "right", "left", "right", "right", "right", "right")
    return [tabulate(rows, _HEAD, colalign=sides, disable_numparse=True)]


def _row(line: Line) -> tuple[str, ...]:
    price, ours = line.price, line.quantities[0]
    asked = f"{_money(price.price)} / {price.per:,.0f}" if price.per != 1 else _money(price.price)
    free = f", {price.free:,.0f} free" if price.free else ""
    return (price.what, f"{_number(ours)} {price.unit}", asked + free, *map(_cost, line.costs()))


def _total(what: str, costs: list[float]) -> tuple[str, ...]:
    return (what, "", "", *map(_cost, costs))


def _hosts(bill: Bill) -> list[str]:
    if not bill.hosts:
        return ["No host for Dagster: AWS keeps the clock."]
    offers = [f"  {what}: ${cost:.2f} ({words})" for what, cost, words in bill.hosts]
    return ["Beside it, the host that runs Dagster:", *offers]


def _notes(bill: Bill) -> list[str]:
    inputs, name = bill.inputs, "glue_dpu_hours"
    dearer = inputs.known("", shell_seconds=LEAST_RUN + _SECONDS, spark_seconds=LEAST_RUN + _SECONDS)
    least = inputs.known("", shell_seconds=LEAST_RUN, spark_seconds=LEAST_RUN)
    hours = usage(dearer, bill.work, 1)[name] - usage(least, bill.work, 1)[name]
    more = bill.prices.bill[name].cost(hours)
    table = f"List prices of {bill.prices.region}, collected {bill.prices.collected}, without tax"
    return [
        f"Each {_SECONDS} s that a Glue run takes beyond its first minute add ${more:.2f} a month.",
        f"{table}: check before relying on them (velib_assets/cost/prices.toml).",
        "free: in every account, for ever; the first total takes these tiers off.",
        "The first version: a Lambda, a Spark job over all raw that appends, and a crawler at each tick.",
    ]


def _facts(bill: Bill) -> list[str]:
    rows = [(what, _value(value), basis) for _, what, value, basis in bill.inputs.facts()]
    for what, work, basis in work_facts(bill):
        requests = f"{work.put:g} PUT, {work.list:g} LIST, {work.get:g} GET"
        rows.append((f"S3 requests of {what}", requests, basis))
        if work.questions:
            rows.append((f"Athena questions of {what}", f"{work.questions:g}", basis))
        if work.transitions:
            rows.append((f"transitions of {what}", f"{work.transitions:g}", basis))
    return [
        tabulate(
            rows, ("What it rests on", "", ""), colalign=("left", "right", "left"), disable_numparse=True
        )
    ]


def _money(amount: float) -> str:
    return f"{amount:.10f}".rstrip("0") if amount < 0.01 and amount else f"{amount:.4g}"  # noqa: PLR2004


def _cost(amount: float) -> str:
    return f"{amount:,.2f}"


def _number(quantity: float) -> str:
    return f"{quantity:,.0f}" if quantity >= 100 or quantity == int(quantity) else f"{quantity:.3g}"  # noqa: PLR2004


def _value(value: float | str) -> str:
    return value if isinstance(value, str) else f"{value:,.4g}" if value < 1000 else f"{value:,.0f}"  # noqa: PLR2004
