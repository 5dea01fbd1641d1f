"""`make guarantees`: run the tests of every promise, print the table, and write it to docs/guarantees.md.

`--break` applies a mutation to a copy of the code and runs the short local proofs there. The exit status is 0
if exactly the promise that it should break is broken.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import pytest

from velib_assets_tests.guarantees.mutations import BY_NAME, MUTATIONS, ROOT, Mutation, broken_copy
from velib_assets_tests.guarantees.promises import PROMISES
from velib_assets_tests.guarantees.tally import KEPT, Tally, broken_promises, table_of

DOCUMENT = ROOT / "docs" / "guarantees.md"
BEGIN, END = "<!-- measured: make guarantees -->\n", "<!-- end of measured -->\n"
TESTS = "velib_assets_tests"


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command and return its exit status."""
    options = _arguments(argv)
    if options.breaks == "list":
        for mutation in MUTATIONS:
            _say(f"{mutation.name}: breaks {mutation.promise} ({mutation.file})")
        return 0
    if options.breaks:
        selected = MUTATIONS if options.breaks == "all" else (BY_NAME[options.breaks],)
        return max(map(_break, selected))
    tally = Tally()
    pytest.main([*_pytest(options.short), "--promises", ",".join(options.only)], plugins=[tally])
    _say(f"\n{table_of({name: tally.rows[name] for name in options.only} if options.only else tally.rows)}")
    if options.json:
        Path(options.json).write_text(json.dumps(broken_promises(tally.rows)), encoding="utf-8")
    elif not options.short:
        _write_table(tally, options.only)
    return 0 if all(tally.rows[name].state == KEPT for name in options.only or PROMISES) else 1


def _pytest(short: bool) -> list[str]:
    """Return pytest's arguments. The short form runs locally, the full form on the emulator too."""
    selection = [f"{TESTS}/guarantees"] if short else [TESTS, "--full"]
    parallel = ["--numprocesses", "auto", "--dist", "loadgroup", "--no-loadscope-reorder"]
    return [
        *selection,
        *parallel,
        "-m",
        "promise",
        "-q",
        "--no-header",
        "--rootdir",
        str(ROOT),
        "--timeout",
        "5400",
    ]


def _break(mutation: Mutation) -> int:
    """Run all short proofs with a mutation applied; return 0 if exactly its promise is broken."""
    with tempfile.TemporaryDirectory(prefix="velib-broken-") as folder:
        copy, result = broken_copy(mutation, Path(folder)), Path(folder) / "broken.json"
        command = [sys.executable, "-m", "velib_assets_tests.guarantees", "--short", "--json", str(result)]
        subprocess.run(command, cwd=copy, env={**os.environ, "PYTHONPATH": str(copy)}, check=False)
        broken = json.loads(result.read_text(encoding="utf-8"))
    as_expected = broken == [mutation.promise]
    verdict = "as expected" if as_expected else f"NOT as expected ({mutation.promise})"
    _say(f"{mutation.name} breaks {', '.join(broken) or 'nothing'}: {verdict}")
    return 0 if as_expected else 1


def _write_table(tally: Tally, only: Sequence[str]) -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    old, _, after = rest.partition(END)
    table = table_of(tally.rows, only, old)
    DOCUMENT.write_text(f"{before}{BEGIN}\n{table}\n\n{END}{after}", encoding="utf-8")


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make guarantees", description=__doc__)
    parser.add_argument("--short", action="store_true", help="run the short proofs, without the emulator")
    parser.add_argument(
        "--break",
        dest="breaks",
        default="",
        choices=["", "list", "all", *BY_NAME],
        metavar="NAME",
        help="apply a mutation to a copy of the code: a name, `all`, or `list` to list them",
    )
    parser.add_argument("--json", default="", help="write the names of the broken promises to this file")
    parser.add_argument(
        "--only",
        nargs="+",
        default=[],
        choices=[*PROMISES],
        metavar="PROMISE",
        help=f"prove only these, and update their rows: {', '.join(PROMISES)}",
    )
    return parser.parse_args(argv)


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
