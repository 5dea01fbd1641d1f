"""Which runs of a Dagster instance are this network's: several networks can share one instance.

Runs of other networks than Vélib' have a tag, which their jobs give them. A run of assets that were chosen in
the UI belongs to the network whose prefix these have.
"""

from collections.abc import Iterator

import dagster as dg

from velib_assets.defs.asset_keys import is_own
from velib_assets.lake.network import IS_VELIB, KEY

_NETWORK = "velib/network"
TAGS: dict[str, str] = {} if IS_VELIB else {_NETWORK: KEY}
"""The tags of the network's jobs."""
_PAGE = 500


def is_own_run(run: dg.DagsterRun) -> bool:
    """Return whether a run is this network's. One of no network, such as another project's, is Vélib's."""
    if network := run.tags.get(_NETWORK):
        return network == KEY
    checks = (check.asset_key for check in run.asset_check_selection or ())
    if keys := [*(run.asset_selection or ()), *checks]:
        return any(map(is_own, keys))
    return IS_VELIB


def own_runs(instance: dg.DagsterInstance, chosen: dg.RunsFilter) -> Iterator[dg.DagsterRun]:
    """Yield the network's runs among those of a filter, newest first; the instance is read in pages.

    A page begins after one of the network's runs where it can: the maintenance of another network may delete
    a run of its own meanwhile, after which Dagster finds no page.
    """
    cursor = None
    while runs := instance.get_runs(chosen, cursor=cursor, limit=_PAGE):
        own = [*filter(is_own_run, runs)]
        yield from own
        cursor = (own or runs)[-1].run_id
