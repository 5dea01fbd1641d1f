"""The bill: one configuration computed by hand, what each option changes, and what grows."""

import math
from typing import Any

import pytest

from velib_assets.cost.bill import MONTHS, TABLES, make_bill, to_table
from velib_assets.cost.inputs import Inputs

Bill = dict[str, Any]
COUNTS = {
    "measured": "by hand",
    "tick": {
        "dagster": {"put": 6, "list": 10, "get": 40, "queries": 5, "catalog": 8, "bytes": 3e6},
        "step_functions": {"put": 2, "list": 15, "get": 15, "transitions": 5},
    },
    "daily": {
        "dagster": {"put": 10, "list": 12, "get": 60, "queries": 3, "catalog": 20, "bytes": 1e6},
        "step_functions": {"put": 1, "list": 5, "get": 30, "transitions": 1},
    },
    "healing": {"list": 20, "catalog": 1, "bytes": 1e5},
    "staleness": {"list": 3},
    "daily_healing": {"list": 9, "get": 90, "catalog": 4},
}


def bill(**given: Any) -> Bill:
    inputs = Inputs()
    inputs.counts = COUNTS
    inputs.set(
        "given",
        **{"healing_seconds": 900, "staleness_seconds": 300, "daily_healing_seconds": 14_400, **given},
    )
    return make_bill(inputs)


def costs(computed: Bill, column: str = "month_1", *, section: str = "lines") -> dict[str, float]:
    return {line["name"]: line[column]["cost"] for line in computed[section]}


def changed(**given: Any) -> set[str]:
    """The lines whose quantity an option changes in the first month."""
    pairs = zip(bill()["lines"], bill(**given)["lines"], strict=True)
    return {
        one["name"]
        for one, two in pairs
        if not math.isclose(one["month_1"]["quantity"], two["month_1"]["quantity"])
    }


def test_month_computed_by_hand() -> None:
    """2,880 ticks, 2,880 healing and 8,640 staleness evaluations.

    Four weeks are read once per day, from at most 58 files of history and 24 of hours. In each of 720 hours
    the register is replaced, two views are, and the hour before is listed. 30 runs build a day, and one a
    month.
    """
    cost_of = costs(bill())
    assert cost_of["glue_dpu_hours"] == pytest.approx((2880 + 31) / 60 * 0.0625 * 0.44)  # 1.33
    assert cost_of["athena_tb"] == pytest.approx(
        ((2880 * 5 + 30 * 3) * 10e6 + 30 * (58 * 750_000 + 24 * 97_138)) / 1e12 * 5
    )
    assert cost_of["s3_put"] == pytest.approx(
        (2880 * (6 + 5 * 2) + 720 + (2 * 720 + 30) * 3 + 30 * (10 + 3 * 2 + 2)) * 0.005 / 1000
    )
    assert cost_of["s3_list"] == pytest.approx(
        (2880 * (10 + 5 * 10) + 720 * 2 + 30 * (24 + 3 + 12 + 3 * 10) + 2880 * 20 + 8640 * 3 + 180 * 9)
        * 0.005
        / 1000
    )
    assert cost_of["s3_get"] == pytest.approx(
        (
            2880 * (40 + 5 * 30 + 66)
            + 2 * 720
            + (2 * 720 + 30)
            + 30 * (82 * 3 + 60 + 3 * 30)
            + 31 * 12
            + 180 * (90 + 88)
        )
        * 0.0004
        / 1000
    )
    raw, clean, old, daily, results, reports, register = (
        15 * 96 * 73_248,
        15 * 24 * 97_138,
        14 * 24 * 3 * 0.8 * 97_138,
        15 * (750_000 + 83_000),  # no month is closed yet
        15 * 483 * 300_000,
        96 * 2 * 6_000_000,
        (1 + 14 * 24) * 54_207,
    )
    stored = raw + clean + old + daily + results + reports + register
    assert cost_of["s3_standard"] == pytest.approx(stored / 1e9 * 0.023)
    assert sum(cost for name, cost in cost_of.items() if cost) == pytest.approx(bill()["total"]["month_1"])
    free = {"lambda_requests", "lambda_gb_seconds", "alarms", "metrics", "traces", "log_gb", "emails"}
    assert all(cost_of[name] == 0 for name in free)


