"""What an installation without the checkout contains."""

import tomllib

from velib_assets.settings import CHECKOUT


def test_every_package_is_listed_for_installation() -> None:
    """Every package is listed in pyproject.toml. An editable installation would not notice a missing one."""
    setup = tomllib.loads((CHECKOUT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["setuptools"]
    packages = {path.parent for path in (CHECKOUT / "velib_assets").rglob("__init__.py")}
    packages |= {CHECKOUT / "velib_assets" / "query" / "sql"}
    assert set(setup["packages"]) == {".".join(path.relative_to(CHECKOUT).parts) for path in packages}
