"""A PostgreSQL of the tests' own: Debian's package, started on loopback and gone afterwards.

Belongs here: starting it and making databases in it. Imports no pytest. PostgreSQL refuses to run as root;
then its own user runs it.
"""

import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from itertools import count
from pathlib import Path
from typing import Any

READY_SECONDS = 60
USER = "velib"
INIT = ("-A", "scram-sha-256", "-E", "UTF8", "--no-locale", "--no-sync")


def programs() -> Path | None:
    """Where initdb and postgres are: Debian does not put them on the path. None where they are missing."""
    found = shutil.which("initdb")
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda folder: int(folder.parent.name))
    return folders[-1] if folders else Path(found).resolve().parent if found else None


class Postgres:
    """A running server; each database in it is a test's own."""

    def __init__(self, bin_folder: Path, port: int, password: str) -> None:
        self.bin, self._port, self._password = bin_folder, port, password
        self._numbers = count(1)

    def url(self, database: str) -> str:
        """The address of a database, with the password."""
        return f"postgresql://{USER}:{self._password}@127.0.0.1:{self._port}/{database}"

    def database(self) -> str:
        """Make an empty database; its address, which names the driver for SQLAlchemy, as Dagster wants it."""
        name = f"test_{next(self._numbers)}"
        with closing(self._connect("postgres")) as connection:
            connection.autocommit = True
            connection.cursor().execute(f"CREATE DATABASE {name}")
        return self.url(name).replace("postgresql:", "postgresql+psycopg2:")

    def answers(self) -> bool:
        """Whether it takes connections."""
        import psycopg2  # only there with the extra `postgres`

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
    """A new server with no data, gone with all of it after the block.

    Raises:
        FileNotFoundError: where PostgreSQL is not installed.
        TimeoutError: where it does not come up, with what it said.
    """
    programs_in = programs()
    if programs_in is None:
        raise FileNotFoundError("PostgreSQL is not installed")
    folder = Path(tempfile.mkdtemp(prefix="velib-postgres-"))
    password, log = secrets.token_hex(), folder / "log"
    (folder / "password").write_text(password)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        server = Postgres(programs_in, probe.getsockname()[1], password)
    as_user = _not_root(folder)
    data = folder / "data"
    options = ["-c", "fsync=off", "-c", "unix_socket_directories=", "-c", "listen_addresses=127.0.0.1"]
    try:
        subprocess.run(
            [programs_in / "initdb", "-D", data, "-U", USER, *INIT, "--pwfile", folder / "password"],
            check=True,
            stdout=subprocess.DEVNULL,
            cwd=folder,
            **as_user,
        )
        with log.open("wb") as out:
            process = subprocess.Popen(
                [programs_in / "postgres", "-D", data, "-p", str(server._port), *options],
                stdout=out,
                stderr=out,
                cwd=folder,
                **as_user,
            )
        try:
            _wait(server, process, log)
            yield server
        finally:
            process.send_signal(signal.SIGINT)  # ends connections too
            process.wait(READY_SECONDS)
    finally:
        shutil.rmtree(folder)


def _not_root(folder: Path) -> dict[str, Any]:
    """As whom it runs, as arguments of subprocess; the folder becomes that user's."""
    if os.geteuid():
        return {}
    user = pwd.getpwnam("postgres")
    for path in (folder, *folder.iterdir()):
        os.chown(path, user.pw_uid, user.pw_gid)
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


def _wait(server: Postgres, process: "subprocess.Popen[bytes]", log: Path) -> None:
    end = time.monotonic() + READY_SECONDS
    while not server.answers():
        if process.poll() is not None or time.monotonic() > end:
            raise TimeoutError(f"PostgreSQL does not answer\n{log.read_text(errors='replace')}")
        time.sleep(0.1)
