"""The layout of the package: no import cycles, no two files with one name, Dagster only where it belongs."""

import ast
from collections import Counter
from pathlib import Path

import velib_assets

PACKAGE = Path(velib_assets.__file__).parent
MODULES = {
    ".".join(("velib_assets", *path.relative_to(PACKAGE).with_suffix("").parts)).removesuffix(
        ".__init__"
    ): path
    for path in PACKAGE.rglob("*.py")
}


def imported_modules(path: Path) -> set[str]:
    """The package's modules that a file imports, also within functions and under TYPE_CHECKING."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return {name for name in names & MODULES.keys() if MODULES[name].name != "__init__.py"}


def find_cycle(graph: dict[str, set[str]]) -> list[str]:
    """The modules of one cycle, or an empty list."""
    finished: set[str] = set()

    def visit(module: str, path: list[str]) -> list[str]:
        if module in path:
            return [*path[path.index(module) :], module]
        if module not in finished:
            for imported in sorted(graph[module]):
                if cycle := visit(imported, [*path, module]):
                    return cycle
            finished.add(module)
        return []

    return next((cycle for module in sorted(graph) if (cycle := visit(module, []))), [])


def test_modules_do_not_import_each_other_in_a_cycle() -> None:
    assert find_cycle({name: imported_modules(path) for name, path in MODULES.items()}) == []


def test_a_cycle_is_found() -> None:
    graph = {"a": {"b"}, "b": {"c"}, "c": {"b"}}
    assert find_cycle(graph) == ["b", "c", "b"]


def test_file_names_are_unique() -> None:
    names = Counter(path.name for path in MODULES.values() if path.name != "__init__.py")
    assert [name for name, count in names.items() if count > 1] == []


def test_files_are_short_enough_for_one_subject() -> None:
    lines = {
        str(path.relative_to(PACKAGE)): len(path.read_text("utf-8").splitlines()) for path in MODULES.values()
    }
    assert len(lines) > 100
    assert {name: count for name, count in lines.items() if count > 250} == {}


def test_every_folder_says_what_it_contains() -> None:
    silent = [
        str(path.relative_to(PACKAGE))
        for path in MODULES.values()
        if path.name == "__init__.py" and not ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
    ]
    assert silent == []
