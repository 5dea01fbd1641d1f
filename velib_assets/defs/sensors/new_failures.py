"""What is news among a run's failed checks: a fault that each tick finds again in its hour is told once.

Belongs here: comparing with what a sink was told before. Does not: sending it (alerts), or counting faults
(core.findings).
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

import dagster as dg

from velib_assets.defs.findings import FAULTS

_MOST = 200  # hours are cleaned again while they run; what was told of older ones may be told once more
AlertedFaults = dict[str, int]
"""How many faults a sink was told of, by check and hour; the newest last."""


class CheckResult(NamedTuple):
    """A check's evaluation and its number in the event log."""

    number: int
    evaluation: dg.AssetCheckEvaluation


def new_failures(checked: Iterable[CheckResult], told: Mapping[str, int]) -> list[CheckResult]:
    """The evaluations that failed, less those that find no more faults in their hour than were told."""
    failed = [one for one in checked if not one.evaluation.passed]
    return [one for one in failed if (n := faults(one.evaluation)) is None or n > told.get(_key(one), 0)]


def update_alerted(checked: Iterable[CheckResult], told: Mapping[str, int]) -> AlertedFaults:
    """What is told once a sink has taken the news: an hour that is well again is forgotten."""
    after = dict(told)
    for one in checked:
        after.pop(_key(one), None)
        if not one.evaluation.passed and (n := faults(one.evaluation)) is not None:
            after[_key(one)] = n
    return dict(list(after.items())[-_MOST:])


def faults(evaluation: dg.AssetCheckEvaluation) -> int | None:
    """How many faults a check of an hour counted; None where it counts none."""
    found = evaluation.metadata.get(FAULTS)
    return int(str(found.value)) if found and evaluation.partition else None


def _key(one: CheckResult) -> str:
    check = one.evaluation
    return f"{check.asset_key.to_user_string()}:{check.check_name}:{check.partition}"
