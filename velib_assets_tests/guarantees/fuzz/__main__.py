"""`make fuzz`: coverage-guided fuzzing with atheris, in a separate environment.

A finding ends the run with the input in `artifacts`: add it to FINDINGS in `shapes` and fix the code.
Arguments after the folder are libFuzzer's.
"""

from __future__ import annotations

import json
import random
import sys
from pathlib import Path
from typing import Any

import atheris

with atheris.instrument_imports(include=["velib_assets.clean", "velib_assets.ingest", "velib_assets.lake"]):
    from velib_assets_tests.guarantees.fuzz.seeds import corpus, holds, odd_values, unpack


def mutate(data: bytes, max_size: int, seed: int) -> bytes:
    """Apply libFuzzer's own mutation half of the time; otherwise change one value of a JSON part."""
    rng = random.Random(seed)  # noqa: S311 - not a secret
    kind, parts = unpack(data)
    if kind == "gzip" or rng.random() < 0.5:
        return bytes(atheris.Mutate(data, max_size))
    index = rng.randrange(len(parts))
    try:
        parts[index] = json.dumps(_changed(json.loads(parts[index]), rng)).encode()
    except (ValueError, RecursionError):
        return bytes(atheris.Mutate(data, max_size))
    return (data[:1] + b"\0".join(parts))[:max_size]


def _changed(value: Any, rng: random.Random) -> Any:
    """Replace, remove, repeat or rename one part of a value."""
    if not isinstance(value, (dict, list)) or not value or rng.random() < 0.1:
        return rng.choice(odd_values())
    key = rng.choice(list(range(len(value)) if isinstance(value, list) else value))
    inner, step = value[key], rng.randrange(3)
    changed = value.copy()
    if step == 0:
        changed[key] = _changed(inner, rng)
    elif step == 1:
        del changed[key]
    elif isinstance(changed, list):
        changed.append(inner)
    else:
        changed[key + rng.choice(["_", "\ud800", "\x1b"])] = inner
    return changed


def main() -> None:
    """Write the seeds, then fuzz for the time in libFuzzer's options."""
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
