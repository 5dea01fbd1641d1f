"""Reads a path as people write it."""

from __future__ import annotations

import os
from pathlib import Path


def written_path(text: str) -> Path:
    """Return an absolute path, in which `~` is the home of a user.

    Raises:
        ValueError: There is no such user, or the path is not in UTF-8, which DuckDB requires.
    """
    try:
        path = Path(text).expanduser().absolute()
        os.fsencode(path).decode("utf-8")
    except RuntimeError:
        raise ValueError(f"{text!r} begins with the home of an unknown user. Write the whole path") from None
    except UnicodeDecodeError:
        raise ValueError(f"{text!a} is not in UTF-8. Rename it, or choose another path") from None
    return path
