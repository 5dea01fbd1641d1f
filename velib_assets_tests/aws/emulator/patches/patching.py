"""How ministack is patched: its modules by name, and replacements that fail where the name is gone.

Belongs here: the pinned version and the few helpers that every patch uses. Does not: any AWS behaviour.
"""

from __future__ import annotations

import contextvars
import importlib
import importlib.metadata
import json
import os
import threading
from collections.abc import Callable
from types import ModuleType
from typing import Any

VERSION = "1.5.33"
_OURS = ("VELIB_EMULATOR_", "LAMBDA_PYTHONS")
SETTINGS = {name: os.environ.pop(name) for name in list(os.environ) if name.startswith(_OURS)}
"""What server.py set for the patches; taken out of the environment, which Lambda functions inherit."""
MINUTE = float(SETTINGS.get("VELIB_EMULATOR_MINUTE", "60"))
"""Seconds that a minute lasts in a Glue job's timeout and in rate(): tests do not wait for real ones."""

Response = tuple[int, dict[str, str], bytes]


class PatchError(RuntimeError):
    """The installed ministack is not the one that these patches were written for."""


def check_version() -> None:
    """Refuse any other version: private names are replaced, and they move."""
    found = importlib.metadata.version("ministack")
    if found != VERSION:
        raise PatchError(f"the patches are for ministack {VERSION}, {found} is installed")


def service(name: str) -> ModuleType:
    """One of ministack's service modules."""
    return importlib.import_module(f"ministack.services.{name}")


def core(name: str) -> ModuleType:
    """One of ministack's core modules."""
    return importlib.import_module(f"ministack.core.{name}")


def require(owner: Any, *names: str) -> None:
    """Fail, naming them all, where private names that a patch builds on are gone."""
    missing = [name for name in names if not hasattr(owner, name)]
    if missing:
        raise PatchError(
            f"{getattr(owner, '__name__', owner)} has no {', '.join(missing)} (ministack {VERSION})"
        )


def replace(owner: Any, name: str, new: Any) -> Any:
    """Put `new` in the place of an existing attribute and give the old one."""
    require(owner, name)
    old = getattr(owner, name)
    setattr(owner, name, new)
    return old


def wrap(owner: Any, name: str, make: Callable[[Any], Any]) -> None:
    """Replace an attribute by what `make` builds from the old one."""
    require(owner, name)
    setattr(owner, name, make(getattr(owner, name)))


def replace_text(owner: Any, name: str, old: str, new: str) -> None:
    """Replace a passage inside a text attribute; it must be there exactly once."""
    require(owner, name)
    text: str = getattr(owner, name)
    if text.count(old) != 1:
        raise PatchError(f"{owner.__name__}.{name} no longer contains {old!r} once (ministack {VERSION})")
    setattr(owner, name, text.replace(old, new))


def ok(data: dict[str, Any]) -> Response:
    """A JSON answer."""
    response: Response = core("responses").json_response(data)
    return response


def error(code: str, message: str) -> Response:
    """A JSON error as the service words it."""
    response: Response = core("responses").error_response_json(code, message, 400)
    return response


def answer(response: Response) -> dict[str, Any]:
    """What a handler answered; its error is raised."""
    status, _, body = response
    data: dict[str, Any] = json.loads(body) if body else {}
    if status >= 400:
        raise RuntimeError(f"{data.get('__type')}: {data.get('message')}")
    return data


def in_background(work: Callable[[], None], name: str) -> None:
    """Run in a thread that keeps the request's account and region (ministack scopes its state by them)."""
    context = contextvars.copy_context()
    threading.Thread(target=context.run, args=(work,), daemon=True, name=name).start()
