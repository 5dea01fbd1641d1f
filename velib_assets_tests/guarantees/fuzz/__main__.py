"""`make fuzz`: atheris drives the inputs by the coverage of the code that reads them.

Belongs here: the run, and a mutator that knows JSON. Does not: what must hold (properties) or where it
starts (seeds). It runs in an environment of its own. A finding ends it with the input in `artifacts`: it
becomes a test (test_fuzzing), and the code is mended. Arguments after the folder are libFuzzer's.
"""

from __future__ import annotations

import json
import random
import sys
from pathlib import Path
from typing import Any

import atheris

with atheris.instrument_imports(include=["velib_assets.core", "velib_assets.feeds"]):
    from velib_assets_tests.guarantees.fuzz.seeds import corpus, holds, odd_values, unpack


def mutate(data: bytes, max_size: int, seed: int) -> bytes:
    """Half of the time libFuzzer's own mutation, else one value of a JSON part changed."""
    rng = random.Random(seed)  # noqa: S311 - libFuzzer gives the seed: nothing secret
    kind, parts = unpack(data)
    if kind == "gzip" or rng.random() < 0.5:
        return bytes(atheris.Mutate(data, max_size))
    place = rng.randrange(len(parts))
    try:
        parts[place] = json.dumps(_changed(json.loads(parts[place]), rng)).encode()
    except (ValueError, RecursionError):
        return bytes(atheris.Mutate(data, max_size))
    return (data[:1] + b"\0".join(parts))[:max_size]


def _changed(value: Any, rng: random.Random) -> Any:
    """The value with one place in it replaced, removed, repeated or renamed."""
    if not isinstance(value, (dict, list)) or not value or rng.random() < 0.1:
        return rng.choice(odd_values())
    place = rng.choice(list(range(len(value)) if isinstance(value, list) else value))
    inner, step = value[place], rng.randrange(3)
    changed = value.copy()
    if step == 0:
        changed[place] = _changed(inner, rng)
    elif step == 1:
        del changed[place]
    elif isinstance(changed, list):
        changed.append(inner)
    else:
        changed[place + rng.choice(["_", "\ud800", "\x1b"])] = inner
    return changed


def main() -> None:
    """Write the seeds, then fuzz until the time given by libFuzzer's options is over."""
    folder = Path(sys.argv[1])
    seeds, artifacts = folder / "seeds", folder / "artifacts"
    for path in (seeds, artifacts, folder / "corpus"):
        path.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(corpus()):
        (seeds / f"{number:04}").write_bytes(seed)
    options = ["-timeout=20", "-rss_limit_mb=3000", "-max_len=65536", f"-artifact_prefix={artifacts}/"]
    folders = [str(folder / "corpus"), str(seeds)]
    atheris.Setup([sys.argv[0], *options, *sys.argv[2:], *folders], holds, custom_mutator=mutate)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
