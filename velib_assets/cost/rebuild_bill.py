"""What it costs to clean all hours of the history again, once: raw in the colder class costs more to read."""

from __future__ import annotations

from velib_assets.cost.inputs import DAYS, GB, Inputs


def rebuild_quantities(i: Inputs, month: int) -> dict[str, float]:
    """Compute the quantity of each line of `rebuild` in prices.toml, at the end of the `month`-th month."""
    age = float(DAYS * month)
    warm, cold = (i.per_day * days for days in warm_and_cold_days(i, age))
    hours = min(24.0, i.per_day) * age
    glue = {
        "pythonshell": (i.shell_dpu, i.rebuild_seconds),
        "glueetl": (i.spark_dpu, i.rebuild_spark_seconds),
    }
    dpu, seconds = glue.get(i.job_type, (0, 0))
    function = i.job_type == "lambda"
    return {
        "cold_gb": cold * i.raw_bytes / GB,
        "cold_get": cold,
        "get": warm + hours * i.rebuild_get,
        "list": hours * i.rebuild_list,
        "put": hours,
        "kms_requests": (warm + cold + hours) * i.kms_share if i.encryption == "sse_kms" else 0.0,
        "glue_dpu_hours": hours * dpu * seconds / 3600,
        "lambda_gb_seconds": function * hours * i.rebuild_clean_seconds * i.clean_memory / 1024,
    }


def warm_and_cold_days(i: Inputs, age: float) -> tuple[float, float]:
    """Return for how many days of a history of `age` days raw is in the warm, and in the colder class."""
    warm = age if i.raw_bytes <= i.never_cold_bytes else min(age, float(i.raw_cold_after))
    return warm, age - warm
