"""How a check is declared: its asset, its severity, whether it blocks, and what it found."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeVar

import dagster as dg

from velib_assets.defs.asset_keys import asset_key

ERROR, WARN = dg.AssetCheckSeverity.ERROR, dg.AssetCheckSeverity.WARN
FAULTS = "faults"
_MOST_NAMES = 20

Facts = dict[str, int | float | str]


class Finding(NamedTuple):
    """The outcome of a check: whether it passed, a message for people, and the numbers behind it.

    Every tick checks its hour again. The number `faults` lets the alert sensor see whether there are more
    than before; a failed finding without it is reported every time.
    """

    passed: bool
    message: str
    facts: Facts = {}  # noqa: RUF012 - never modified


class Check(NamedTuple):
    """A check of an asset. If a blocking check fails, nothing downstream runs."""

    asset: str
    name: str
    severity: dg.AssetCheckSeverity
    description: str
    blocking: bool


CHECKS: list[Check] = []
_Function = TypeVar("_Function", bound=Callable[..., Finding])


def check(
    *assets: str, severity: dg.AssetCheckSeverity = ERROR, blocking: bool = False
) -> Callable[[_Function], _Function]:
    """Declare a function as a check of `assets`; the first paragraph of its docstring is the description."""

    def declare(function: _Function) -> _Function:
        description = str(inspect.getdoc(function)).partition("\n\n")[0]
        CHECKS.extend(Check(asset, function.__name__, severity, description, blocking) for asset in assets)
        return function

    return declare


def specs_of(asset: str) -> list[dg.AssetCheckSpec]:
    """Return the checks of an asset as Dagster declares them."""
    return [
        dg.AssetCheckSpec(
            check.name, asset=asset_key(asset), description=check.description, blocking=check.blocking
        )
        for check in CHECKS
        if check.asset == asset
    ]


def shortened(names: Sequence[str]) -> str:
    """Join the first names: a feed can invent any number of fields."""
    more = len(names) - _MOST_NAMES
    return ", ".join(names[:_MOST_NAMES]) + (f" and {more:,} more" if more > 0 else "")
