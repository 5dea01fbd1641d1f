"""What `velib` suggests to do next. Each suggestion considers the settings and the lakes that there are."""

import shlex
import shutil
import sys
from pathlib import Path

from velib_assets.history.backfill_advice import backfill_command
from velib_assets.lake.keys import SOURCE
from velib_assets.lake.listing import hour_range
from velib_assets.lake.network import KEY
from velib_assets.lake.store import LakeStore
from velib_assets.settings import CHECKOUT, WORKPLACE, Settings

_EXAMPLE = 'query "SELECT * FROM kpi_top10_2hour"'
_MOST_NAMED = 3


def program() -> str:
    """Return how to call this program from here: `velib` if the shell finds it, else its path."""
    called = Path(sys.argv[0])
    if called.name != "velib":
        return "velib"
    found = shutil.which("velib")
    return "velib" if found and Path(found).resolve() == called.resolve() else shown(called)


def shown(path: Path) -> str:
    """Return a path as it can be written in a command here: relative if it is in the current folder."""
    path = path.absolute()
    return shlex.quote(str(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path))


def reading(settings: Settings | None, lake: Path) -> str:
    """Return what to write before a command so that it uses this lake; nothing if the settings say so."""
    if settings and settings.target == "local" and settings.lake == lake:
        return ""
    return f"VELIB_LAKE={shown(lake)} "


def after_demo(settings: Settings | None, lake: Path, gbfs: str = "") -> str:
    """Return the commands that use the demo's lake, one per line.

    Args:
        settings: what later commands will use; None if it is wrong.
        lake: the demo's lake.
        gbfs: the version of GBFS in which the demo simulated another network than Vélib'.
    """
    before, velib = "" if gbfs else reading(settings, lake), program()
    lines = [f"{before}{velib} {command}" for command in ("report --open", _EXAMPLE)]
    if (CHECKOUT / "Makefile").is_file():
        folder = "" if Path.cwd() == CHECKOUT else f" -C {shlex.quote(str(CHECKOUT))}"
        lines.insert(0, f"make{folder} dev LAKE={lake.name}")
    if gbfs:
        source = f"VELIB_SOURCE=simulator VELIB_SIMULATOR_GBFS={gbfs}"
        lines.insert(0, f"export VELIB_NETWORK={KEY} {source} VELIB_LAKE={shown(lake)}")
    return "\n".join(["Next:", *(f"  {line}" for line in lines)])


def empty_lake(settings: Settings, *, exists: bool = True) -> str:
    """Return what to do about a lake without snapshots, or about one that does not exist."""
    velib = program()
    fill = "backfill` to load the archive" if settings.source == "archive" else "tick` to take one"
    if settings.target == "aws":
        return f"The bucket {settings.names.bucket} has no snapshot yet. Run `{velib} {fill}."
    # The whole path, because a relative VELIB_LAKE may have been meant for another folder.
    lake = settings.lake
    fault = f"The lake {lake} has no snapshot yet." if exists else f"There is no lake at {lake}."
    lines = [f"{fault} Run `{velib} {fill}."]
    if others := other_lakes(settings.lake):
        names = " and ".join(shown(lake) for lake in others[:_MOST_NAMED])
        lines.append(f"Snapshots are in {names}: set VELIB_LAKE={shown(others[0])} to read them.")
    return "\n".join(lines)


def no_rows(settings: Settings, lake: LakeStore) -> str:
    """Return what to do about a lake whose table has no rows."""
    if span := hour_range(lake, "raw"):
        command = backfill_command(lake, *(hour.date() for hour in span)).replace("velib", program())
        return f"the lake has snapshots, but no hour is cleaned yet. Run `{command}`"
    return empty_lake(settings)


def other_lakes(lake: Path) -> list[Path]:
    """Return the network's lakes with snapshots here, beside this one, and where the default lake is."""
    folders = {lake.parent, Path.cwd(), WORKPLACE}
    found = {raw.parent.parent for folder in folders for raw in folder.glob(f"*/raw/source={SOURCE}")}
    return sorted(found - {lake})


def archive_settings(settings: Settings) -> str:
    """Return the settings that are still missing for an archive; only if the source is another one."""
    return "VELIB_SOURCE=archive" + ("" if settings.archive else " and VELIB_ARCHIVE=<folder>")


def from_archive(settings: Settings) -> str:
    """Return how to restore hours that no source has."""
    if settings.source == "archive":
        return f"The archive is {settings.archive}: VELIB_ARCHIVE sets another"
    return f"If an archive has them, set {archive_settings(settings)}"
