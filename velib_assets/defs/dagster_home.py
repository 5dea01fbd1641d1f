"""Prepare DAGSTER_HOME: tie it to one lake, and give it a dagster.yaml that this version can load.

`velib` calls `open_home` before it opens the instance. `make dev` runs this module as a script, which prints
the path of the home.
"""

import os
import re
import sys
from pathlib import Path

from velib_assets.home_lakes import FILE, lakes_of, remember_lake
from velib_assets.lake.keys import SOURCE
from velib_assets.lake.network import IS_VELIB
from velib_assets.lake.other_networks import other_network_text
from velib_assets.settings import CHECKOUT, OLD_HOME, Settings, SettingsError, dagster_home

SHIPPED = Path(__file__).with_name("dagster.yaml")
_OWN_MODULE = re.compile(r"^[^#\n]*\bmodule:\s*[\"']?(velib_assets[\w.]*)", re.MULTILINE)


def open_home(settings: Settings) -> tuple[Path, list[str]]:
    """Create the home of a lake if needed, tie it to the lake, and prepare its dagster.yaml.

    Returns:
        The home, and lines for the user about what has changed.

    Raises:
        SettingsError: The home belongs to another lake.
    """
    refuse_second_lake(settings)
    adoption = _adopt_old_home(settings)
    home = dagster_home(settings)
    messages = [adoption, prepare_home(home)]
    claim_home(settings)
    return home, [message for message in messages if message]


def refuse_second_lake(settings: Settings) -> str | None:
    """Check that the home does not belong to another lake of the network, nor the lake to another network.

    A home in its lake always belongs to it, also after the lake was moved.

    Returns:
        The lake that the home remembers, if any.

    Raises:
        SettingsError: The home belongs to another lake, or knows this lake as another network's.
    """
    home = dagster_home(settings)
    lake, lakes = settings.lake_address, lakes_of(home)
    remembered = lakes.get(SOURCE)
    if others := [network for network, address in lakes.items() if network != SOURCE and address == lake]:
        text = other_network_text(lake, others, "VELIB_LAKE or VELIB_BUCKET")
        raise SettingsError(f"VELIB_NETWORK: {home / FILE} says that {text}")
    if remembered in (None, lake) or (settings.target == "local" and _is_same(home, settings.own_home)):
        return remembered
    raise SettingsError(
        f"DAGSTER_HOME: {home} has the runs of the lake {remembered}, and cannot show those of {lake} too. "
        "Set another DAGSTER_HOME for this lake, or none on one machine: then each lake has its own. "
        f"If the lake was moved, delete {home / FILE}"
    )


def claim_home(settings: Settings) -> None:
    """Tie an existing home to the lake whose definitions are loaded on it.

    Raises:
        SettingsError: The home belongs to another lake.
    """
    remembered = refuse_second_lake(settings)
    home = dagster_home(settings)
    if home.is_dir() and os.access(home, os.W_OK):
        remember_lake(home, SOURCE, settings.lake_address, remembered)
        refuse_second_lake(settings)  # a command for another lake may have been faster


def _is_same(one: Path, other: Path) -> bool:
    return os.path.realpath(one) == os.path.realpath(other)


def _adopt_old_home(settings: Settings) -> str:
    """Tie the home of an earlier version to the lake whose snapshot is its newest; return a line about it.

    That version had one home for all lakes, `.dagster` in the checkout, and knew Vélib' only.
    """
    home = dagster_home(settings)
    if not IS_VELIB or home == OLD_HOME or home != settings.own_home or home.exists() or lakes_of(OLD_HOME):
        return ""
    newest = _newest_raw_folder(OLD_HOME)
    if not newest:
        return ""
    if _is_same(settings.lake, Path(os.path.commonpath([settings.lake_address, os.path.realpath(newest)]))):
        remember_lake(OLD_HOME, SOURCE, settings.lake_address)
        return f"{OLD_HOME} has the runs of {settings.lake}, and stays its DAGSTER_HOME"
    return (
        f"The runs of {settings.lake} are in {home} from now on. Earlier runs are in {OLD_HOME}, "
        "which several lakes shared; to see them, set DAGSTER_HOME to it"
    )


def _newest_raw_folder(home: Path) -> str:
    """Return the folder of the newest snapshot that a home has recorded; empty if it has none."""
    if not (home / "dagster.yaml").exists():
        return ""
    import dagster as dg  # noqa: PLC0415 - slow, and needed once at most

    prepare_home(home)
    with dg.DagsterInstance.from_config(str(home)) as instance:
        event = instance.get_latest_materialization_event(dg.AssetKey("raw_snapshot"))
    materialization = event.asset_materialization if event else None
    folder = materialization.metadata.get("folder") if materialization else None
    return str(folder.value) if folder else ""


def prepare_home(home: Path) -> str:
    """Create `home` if needed, with a dagster.yaml that this version of the package can load.

    A copy that names a module of this package that does not exist was made by an older version. The shipped
    file for the same storage replaces it, and the copy becomes dagster.yaml.old. The history stays.

    Returns:
        A line for the user about the replacement, or "".
    """
    home.mkdir(parents=True, exist_ok=True)
    target = home / "dagster.yaml"
    text = target.read_text(encoding="utf-8") if target.exists() else None
    modules = _OWN_MODULE.findall(text or "")
    missing = [name for name in modules if not (CHECKOUT / f"{name.replace('.', '/')}.py").exists()]
    if text is not None and not missing:
        return ""
    on_postgres = bool(re.search(r"^\s+postgres:", text or "", re.MULTILINE))
    shipped = CHECKOUT / "deploy" / "dagster.yaml" if on_postgres else SHIPPED
    if not shipped.exists():  # installed without its checkout
        advice = "Replace it with the dagster.yaml of the project's checkout."
        return f"{target} names {missing[0]}, which no longer exists. {advice}" if missing else ""
    if text is not None:
        target.with_name("dagster.yaml.old").write_text(text, encoding="utf-8")
    fresh = home / f"dagster.yaml.{os.getpid()}"
    fresh.write_bytes(shipped.read_bytes())
    fresh.replace(target)  # in one step: another command may be reading it
    if not missing:
        return ""
    return (
        f"Replaced {target}: it names {missing[0]}, which no longer exists. "
        f"The old file is {target.name}.old; copy your own changes from it."
    )


if __name__ == "__main__":
    try:
        found, lines = open_home(Settings.from_env())
    except SettingsError as error:
        sys.stderr.writelines(f"velib: {line}\n" for line in str(error).splitlines())
        sys.exit(2)
    sys.stderr.writelines(line + "\n" for line in lines)
    sys.stdout.write(f"{found}\n")
