"""How much a tick and a sensor's round ask of AWS, read from work.toml.

Belongs here: the measured counts and their form. Does not: measuring them (COMMAND does), or how often the
work is done (usage).
"""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

FILE = Path(__file__).with_name("work.toml")
COMMAND = "benchmarks/bench_aws_requests.py"


class Work(NamedTuple):
    """What one piece of work asks of AWS, on average.

    `put`, `list` and `get` are S3 requests by price class; `questions` are Athena's, which are paid, and
    `statements` DDL, which is free; `catalog` are calls of the Glue catalog; `bytes` reach the Dagster host.
    """

    put: float = 0
    list: float = 0
    get: float = 0
    questions: float = 0
    statements: float = 0
    catalog: float = 0
    transitions: float = 0
    bytes: float = 0
    waiting: float = 0


class Counted(NamedTuple):
    """The measured work, and when and where it was measured."""

    measured: str
    tick: Mapping[str, Work]
    healing: Work
    staleness: Work


def read_work(file: Path = FILE) -> Counted:
    """The counts of a file."""
    data: dict[str, Any] = tomllib.loads(file.read_text(encoding="utf-8"))
    return Counted(
        data["measured"],
        {orchestrator: Work(**counts) for orchestrator, counts in data["tick"].items()},
        Work(**data["healing"]),
        Work(**data["staleness"]),
    )
