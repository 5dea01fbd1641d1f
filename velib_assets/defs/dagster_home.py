"""Prepare DAGSTER_HOME: copy dagster.yaml into it, and replace a copy that names removed modules.

`velib` calls `prepare_home` before it opens the instance. `make dev` runs this module as a script.
"""

import os
import re
import sys
from pathlib import Path

from velib_assets.settings import CHECKOUT, dagster_home

SHIPPED = Path(__file__).with_name("dagster.yaml")
_OWN_MODULE = re.compile(r"^[^#\n]*\bmodule:\s*[\"']?(velib_assets[\w.]*)", re.MULTILINE)


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
    if message := prepare_home(dagster_home()):
        sys.stderr.write(message + "\n")
