"""Calls functions in a process of another network: a process works for the network of its environment.

Neither this module nor the functions' caller may import the package for that process, so it is spawned.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
from typing import Any

Call = Callable[..., Any]


@contextmanager
def process_of(network: str, **settings: str) -> Iterator[Call]:
    """Yield `call(function, *arguments)`, which runs a module's function in the process of a network.

    The process stays the same until the end of the block. An exception is raised here as well.

    Args:
        network: The key of the network.
        settings: VELIB_* and other variables; the caller's own VELIB_* and DAGSTER_HOME are removed.
    """
    environ = {"VELIB_NETWORK": network, **settings}
    with ProcessPoolExecutor(1, get_context("spawn"), _set_environment, (environ,)) as pool:
        yield lambda function, *arguments: pool.submit(function, *arguments).result()


def _set_environment(environ: Mapping[str, str]) -> None:
    for name in [name for name in os.environ if name.startswith("VELIB_") or name == "DAGSTER_HOME"]:
        del os.environ[name]
    os.environ.update(environ)
