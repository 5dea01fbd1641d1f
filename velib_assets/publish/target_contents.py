"""Whether what a target has already is an earlier edition of the data set, and may be replaced."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping

from velib_assets.publish.file_names import DATA_PACKAGE


class TargetError(Exception):
    """A data set cannot be written to its target. The message names it, and says what to do."""


def name_of(files: Mapping[str, bytes]) -> str:
    """Return the name that the descriptor among the files of a data set gives; empty if it gives none."""
    try:
        return str(json.loads(files[DATA_PACKAGE])["name"])
    except (KeyError, TypeError, ValueError):
        return ""


def foreign_file(found: Collection[str], contents: Mapping[str, bytes], files: Mapping[str, bytes]) -> str:
    """Return why a target's files are not an earlier edition; empty if they are, or if there are none.

    Args:
        found: the names of the target's files.
        contents: the bytes of some of them, the descriptor included.
        files: the files of the new edition.
    """
    if not found:
        return ""
    action = "Choose an empty or another folder"
    if others := sorted(set(found) - files.keys()):
        return f"it has {others[0]}. {action}"
    if name_of(contents) != name_of(files):
        return f"it has {name_of(contents) or 'no ' + DATA_PACKAGE}. {action}"
    return ""