def test_total_without_free_tiers_charges_every_line() -> None:
    computed = bill()
    by_hand = {
        "lambda_requests": 2880 * 0.20 / 1e6,
        "lambda_gb_seconds": 2880 * 6 * 0.25 * 0.0000166667,
        "alarms": 0.50,
        "metrics": 0.30,
        "log_gb": 2911 * 12_000 / 1e9 * 0.50,
        "log_stored_gb": 15 * 2911 / 30 * 12_000 / 1e9 * 0.03,
        "traces": 2880 * 5 / 1e6,
        "emails": 10 * 2 / 1e5,
        "catalog_requests": (2880 * (8 + 5 * 3) + 2880 + 30 * (20 + 3 * 3) + 180 * 4) / 1e6,
        "catalog_objects": (24 * 15 + 1 + 1 + TABLES + 8) / 1e5,
    }
    assert all(costs(computed)[name] == 0 for name in by_hand)
    free = computed["total_without_free_tiers"]["month_1"] - computed["total"]["month_1"]
    assert free == pytest.approx(sum(by_hand.values()))


def test_most_raw_is_in_the_colder_class_after_a_year() -> None:
    """The middle of month 12 is day 345; an object there is billed as at least 128 KB."""
    cost_of = costs(bill(), "month_12")
    assert cost_of["s3_cold"] == pytest.approx((345 - 90) * 96 * 131_072 / 1e9 * 0.004)
    assert cost_of["s3_moves"] == pytest.approx(2880 * 0.02 / 1000)
    assert costs(bill())["s3_moves"] == 0


def test_key_and_its_requests_are_counted_where_one_is_set() -> None:
    """A bucket key spares most requests; without one, each PUT and GET is a request to KMS."""
    assert changed(encryption="sse_kms") == {"kms_keys", "kms_requests"}
    lines = {line["name"]: line["month_1"]["quantity"] for line in bill()["lines"]}
    objects = lines["s3_put"] + lines["s3_get"]
    with_key, each = costs(bill(encryption="sse_kms")), costs(bill(encryption="sse_kms", kms_share=1))
    assert (with_key["kms_keys"], costs(bill())["kms_keys"]) == (1, 0)
    assert with_key["kms_requests"] == pytest.approx((objects * 0.1 - 20_000) * 0.03 / 10_000)
    assert each["kms_requests"] == pytest.approx((objects - 20_000) * 0.03 / 10_000)
    assert "KMS: key of the bucket" in to_table(bill(encryption="sse_kms"))
    assert "KMS" not in to_table(bill()).partition("based on")[0]


def test_rebuild_reads_raw_of_the_colder_class_at_its_price() -> None:
    """After 12 months, 270 of 360 days are in the colder class; after the first, none."""
    cold = 270 * 96
    cost_of, first = costs(bill(), "month_12", section="rebuild"), costs(bill(), section="rebuild")
    assert cost_of == pytest.approx(
        {
            "cold_gb": cold * 73_248 / 1e9 * 0.03,
            "cold_get": cold * 0.01 / 1000,
            "get": (90 * 96 + 360 * 24 * 3) * 0.0004 / 1000,
            "list": 360 * 24 * 3 * 0.005 / 1000,
            "put": 360 * 24 * 0.005 / 1000,
            "kms_requests": 0,
            "glue_dpu_hours": 360 * 24 * 2 / 3600 * 0.0625 * 0.44,
            "lambda_gb_seconds": 0,
        }
    )
    assert (first["cold_gb"], first["cold_get"]) == (0, 0)
    assert bill()["rebuild_total"]["month_12"] == pytest.approx(sum(cost_of.values()))
    assert bill(encryption="sse_kms")["total"]["month_12"] - bill()["total"]["month_12"] < 2
    key = costs(bill(encryption="sse_kms"), "month_12", section="rebuild")["kms_requests"]
    assert key == pytest.approx((360 * 96 + 360 * 24) * 0.1 * 0.03 / 10_000)


