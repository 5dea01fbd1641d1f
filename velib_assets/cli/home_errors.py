"""Turns errors of Dagster's storage in DAGSTER_HOME into a message about the disk."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy.exc import DBAPIError

from velib_assets.lake.disk_errors import explain, sqlite_message


class HomeError(OSError):
    """Dagster cannot write its runs. The message says where, why and what to do."""


@contextmanager
def home_explained(home: Path) -> Iterator[None]:
    """Explain errors of Dagster's storage in this folder.

    Raises:
        HomeError: The storage failed because of the disk. What was written before stays.
    """
    try:
        yield
    except (DBAPIError, sqlite3.Error) as error:
        text = str(error.orig if isinstance(error, DBAPIError) else error)
        raise HomeError(
            f"DAGSTER_HOME: {sqlite_message(text, home) or f'{home} cannot be used ({text})'}. "
            "What the run wrote into the lake before stays; healing does the rest"
        ) from error
    except OSError as error:
        explanation = explain(error, Path(error.filename or home))  # the lake's own errors are explained
        if not str(error.filename or explanation).startswith(str(home)):
            raise
        raise HomeError(f"DAGSTER_HOME: {explanation}") from error
