"""A temporary PostgreSQL server for tests, from Debian's package, on loopback.

PostgreSQL refuses to run as root, so the user `postgres` runs it in that case. Does not import pytest.
"""

import os
import pwd
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from itertools import count
from pathlib import Path
from typing import Any

from velib_assets_tests.ports import free_port

READY_SECONDS = 120
USER = "velib"
INIT = ("-A", "scram-sha-256", "-E", "UTF8", "--no-locale", "--no-sync")


def programs() -> Path | None:
    """Return the folder with initdb and postgres, or None. Debian does not put them on the path."""
    initdb = shutil.which("initdb")
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda folder: int(folder.parent.name))
    return folders[-1] if folders else Path(initdb).resolve().parent if initdb else None


class Postgres:
    """A running server. Each test uses a database of its own."""

    def __init__(self, bin_folder: Path, port: int, password: str) -> None:
        self.bin, self._port, self._password = bin_folder, port, password
        self._numbers = count(1)

    def url(self, database: str) -> str:
        """Return the URL of a database, including the password."""
        return f"postgresql://{USER}:{self._password}@127.0.0.1:{self._port}/{database}"

    def database(self) -> str:
        """Create an empty database and return its SQLAlchemy URL with the driver, as Dagster expects it."""
        name = f"test_{next(self._numbers)}"
        with closing(self._connect("postgres")) as connection:
            connection.autocommit = True
            connection.cursor().execute(f"CREATE DATABASE {name}")
        return self.url(name).replace("postgresql:", "postgresql+psycopg2:")

    def is_ready(self) -> bool:
        """Return whether the server accepts connections."""
        import psycopg2  # installed with the extra `postgres`

        try:
            self._connect("postgres").close()
        except psycopg2.OperationalError:
            return False
        return True

    def _connect(self, database: str) -> Any:
        import psycopg2

        return psycopg2.connect(self.url(database))


@contextmanager
def postgres() -> Iterator[Postgres]:
    """Start an empty server, and stop and delete it after the block.

    Raises:
        FileNotFoundError: PostgreSQL is not installed.
        TimeoutError: The server does not start; the message contains its log.
    """
    bin_folder = programs()
    if bin_folder is None:
        raise FileNotFoundError("PostgreSQL is not installed")
    folder = Path(tempfile.mkdtemp(prefix="velib-postgres-"))
    password, log = secrets.token_hex(), folder / "log"
    (folder / "password").write_text(password)
    server = Postgres(bin_folder, free_port(), password)
    as_user = _not_root(folder)
    data = folder / "data"
    options = ["-c", "fsync=off", "-c", "unix_socket_directories=", "-c", "listen_addresses=127.0.0.1"]
    try:
        subprocess.run(
            [bin_folder / "initdb", "-D", data, "-U", USER, *INIT, "--pwfile", folder / "password"],
            check=True,
            stdout=subprocess.DEVNULL,
            cwd=folder,
            **as_user,
        )
        with log.open("wb") as out:
            process = subprocess.Popen(
                [bin_folder / "postgres", "-D", data, "-p", str(server._port), *options],
                stdout=out,
                stderr=out,
                cwd=folder,
                **as_user,
            )
        try:
            _wait(server, process, log)
            yield server
        finally:
            process.send_signal(signal.SIGINT)  # closes connections too
            process.wait(READY_SECONDS)
    finally:
        shutil.rmtree(folder)


def _not_root(folder: Path) -> dict[str, Any]:
    """Return the subprocess arguments that select a non-root user, who becomes the folder's owner."""
    if os.geteuid():
        return {}
    user = pwd.getpwnam("postgres")
    for path in (folder, *folder.iterdir()):
        os.chown(path, user.pw_uid, user.pw_gid)
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


def _wait(server: Postgres, process: "subprocess.Popen[bytes]", log: Path) -> None:
    end = time.monotonic() + READY_SECONDS
    while not server.is_ready():
        if process.poll() is not None or time.monotonic() > end:
            raise TimeoutError(f"PostgreSQL did not start\n{log.read_text(errors='replace')}")
        time.sleep(0.1)
