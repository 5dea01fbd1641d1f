"""What the bill depends on: the deployed settings, durations and sizes, each with where it is from.

Belongs here: names, defaults and their grounds. Does not: finding out the real ones (deployed, sizes).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

INFRA = "assumed: the default of infra/"
MEASURED_DAYS = "measured: 84 real snapshots of June 2022"
ORCHESTRATORS, CATALOG_MODES = ("dagster", "step_functions"), ("api", "crawler")
JOB_TYPES = ("pythonshell", "glueetl")


def _input(value: float | str, what: str, basis: str) -> Any:  # noqa: ANN401 - a dataclass field of any type
    return field(default=value, metadata={"what": what, "basis": basis})


@dataclass(frozen=True)
class Inputs:
    """All inputs; `told` says of some of them where they are from, the others are assumed."""

    orchestrator: str = _input("dagster", "who starts the ticks", INFRA)
    catalog_mode: str = _input("api", "who registers partitions", INFRA)
    job_type: str = _input("pythonshell", "the Glue job's type", INFRA)
    every: float = _input(15, "minutes between two ticks", INFRA)
    memory: float = _input(256, "the Lambda's memory, MB", INFRA)
    lambda_seconds: float = _input(
        6, "a Lambda call, s", "assumed: 0.7 CPU seconds here, by 0.14 vCPU, and the feed's answer"
    )
    shell_dpu: float = _input(0.0625, "DPU of a Python shell run", INFRA)
    shell_seconds: float = _input(
        60,
        "a Python shell run, s",
        "assumed: 6 CPU seconds here, 5 of them pip, by 1/4 vCPU: below the minimum",
    )
    spark_dpu: float = _input(2, "DPU of a Spark run", "assumed: the fewest, two workers G.1X")
    spark_seconds: float = _input(60, "start of a Spark run, s", "assumed")
    crawl_dpu: float = _input(2, "DPU of a crawl", "assumed: as in AWS's price examples")
    crawl_seconds: float = _input(90, "a crawl, s", "assumed; ten minutes are paid")
    raw_bytes: float = _input(73_248, "a raw snapshot, bytes", MEASURED_DAYS)
    clean_bytes: float = _input(97_138, "an hour's clean file, bytes", MEASURED_DAYS)
    json_bytes: float = _input(570_000, "a snapshot as plain JSON, bytes", MEASURED_DAYS)
    answer_bytes: float = _input(300_000, "a question's result, bytes", "assumed: the rows of five views")
    report_bytes: float = _input(6_000_000, "the report and its exports, bytes", "measured: bench_report.py")
    athena_put: float = _input(2, "S3 PUT of Athena a question", "assumed: the result and its metadata")
    athena_list: float = _input(10, "S3 LIST of Athena a question", "assumed: one a view and partition")
    athena_get: float = _input(30, "S3 GET of Athena a question", "assumed: footers, columns, the result")
    log_bytes: float = _input(12_000, "logs of a tick, bytes", "assumed: most of it is pip's in the Glue job")
    emails: float = _input(10, "alerts a month", "assumed")
    raw_cold_after: float = _input(90, "raw moves to the colder class after, days", INFRA)
    temporary_days: float = _input(7, "query results are kept, days", INFRA)
    old_version_days: float = _input(14, "old versions are kept, days", INFRA)
    log_days: float = _input(365, "logs are kept, days", INFRA)
    healing_seconds: float = _input(
        1800, "between two rounds of healing, s", "assumed: as in velib_assets/defs/build.py"
    )
    staleness_seconds: float = _input(
        300, "between two looks for silence, s", "assumed: as in velib_assets/defs/build.py"
    )
    spark_files: float = _input(100, "raw files Spark reads a second (first version)", "assumed")
    told: Mapping[str, str] = field(default_factory=dict)

    def known(self, basis: str, **values: float | str) -> "Inputs":
        """With other values, and where they are from."""
        return replace(self, **values, told={**self.told, **dict.fromkeys(values, basis)})  # type: ignore[arg-type]

    def facts(self) -> list[tuple[str, str, float | str, str]]:
        """Every input: its name, what it is, its value, where it is from."""
        return [
            (f.name, f.metadata["what"], getattr(self, f.name), self.told.get(f.name, f.metadata["basis"]))
            for f in fields(self)
            if f.metadata
        ]
