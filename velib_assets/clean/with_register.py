"""Cleans hours together with the station register: each hour is described as well as the lake allows."""

from __future__ import annotations

import logging
from datetime import datetime
from itertools import islice
from typing import Callable, Dict, Iterable, Iterator, List, Sequence

from velib_assets.clean.hour_result import HourResult
from velib_assets.clean.observed import sights_in
from velib_assets.lake.keys import HOUR, hours_between
from velib_assets.lake.store import LakeStore
from velib_assets.stations.describe import description_digest
from velib_assets.stations.register import Register
from velib_assets.stations.register_file import (
    BusyRegisterError,
    LoadedRegister,
    load_or_empty,
    update_register,
)
from velib_assets.stations.sights import Sights

BATCH = 48  # hours between two updates of the register: more take more memory
DAY = 24 * HOUR
_MOST_WAITING = 96  # hours
Rebuild = Callable[[Register, Sequence[datetime]], Iterable[HourResult]]
_log = logging.getLogger("velib.stations")


def clean_with_register(
    store: LakeStore, hours: Iterable[datetime], rebuild: Rebuild, batch: int = BATCH
) -> Iterator[HourResult]:
    """Clean hours in batches, and add what they say of the stations to the register.

    Hours that the new register describes otherwise are cleaned again. An hour that still lacks
    descriptions is yielded later, because one of the next 96 hours may have them.

    Args:
        store: the lake.
        hours: the hours, UTC; in order of time, hours are seldom cleaned twice.
        rebuild: cleans hours with a register.
        batch: how many hours are cleaned between two updates of the register.
    """
    stored = load_or_empty(store)
    waiting: List[HourResult] = []
    remaining = iter(hours)
    part = list(islice(remaining, batch))
    used = stored.register.copy()
    pending = rebuild(used, part)
    while part:
        results, part = list(pending), list(islice(remaining, batch))
        # The next batch is cleaned while this one is learned, with a register that does not know it yet.
        following = stored.register.copy()
        pending = rebuild(following, part) if part else ()
        stored = _learn(store, [*_unlearned_near(store, results, stored.register), *_sights(results)], stored)
        if used.revision is not stored.register.revision:
            results = _described(results, stored.register, rebuild)
        used = following
        for result in results:
            if result.cleaned and result.cleaned.undescribed:
                waiting.append(result)
            else:
                yield result
        # A feed that never gives names must not make a long backfill hold all of its hours.
        ready, waiting = waiting[:-_MOST_WAITING], waiting[-_MOST_WAITING:]
        yield from _described(ready, stored.register, rebuild)
    yield from _described(waiting, stored.register, rebuild)


def _learn(store: LakeStore, sights: Sequence[Sights], stored: LoadedRegister) -> LoadedRegister:
    """Return the register with these observations; if it cannot be stored, cleaning goes on without."""

    def learn(newest: Register) -> bool:
        changes = [newest.learn(sight, lambda hour: sights_in(store, hour)) for sight in sights]
        return any(changes)

    try:
        return update_register(store, learn, stored)
    except (OSError, BusyRegisterError) as error:
        _log.warning("The station register was not updated: %s. The asset stations repeats this.", error)
        return stored


def _sights(results: Sequence[HourResult]) -> List[Sights]:
    return [result.sights for result in results if result.sights]


def _unlearned_near(store: LakeStore, results: Sequence[HourResult], register: Register) -> List[Sights]:
    """Return the observations of the clean hours that the register lacks near hours without descriptions.

    They are those of a lake from before the register, or of one that lost it. Hours within a day are read;
    the asset `stations` adds the others.
    """
    hours = {result.hour for result in results}
    lacking = [r.hour for r in results if r.cleaned and (r.cleaned.described or r.cleaned.undescribed)]
    near = {near for hour in lacking for near in hours_between(hour - DAY, hour + DAY)} - hours
    found = (sights_in(store, hour) for hour in sorted(near) if not register.has(hour))
    return [sights for sights in found if sights]


def _described(results: Sequence[HourResult], register: Register, rebuild: Rebuild) -> List[HourResult]:
    """Return the results, with those hours cleaned again that the register now describes otherwise."""
    outdated = [result.hour for result in results if _is_outdated(result, register)]
    again: Dict[datetime, HourResult] = {result.hour: result for result in rebuild(register, outdated)}
    return [again.get(result.hour, result) for result in results]


def _is_outdated(result: HourResult, register: Register) -> bool:
    if result.sights is None or result.cleaned is None:
        return False
    return description_digest(result.sights.rows, register) != result.cleaned.descriptions