def test_rebuild_by_the_function_bills_its_time_instead_of_the_job() -> None:
    cost_of = costs(bill(job_type="lambda"), "month_12", section="rebuild")
    assert cost_of["glue_dpu_hours"] == 0
    assert cost_of["lambda_gb_seconds"] == pytest.approx(360 * 24 * 0.25 * 1769 / 1024 * 0.0000166667)


def test_small_raw_stays_in_the_warm_class_and_is_read_as_such() -> None:
    cost_of = costs(bill(raw_bytes=32_768), "month_12", section="rebuild")
    assert (cost_of["cold_gb"], cost_of["cold_get"]) == (0, 0)
    assert cost_of["get"] == pytest.approx((360 * 96 + 360 * 24 * 3) * 0.0004 / 1000)


def test_rebuild_is_in_no_total_and_has_a_table_of_its_own() -> None:
    computed = bill()
    assert sum(costs(computed).values()) == pytest.approx(computed["total"]["month_1"])
    text = to_table(computed)
    assert f"{computed['rebuild_total']['month_12']:,.2f}" in text
    assert "all hours cleaned again" in text
    assert "S3: retrieval from Glacier Instant Retrieval" in text


def test_function_builds_history_instead_of_the_job() -> None:
    """It bills its time, without a minimum; months are closed one by one."""
    quantity = {line["name"]: line["month_1"]["quantity"] for line in bill(job_type="lambda")["lines"]}
    assert quantity["lambda_requests"] == 2 * 2880 + 31
    cleaned = (2880 * 8 + 31 * 12) * 1769 / 1024
    assert quantity["lambda_gb_seconds"] == pytest.approx(2880 * 6 * 256 / 1024 + cleaned)


def test_history_is_stored_twice_once_its_month_is_closed() -> None:
    """In the middle of month 12, eleven months are closed; without Dagster there are no daily KPIs."""
    one, two = (costs(bill(history_bytes=size), "month_12")["s3_standard"] for size in (0, 1e6))
    assert two - one == pytest.approx((345 + 330) * 1e6 / 1e9 * 0.023)
    without = {"orchestrator": "step_functions"}
    assert "s3_standard" in changed(daily_kpi_bytes=1)
    pairs = (costs(bill(daily_kpi_bytes=size, **without))["s3_standard"] for size in (0, 1e6))
    assert next(pairs) == next(pairs)


def test_each_option_changes_its_lines() -> None:
    requests = {"s3_put", "s3_list", "s3_get"}
    assert changed(memory=512) == {"lambda_gb_seconds"}
    assert changed(job_type="glueetl") == {"glue_dpu_hours"}
    assert {"glue_dpu_hours", "lambda_requests", "lambda_gb_seconds"} < changed(job_type="lambda")
    assert changed(catalog_mode="crawler") == {"crawler_dpu_hours", "s3_list", "s3_get"}
    assert changed(orchestrator="step_functions") == {
        *requests, "transitions", "scheduler", "athena_tb", "catalog_requests", "s3_standard",
        "glue_dpu_hours", "log_gb", "log_stored_gb",  # its daily run also compacts months
    }  # fmt: skip
    assert {"lambda_requests", "glue_dpu_hours", "athena_tb", *requests} < changed(every=5)


