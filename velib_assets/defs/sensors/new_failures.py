"""Selects a run's new check failures: a fault that every tick finds again in its hour is alerted once."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

import dagster as dg

from velib_assets.defs.checks import FAULTS

_MAX_ENTRIES = 200  # only the running hour is cleaned again and again; older ones may be alerted twice
AlertedFaults = dict[str, int]
"""The number of faults alerted to a sink, by check and hour, newest last."""


class CheckResult(NamedTuple):
    """A check's evaluation and its number in the event log."""

    number: int
    evaluation: dg.AssetCheckEvaluation


def new_failures(results: Iterable[CheckResult], alerted: Mapping[str, int]) -> list[CheckResult]:
    """Return the failed results, except those that count no more faults in their hour than were alerted."""
    failed = [result for result in results if not result.evaluation.passed]
    return [
        result
        for result in failed
        if (count := faults(result.evaluation)) is None or count > alerted.get(_key(result), 0)
    ]


def update_alerted(results: Iterable[CheckResult], alerted: Mapping[str, int]) -> AlertedFaults:
    """Return the alerted faults after a sink has accepted these results. An hour that passes is removed."""
    after = dict(alerted)
    for result in results:
        after.pop(_key(result), None)
        if not result.evaluation.passed and (count := faults(result.evaluation)) is not None:
            after[_key(result)] = count
    return dict(list(after.items())[-_MAX_ENTRIES:])


def faults(evaluation: dg.AssetCheckEvaluation) -> int | None:
    """Return how many faults an hour's check counted, or None if it counts none."""
    value = evaluation.metadata.get(FAULTS)
    return int(str(value.value)) if value and evaluation.partition else None


def _key(result: CheckResult) -> str:
    check = result.evaluation
    return f"{check.asset_key.to_user_string()}:{check.check_name}:{check.partition}"
