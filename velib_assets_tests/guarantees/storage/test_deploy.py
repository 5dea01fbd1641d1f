"""docs/deploy.md is right: the instance's file, the containers' files, and restoring a dump.

No container engine is needed: the tests check that every command and path in the files exists.
"""

import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
import yaml
from sqlalchemy.engine import make_url

from velib_assets.defs.dagster_home import SHIPPED
from velib_assets.defs.partitions import key_of
from velib_assets.settings import CHECKOUT, Settings
from velib_assets_tests.defs.test_graph import from_archive, green, run
from velib_assets_tests.postgres import Postgres
from velib_assets_tests.samples import HOUR, body, records

pytestmark = pytest.mark.promise("storage")

DEPLOY = CHECKOUT / "deploy"
TEXT = (CHECKOUT / "docs" / "deploy.md").read_text(encoding="utf-8")


def loaded(name: str) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((DEPLOY / name).read_text(encoding="utf-8"))
    return found


COMPOSE = loaded("compose.yaml")
OURS = {name: part for name, part in COMPOSE["services"].items() if name != "postgres"}


def options_of(command: str) -> list[str]:
    """Return the options of a command in the documentation, without user and database."""
    (line,) = [line for line in TEXT.splitlines() if f"-T postgres {command} " in line]
    words = shlex.split(line.partition(f"postgres {command} ")[2])
    return words[: words.index("-U")]


def test_instance_of_the_server_loads(
    server: Postgres, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is that of one machine but for its launcher and its storage, and that is the variables' database."""
    url = make_url(server.database())
    given = {
        "HOST": url.host,
        "PORT": url.port,
        "DB": url.database,
        "USER": url.username,
        "PASSWORD": url.password,
    }
    for name, value in given.items():
        monkeypatch.setenv(f"DAGSTER_POSTGRES_{name}", str(value))
    settings = loaded("dagster.yaml")
    (tmp_path / "dagster.yaml").write_text(yaml.safe_dump(settings))
    with dg.DagsterInstance.from_config(str(tmp_path)) as instance:
        assert type(instance.event_log_storage).__name__ == "PostgresEventLogStorage"
        assert instance.get_runs() == []
    del settings["storage"]
    ours = yaml.safe_load(SHIPPED.read_text(encoding="utf-8"))
    del ours["instance_class"]
    assert settings == ours


def test_dump_is_restored(server: Postgres, tmp_path: Path) -> None:
    """With the documented options, over an instance that has changed since."""

    def instance_on(url: str) -> Any:
        return dg.DagsterInstance.local_temp(overrides={"storage": {"postgres": {"postgres_url": url}}})

    first, address = tmp_path / "dagster.sql", server.database()
    plain = address.replace("+psycopg2", "")
    settings: Settings = from_archive(tmp_path, {HOUR: body(records())})
    with instance_on(address) as instance:
        before = run(settings, instance, HOUR).run_id
    with first.open("wb") as out:
        subprocess.run([server.bin / "pg_dump", *options_of("pg_dump"), plain], stdout=out, check=True)
    with instance_on(address) as instance:
        run(settings, instance, HOUR)
    with first.open("rb") as dump:
        subprocess.run([server.bin / "psql", *options_of("psql"), plain], stdin=dump, check=True)
    with instance_on(address) as instance:
        assert [found.run_id for found in instance.get_runs()] == [before]
        assert green(instance, "source_velib") == {key_of(HOUR)}
        assert run(settings, instance, HOUR).success


@pytest.mark.parametrize("service", OURS)
def test_command_of_a_container_exists_and_takes_its_options(service: str) -> None:
    command = OURS[service]["command"]
    program = Path(sys.executable).parent / command[0]
    words = [word for word in command[1:] if not word.startswith(("-", "/")) and word.isalpha()]
    done = subprocess.run(
        [program, *words, "--help"], capture_output=True, text=True, check=True, cwd=CHECKOUT
    )
    missing = [word for word in command if word.startswith("-") and f"{word}, --" not in done.stdout]
    assert missing == []


def test_image_holds_what_the_containers_use() -> None:
    lines = [line.split() for line in (DEPLOY / "Dockerfile").read_text(encoding="utf-8").splitlines()]
    copied = [name for words in lines if words[:1] == ["COPY"] for name in words[1:-1]]
    assert [name for name in copied if not (CHECKOUT / name).exists()] == []
    used = {word for part in OURS.values() for word in part["command"] if word.startswith("/app/")}
    assert {word.removeprefix("/app/") for word in used} <= {*copied}


def test_containers_find_each_other_and_their_settings() -> None:
    (location,) = loaded("workspace.yaml")["load_from"]
    server = location["grpc_server"]
    assert str(server["port"]) in OURS[server["host"]]["command"]
    assert server["location_name"] in OURS[server["host"]]["command"]
    wanted = {
        value["env"]
        for value in loaded("dagster.yaml")["storage"]["postgres"]["postgres_db"].values()
        if isinstance(value, dict)
    }
    for part in OURS.values():
        assert wanted | {"VELIB_ARCHIVE"} == {*part["environment"]}
        assert part["environment"]["DAGSTER_POSTGRES_HOST"] in COMPOSE["services"]
        assert (DEPLOY / part["build"]["context"] / part["build"]["dockerfile"]).is_file()
        files = [volume.partition(":")[0] for volume in part["volumes"] if not volume.startswith("$")]
        assert all((DEPLOY / name).is_file() for name in files if name.startswith("."))
        assert {name for name in files if not name.startswith(".")} <= {*COMPOSE["volumes"]}


def test_only_the_ui_has_a_port_on_loopback() -> None:
    ports = {name: part["ports"] for name, part in COMPOSE["services"].items() if "ports" in part}
    assert ports == {"webserver": ["127.0.0.1:3000:3000"]}


def test_example_of_settings_is_valid() -> None:
    lines = (DEPLOY / "velib.env.example").read_text(encoding="utf-8").splitlines()
    given = dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))
    assert Settings.from_env(given).schedule_on
    assert shutil.which("velib", path=str(Path(sys.executable).parent))