@pytest.mark.parametrize(
    ("given", "name", "cost"),
    [
        ({"every": 5}, "glue_dpu_hours", (8640 + 31) / 60 * 0.0275),
        ({"shell_seconds": 90}, "glue_dpu_hours", (2880 * 1.5 + 31) / 60 * 0.0275),
        ({"shell_seconds": 20}, "glue_dpu_hours", (2880 + 31) / 60 * 0.0275),
        ({"history_seconds": 90}, "glue_dpu_hours", (2880 + 31 * 1.5) / 60 * 0.0275),
        ({"job_type": "glueetl"}, "glue_dpu_hours", (2880 + 31) / 60 * 0.88),
        ({"job_type": "lambda"}, "glue_dpu_hours", 0),
        ({"job_type": "lambda"}, "lambda_gb_seconds", 0),  # 44,000 of 400,000 free GB-s
        ({"catalog_mode": "crawler", "crawl_dpu": 1}, "crawler_dpu_hours", 720 / 6 * 0.44),
        ({"catalog_mode": "crawler", "orchestrator": "step_functions"}, "crawler_dpu_hours", 422.40),
        (
            {"orchestrator": "step_functions"},
            "transitions",
            (2880 * 5 + 30 * (1 + 8 + 1) - 4000) * 0.025 / 1000,
        ),
    ],
)
def test_lines_by_hand(given: dict[str, Any], name: str, cost: float) -> None:
    """With Dagster the crawler runs for each new hour, with Step Functions at each tick."""
    assert costs(bill(**given))[name] == pytest.approx(cost)


@pytest.mark.parametrize("job_type", ["pythonshell", "lambda"])
def test_defaults_with_the_measured_work_cost_less_than_three_dollars(job_type: str) -> None:
    inputs = Inputs()
    inputs.set("given", job_type=job_type)
    totals = make_bill(inputs)["total"]
    assert totals["month_1"] < totals["month_12"] < 3
    assert totals["month_12"] < totals["month_1"] + 0.25


@pytest.mark.parametrize("orchestrator", ["dagster", "step_functions"])
@pytest.mark.parametrize("catalog_mode", ["api", "crawler"])
@pytest.mark.parametrize("job_type", ["pythonshell", "glueetl", "lambda"])
def test_every_mode_adds_up_and_is_printed(orchestrator: str, catalog_mode: str, job_type: str) -> None:
    computed = bill(orchestrator=orchestrator, catalog_mode=catalog_mode, job_type=job_type)
    for column in MONTHS:
        assert sum(line[column]["cost"] for line in computed["lines"]) == pytest.approx(
            computed["total"][column]
        )
        for line in computed["lines"]:
            paid = max(0, line[column]["quantity"] - line["free"]) * line["price"] / line["per"]
            assert line[column]["cost"] == pytest.approx(paid)
    assert bool(computed["host"]) == (orchestrator == "dagster")
    text = to_table(computed)
    assert f"{computed['total']['month_1']:,.2f}" in text
    assert all(entry["what"] in text and entry["basis"] in text for entry in computed["inputs"])


def test_host_has_lines_of_its_own() -> None:
    """A host outside AWS pays only for transfer beyond 100 GB; a rented one by the hour."""
    cost_of = costs(bill(), section="host")
    assert cost_of == pytest.approx(
        {"hours": 720 * 0.0168, "disk": 16 * 0.08, "address": 720 * 0.005, "transfer": 0}
    )
    every_minute = costs(bill(every=1), section="host")["transfer"]
    assert every_minute == pytest.approx(((43_200 * 3e6 + 2880 * 1e5 + 30 * 1e6) / 1e9 - 100) * 0.09)


def test_prices_are_those_that_aws_publishes() -> None:
    """Each price names the page that it comes from."""
    prices = Inputs().prices
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
        entry = prices["bill"][name]
        assert (entry["price"], entry.get("per", 1)) == (price, per), name
    assert (prices["bill"]["kms_keys"]["price"], prices["bill"]["kms_requests"]["price"]) == (1, 0.03)
    assert (prices["rebuild"]["cold_gb"]["price"], prices["rebuild"]["cold_get"]["price"]) == (0.03, 0.01)
    for name in ("get", "list", "put"):  # one price in both places
        assert prices["rebuild"][name]["price"] == prices["bill"][f"s3_{name}"]["price"]
    assert prices["rebuild"]["lambda_gb_seconds"]["price"] == prices["bill"]["lambda_gb_seconds"]["price"]
    entries = [entry for section in ("bill", "host", "rebuild") for entry in prices[section].values()]
    assert all(entry["page"].startswith("https://aws.amazon.com/") for entry in entries)
