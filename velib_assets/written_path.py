"""Reads a path as people write it."""

from __future__ import annotations

from pathlib import Path


def written_path(text: str) -> Path:
    """Return an absolute path, in which `~` is the home of a user.

    Raises:
        ValueError: There is no such user.
    """
    try:
        return Path(text).expanduser().absolute()
    except RuntimeError:
        raise ValueError(f"{text!r} begins with the home of an unknown user. Write the whole path") from None
