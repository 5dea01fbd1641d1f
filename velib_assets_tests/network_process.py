"""Calls functions in a process of another network.

A process works for the network that its environment names when the package is first imported. So the process
is spawned, and its environment is set before it imports the module of the first function.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
from typing import Any, TypeVar

Call = Callable[..., Any]
T = TypeVar("T")


@contextmanager
def process_of(network: str, **settings: str) -> Iterator[Call]:
    """Yield `call(function, *arguments)`, which returns what a function of a module returns in that process.

    All calls of the block have the same process. An exception of a function is raised here as well.

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


def call_as(network: str, function: Callable[..., T], *arguments: Any, **settings: str) -> T:
    """Return what a function of a module returns in a process of a network; see `process_of`."""
    with process_of(network, **settings) as call:
        result: T = call(function, *arguments)
        return result
