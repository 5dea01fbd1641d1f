"""Helpers to patch ministack's modules by name, which fail if a name is missing."""

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
"""Settings from server.py, removed from the environment, which Lambda functions inherit."""
MINUTE = float(SETTINGS.get("VELIB_EMULATOR_MINUTE", "60"))
"""Seconds per minute in Glue timeouts and in rate(), so that tests need not wait."""

Response = tuple[int, dict[str, str], bytes]


class PatchError(RuntimeError):
    """The installed ministack is not the version that these patches support."""


def check_version() -> None:
    """Refuse any other version, because the patches replace private names."""
    installed = importlib.metadata.version("ministack")
    if installed != VERSION:
        raise PatchError(f"the patches are for ministack {VERSION}, {installed} is installed")


def service(name: str) -> ModuleType:
    """Import a service module of ministack."""
    return importlib.import_module(f"ministack.services.{name}")


def core(name: str) -> ModuleType:
    """Import a core module of ministack."""
    return importlib.import_module(f"ministack.core.{name}")


def require(owner: Any, *names: str) -> None:
    """Fail with all private names that a patch needs and that are missing."""
    missing = [name for name in names if not hasattr(owner, name)]
    if missing:
        raise PatchError(
            f"{getattr(owner, '__name__', owner)} has no {', '.join(missing)} (ministack {VERSION})"
        )


def replace(owner: Any, name: str, new: Any) -> Any:
    """Replace an existing attribute by `new`, and return the old one."""
    require(owner, name)
    old = getattr(owner, name)
    setattr(owner, name, new)
    return old


def wrap(owner: Any, name: str, make: Callable[[Any], Any]) -> None:
    """Replace an attribute by the result of `make` for the old one."""
    require(owner, name)
    setattr(owner, name, make(getattr(owner, name)))


def replace_text(owner: Any, name: str, old: str, new: str) -> None:
    """Replace a passage in a text attribute, which must occur exactly once."""
    require(owner, name)
    text: str = getattr(owner, name)
    if text.count(old) != 1:
        raise PatchError(f"{owner.__name__}.{name} no longer contains {old!r} once (ministack {VERSION})")
    setattr(owner, name, text.replace(old, new))


def ok(data: dict[str, Any]) -> Response:
    """Return a JSON response."""
    response: Response = core("responses").json_response(data)
    return response


def error(code: str, message: str) -> Response:
    """Return a JSON error of the service."""
    response: Response = core("responses").error_response_json(code, message, 400)
    return response


def checked(response: Response) -> dict[str, Any]:
    """Return the result of a handler, or raise its error."""
    status, _, body = response
    data: dict[str, Any] = json.loads(body) if body else {}
    if status >= 400:
        raise RuntimeError(f"{data.get('__type')}: {data.get('message')}")
    return data


def in_background(work: Callable[[], None], name: str) -> None:
    """Run in a thread with the request's account and region, by which ministack scopes its state."""
    context = contextvars.copy_context()
    threading.Thread(target=context.run, args=(work,), daemon=True, name=name).start()
