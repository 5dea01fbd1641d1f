"""The bill: one configuration reckoned by hand, what each option changes, and what grows."""

import math
from typing import Any

import pytest

from velib_assets.cost.bill import COLUMNS, Bill, bill_of, data_of
from velib_assets.cost.inputs import CATALOG_MODES, JOB_TYPES, ORCHESTRATORS, Inputs
from velib_assets.cost.prices import read_prices
from velib_assets.cost.table import table_of
from velib_assets.cost.work import Counted, Work, read_work

PRICES = read_prices()
WORK = Counted(
    "by hand",
    {
        "dagster": Work(put=6, list=10, get=40, questions=5, catalog=8, bytes=3e6),
        "step_functions": Work(put=2, list=15, get=15, transitions=5),
    },
    Work(list=20, catalog=1, bytes=1e5),
    Work(list=3),
)


def bill(**given: Any) -> Bill:
    rounds = {"healing_seconds": 900, "staleness_seconds": 300}
    return bill_of(Inputs().known("given", **{**rounds, **given}), WORK, PRICES)


def costs(made: Bill, column: str = "month_1", *, with_free: bool = True) -> dict[str, float]:
    return {line.name: line.costs(with_free=with_free)[COLUMNS.index(column)] for line in made.lines}


def changed(**given: Any) -> set[str]:
    """The lines whose quantity an option changes in the first month, the first version's apart."""
    default, other = bill(), bill(**given)
    pairs = zip(default.lines, other.lines, strict=True)
    return {one.name for one, two in pairs if not math.isclose(one.quantities[0], two.quantities[0])}


def test_a_month_by_hand() -> None:
    """2,880 ticks, 2,880 rounds of healing, 8,640 looks for silence; the 672 hours of 4 weeks once a day."""
    found = costs(bill())
    assert found["glue_dpu_hours"] == pytest.approx(2880 / 60 * 0.0625 * 0.44)  # 1.32
    assert found["athena_tb"] == pytest.approx((2880 * 5 * 10e6 + 30 * 672 * 97_138) / 1e12 * 5)
    assert found["s3_put"] == pytest.approx((2880 * (6 + 5 * 2) + (2 * 720 + 30) * 2) * 0.005 / 1000)
    assert found["s3_list"] == pytest.approx(
        (2880 * (10 + 5 * 10) + 30 * 672 + 2880 * 20 + 8640 * 3) * 0.005 / 1000
    )
    assert found["s3_get"] == pytest.approx((2880 * (40 + 5 * 30 + 66) + 30 * 672 * 3) * 0.0004 / 1000)
    raw, clean, old, results, reports = (
        15 * 96 * 73_248,
        15 * 24 * 97_138,
        14 * 24 * 3 * 0.8 * 97_138,
        15 * 480 * 300_000,
        96 * 2 * 6_000_000,
    )
    assert found["s3_standard"] == pytest.approx((raw + clean + old + results + reports) / 1e9 * 0.023)
    assert sum(cost for name, cost in found.items() if cost) == pytest.approx(bill().totals()[0])
    free = {"lambda_requests", "lambda_gb_seconds", "alarms", "metrics", "traces", "log_gb", "emails"}
    assert all(found[name] == 0 for name in free)


def test_without_free_tiers_every_line_is_paid() -> None:
    found = costs(bill(), with_free=False)
    assert found["lambda_requests"] == pytest.approx(2880 * 0.20 / 1e6)
    assert found["lambda_gb_seconds"] == pytest.approx(2880 * 6 * 0.25 * 0.0000166667)
    assert found["alarms"] == pytest.approx(0.40)
    assert found["metrics"] == pytest.approx(0.30)
    assert bill().totals(with_free=False)[0] > bill().totals()[0]


def test_after_a_year_most_raw_is_in_the_colder_class() -> None:
    """Month 12's middle is day 345; an object there counts as 128 KB at least."""
    found = costs(bill(), "month_12")
    assert found["s3_cold"] == pytest.approx((345 - 90) * 96 * 131_072 / 1e9 * 0.004)
    assert found["s3_moves"] == pytest.approx(2880 * 0.02 / 1000)
    assert costs(bill())["s3_moves"] == 0


def test_each_option_changes_its_lines() -> None:
    requests = {"s3_put", "s3_list", "s3_get"}
    assert changed(memory=512) == {"lambda_gb_seconds"}
    assert changed(job_type="glueetl") == {"glue_dpu_hours"}
    assert changed(catalog_mode="crawler") == {"crawler_dpu_hours", "s3_list", "s3_get"}
    assert changed(orchestrator="step_functions") == {
        *requests, "transitions", "scheduler", "athena_tb", "catalog_requests", "s3_standard",
    }  # fmt: skip
    assert {"lambda_requests", "glue_dpu_hours", "athena_tb", *requests} < changed(every=5)


