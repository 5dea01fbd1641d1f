"""Mutations of the code, each of which breaks one promise. They show that the proofs can fail."""

import shutil
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
_IGNORED = shutil.ignore_patterns(
    ".*", "lake-*", "build", "*.egg-info", "__pycache__", "*.tfstate*", "*.tfvars", "pictures"
)


class Mutation(NamedTuple):
    """Replace `old`, which occurs once in `file`, with `new`. This breaks `promise` and no other."""

    name: str
    promise: str
    file: str
    old: str
    new: str


MUTATIONS: tuple[Mutation, ...] = (
    Mutation(
        "a-running-hour-forgets-quarantine",
        "slots",
        "velib_assets/lake/ledger.py",
        "            elif start in quarantined:\n",
        "            elif start in quarantined and start + SLOT <= now:\n",
    ),
    Mutation(
        "raw-is-overwritten",
        "raw",
        "velib_assets/lake/folder_store.py",
        "            os.link(temporary, path)\n",
        "            path.unlink(missing_ok=True)\n            os.link(temporary, path)\n",
    ),
    Mutation(
        "a-packed-key-is-free",
        "raw",
        "velib_assets/lake/folder_store.py",
        "            return not self._packs.find(key) and self.create_file(key, data)\n",
        "            return self.create_file(key, data)\n",
    ),
    Mutation(
        "clean-in-the-order-of-arrival",
        "clean",
        "velib_assets/clean/hour.py",
        "ordered = sorted((raw.key",
        "ordered = list((raw.key",
    ),
    Mutation(
        "a-slower-writer-stores-an-older-day",
        "readers",
        "velib_assets/query/daily_store.py",
        "lambda: _digest_now(day, catalog) == digest):\n",
        "lambda: True):\n",
    ),
    Mutation(
        "an-hour-vanishes-while-it-is-replaced",
        "readers",
        "velib_assets/lake/folder_store.py",
        "                    temporary.replace(path) if temporary else path.unlink(missing_ok=True)\n",
        "                    path.unlink(missing_ok=True)\n"
        "                    if temporary:\n                        temporary.replace(path)\n",
    ),
    Mutation(
        "history-of-older-hours-wins",
        "readers",
        "velib_assets/history/day.py",
        "lambda: clean_listing(store, hours) == read",
        "lambda: bool(read)",
    ),
    Mutation(
        "nine-codes-of-ten-are-enough",
        "damaged",
        "velib_assets/ingest/audit.py",
        "MIN_CODED_SHARE = 0.95\n",
        "MIN_CODED_SHARE = 0.9\n",
    ),
    Mutation(
        "outage-forgotten",
        "outages",
        "velib_assets/defs/sensors/staleness_sensor.py",
        "first, last = hour_of(seen) + HOUR, hour_of(newest) - HOUR",
        "first, last = hour_of(newest) + HOUR, hour_of(newest) - HOUR",
    ),
    Mutation(
        "few-runs-forgotten",
        "soak",
        "velib_assets/defs/maintenance/maintenance_job.py",
        "utc_now() - timedelta(days=keep_days), sinks)",
        "utc_now() - timedelta(days=keep_days), sinks)[:3]",
    ),
    Mutation(
        "living-commands-ended",
        "together",
        "velib_assets/defs/maintenance/orphans.py",
        "run_id == run.run_id and not _is_alive(int(process))",
        "run_id == run.run_id and int(process) != os.getpid()",
    ),
    Mutation(
        "files-on-every-storage",
        "storage",
        "velib_assets/defs/maintenance/maintenance_job.py",
        'if hasattr(events, "path_for_shard"):',
        "if events:",
    ),
    Mutation(
        "preview_links",
        "security",
        "velib_assets/defs/kpi_views.py",
        """for char in "\\\\`*_{}[]()<>#|!~&"}""",
        """for char in "\\\\`*_{}<>#|!~&"}""",
    ),
    Mutation(
        "deep_envelope",
        "fuzzing",
        "velib_assets/ingest/json_document.py",
        "except (ValueError, RecursionError):\n        return None\n",
        "except ValueError:\n        return None\n",
    ),
)
BY_NAME = {mutation.name: mutation for mutation in MUTATIONS}


def _ignore(folder: str, names: list[str]) -> set[str]:
    """Return the names not to copy, including the checkout's `lake` but not the package's."""
    return {*_IGNORED(folder, names), *({"lake"} if Path(folder) == ROOT else ())}


def broken_copy(mutation: Mutation, folder: Path) -> Path:
    """Copy the checkout and apply the mutation.

    Raises:
        ValueError: The text to replace does not occur exactly once in the file.
    """
    copy = folder / mutation.name
    shutil.copytree(ROOT, copy, ignore=_ignore)
    path = copy / mutation.file
    text = path.read_text(encoding="utf-8")
    if text.count(mutation.old) != 1:
        raise ValueError(
            f"{mutation.name}: {mutation.file} has {mutation.old!r} {text.count(mutation.old)} times"
        )
    path.write_text(text.replace(mutation.old, mutation.new), encoding="utf-8")
    return copy
