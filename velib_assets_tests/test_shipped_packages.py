"""What an installation without the checkout gets."""

import tomllib

from velib_assets.settings import CHECKOUT


def test_every_package_is_shipped() -> None:
    """Each is named in pyproject.toml; an editable installation would not miss one."""
    setup = tomllib.loads((CHECKOUT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["setuptools"]
    ours = {path.parent for path in (CHECKOUT / "velib_assets").rglob("__init__.py")}
    ours |= {CHECKOUT / "velib_assets" / "query" / "sql"}
    assert set(setup["packages"]) == {".".join(path.relative_to(CHECKOUT).parts) for path in ours}
