"""Results that are stored in the lake until what they are computed from changes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from importlib.resources import files
from typing import Any

from velib_assets.lake.keys import state_key
from velib_assets.lake.store import Change, LakeStore


def digest_of(inputs: object, package: str, *code: str) -> str:
    """Return a digest of inputs (of JSON types) and of the source files that compute a result from them."""
    sources = [(files(package) / name).read_text(encoding="utf-8") for name in code]
    return hashlib.sha256(json.dumps([inputs, sources]).encode()).hexdigest()


def stored_state(
    store: LakeStore, name: str, digest: str, compute: Callable[[], dict[str, Any]]
) -> dict[str, Any]:
    """Return the stored result with this digest; if it is missing, outdated or damaged, compute and store it.

    Args:
        store: The lake.
        name: The name of the result; a lake holds one of each name.
        digest: Identifies all that the result is computed from.
        compute: Returns the result, of JSON types only.

    Raises:
        OSError: The result cannot be stored.
    """
    try:
        content = json.loads(store.read(state_key(name)))
    except (FileNotFoundError, ValueError, RecursionError):
        content = {}
    if isinstance(content, dict) and content.get("digest") == digest:
        return content
    content = {"digest": digest, **compute()}
    store.publish([Change(state_key(name), json.dumps(content).encode())], lambda: True)
    return content
