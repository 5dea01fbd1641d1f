"""`make guarantees`: run the tests of every promise, print the table, and keep it in docs/guarantees.md.

Belongs here: arguments, and what is run. Does not: counting (tally), proofs (the tests). With `--break` a
mutation is applied to a copy of the code, and the short proofs of this machine run there: exit status 0
says that exactly the promise which it breaks turned red.
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
from velib_assets_tests.guarantees.tally import KEPT, Tally, red, table_of

DOCUMENT = ROOT / "docs" / "guarantees.md"
BEGIN, END = "<!-- measured: make guarantees -->\n", "<!-- end of measured -->\n"
TESTS = "velib_assets_tests"


def main(argv: Sequence[str] | None = None) -> int:
    """Run as the arguments say; the exit status."""
    asked = _arguments(argv)
    if asked.breaks == "list":
        for mutation in MUTATIONS:
            _say(f"{mutation.name}: breaks {mutation.promise} ({mutation.file})")
        return 0
    if asked.breaks:
        chosen = MUTATIONS if asked.breaks == "all" else (BY_NAME[asked.breaks],)
        return max(map(_break, chosen))
    tally = Tally()
    pytest.main([*_pytest(asked.short), "--promises", ",".join(asked.only)], plugins=[tally])
    _say(f"\n{table_of({name: tally.rows[name] for name in asked.only} if asked.only else tally.rows)}")
    if asked.json:
        Path(asked.json).write_text(json.dumps(red(tally.rows)), encoding="utf-8")
    elif not asked.short:
        _keep(tally, asked.only)
    return 0 if all(tally.rows[name].state == KEPT for name in asked.only or PROMISES) else 1


def _pytest(short: bool) -> list[str]:
    """The short form runs on this machine alone, the whole form on the emulator too."""
    where = [f"{TESTS}/guarantees"] if short else [TESTS, "--full"]
    at_once = ["--numprocesses", "auto", "--dist", "loadgroup", "--no-loadscope-reorder"]
    return [
        *where,
        *at_once,
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
    """Prove everything with a mutation applied: 0 where exactly its promise turned red."""
    with tempfile.TemporaryDirectory(prefix="velib-broken-") as folder:
        copy, found = broken_copy(mutation, Path(folder)), Path(folder) / "red.json"
        command = [sys.executable, "-m", "velib_assets_tests.guarantees", "--short", "--json", str(found)]
        subprocess.run(command, cwd=copy, env={**os.environ, "PYTHONPATH": str(copy)}, check=False)
        broken = json.loads(found.read_text(encoding="utf-8"))
    as_listed = broken == [mutation.promise]
    words = "as listed" if as_listed else f"NOT as listed ({mutation.promise})"
    _say(f"{mutation.name} breaks {', '.join(broken) or 'nothing'}: {words}")
    return 0 if as_listed else 1


def _keep(tally: Tally, only: Sequence[str]) -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    old, _, after = rest.partition(END)
    table = table_of(tally.rows, only, old)
    DOCUMENT.write_text(f"{before}{BEGIN}\n{table}\n\n{END}{after}", encoding="utf-8")


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make guarantees", description=__doc__)
    parser.add_argument("--short", action="store_true", help="the short proofs, without the emulator")
    parser.add_argument(
        "--break",
        dest="breaks",
        default="",
        choices=["", "list", "all", *BY_NAME],
        metavar="NAME",
        help="apply a mutation to a copy of the code: a name, `all`, or `list` to see them",
    )
    parser.add_argument("--json", default="", help="write the names of broken promises to this file")
    parser.add_argument(
        "--only",
        nargs="+",
        default=[],
        choices=[*PROMISES],
        metavar="PROMISE",
        help=f"prove these alone, and measure their rows anew: {', '.join(PROMISES)}",
    )
    return parser.parse_args(argv)


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