@pytest.mark.parametrize(
    ("given", "name", "cost"),
    [
        ({"every": 5}, "glue_dpu_hours", 3.96),
        ({"shell_seconds": 90}, "glue_dpu_hours", 1.98),
        ({"shell_seconds": 20}, "glue_dpu_hours", 1.32),
        ({"job_type": "glueetl"}, "glue_dpu_hours", 42.24),
        ({"catalog_mode": "crawler", "crawl_dpu": 1}, "crawler_dpu_hours", 720 / 6 * 0.44),
        ({"catalog_mode": "crawler", "orchestrator": "step_functions"}, "crawler_dpu_hours", 422.40),
        ({"orchestrator": "step_functions"}, "transitions", (2880 * 5 + 240 - 4000) * 0.025 / 1000),
    ],
)
def test_lines_by_hand(given: dict[str, Any], name: str, cost: float) -> None:
    """Under Dagster the crawler runs for an hour that is new, under Step Functions at each tick."""
    assert costs(bill(**given))[name] == pytest.approx(cost)


def test_the_first_version_by_hand() -> None:
    """About $490 a month; its job reads all raw again, so its second figure is far above the first."""
    made = bill()
    found = costs(made, "first_version_month_1")
    assert found["crawler_dpu_hours"] == pytest.approx(2880 * 2 / 6 * 0.44)  # 422.40
    assert found["glue_dpu_hours"] == pytest.approx(2880 * 2 * (60 + 1440 / 100) / 3600 * 0.44)
    ours, after_a_year, first, its_year = made.totals()
    assert 450 < first < 530
    assert its_year > 2 * first
    assert after_a_year < ours + 0.25


def test_the_deployed_default_with_the_measured_work_is_below_three_dollars() -> None:
    made = bill_of(Inputs(), read_work(), PRICES)
    assert max(made.totals()[:2]) < 3


@pytest.mark.parametrize("orchestrator", ORCHESTRATORS)
@pytest.mark.parametrize("catalog_mode", CATALOG_MODES)
@pytest.mark.parametrize("job_type", JOB_TYPES)
def test_every_mode_adds_up_and_is_printed(orchestrator: str, catalog_mode: str, job_type: str) -> None:
    made = bill(orchestrator=orchestrator, catalog_mode=catalog_mode, job_type=job_type)
    data = data_of(made)
    for column in COLUMNS:
        assert sum(line[column]["cost"] for line in data["lines"]) == pytest.approx(data["total"][column])
        for line in data["lines"]:
            paid = max(0, line[column]["quantity"] - line["free"]) * line["price"] / line["per"]
            assert line[column]["cost"] == pytest.approx(paid)
    assert bool(data["host"]) == (orchestrator == "dagster")
    text = table_of(made)
    assert f"{data['total']['month_1']:,.2f}" in text
    assert all(entry["basis"].startswith(("measured", "assumed", "given")) for entry in data["inputs"])


def test_the_host_has_lines_of_its_own() -> None:
    """A machine outside AWS pays for nothing but what leaves AWS beyond 100 GB; a rented one by the hour."""
    (_, own, _), (_, rented, words) = bill().hosts
    assert own == 0
    assert rented == pytest.approx(720 * 0.0168 + 20 * 0.08 + 720 * 0.005)
    assert "t4g.small" in words
    assert bill(every=1).hosts[0][1] == pytest.approx(((43_200 * 3e6 + 2880 * 1e5) / 1e9 - 100) * 0.09)


def test_prices_are_those_that_aws_publishes() -> None:
    """The ones that the design was reckoned with; each says where it is from."""
    for name, price, per in [
        ("lambda_requests", 0.20, 1e6),
        ("lambda_gb_seconds", 0.0000166667, 1),
        ("glue_dpu_hours", 0.44, 1),
        ("crawler_dpu_hours", 0.44, 1),
        ("transitions", 0.025, 1000),
        ("athena_tb", 5, 1),
        ("s3_put", 0.005, 1000),
        ("s3_list", 0.005, 1000),
        ("s3_get", 0.0004, 1000),
        ("s3_standard", 0.023, 1),
        ("log_gb", 0.50, 1),
    ]:
        assert (PRICES.bill[name].price, PRICES.bill[name].per) == (price, per), name
    everything = [*PRICES.bill.values(), *PRICES.host.values()]
    assert all(price.page.startswith("https://aws.amazon.com/") for price in everything)
