"""Runs commands of `velib` in this process, for the network of its environment, and prints what they print.

The commands are read as JSON from standard input. With the argument `definitions` it also prints every name
and text of these. A test starts this as a process of its own, because a
process works for one network.
"""

import json
import logging
import sys
from typing import Any

from click.testing import CliRunner


def outcome(arguments: list[str]) -> dict[str, Any]:
    """Run a command."""
    from velib_assets.cli.commands import main

    result = CliRunner().invoke(main, arguments, prog_name="velib")
    failure = repr(result.exception) if not isinstance(result.exception, SystemExit | None) else ""
    return {"status": result.exit_code, "out": result.stdout, "err": result.stderr, "failure": failure}


def texts_of_definitions() -> list[str]:
    """Return every name and text of the definitions."""
    from velib_assets.definitions import defs

    found: list[str] = []
    for spec in defs.resolve_all_asset_specs():
        metadata = {
            name: str(value) for name, value in spec.metadata.items() if "code_references" not in name
        }
        found += [spec.key.to_user_string(), str(spec.description), str(spec.group_name), str(metadata)]
    repository = defs.get_repository_def()
    for key in repository.asset_graph.asset_check_keys:
        check = repository.asset_graph.get_check_spec(key)
        found += [check.name, str(check.description), key.asset_key.to_user_string()]
    for job in repository.get_all_jobs():
        found += [job.name, str(job.description), str(job.tags), *(node.name for node in job.nodes)]
    found += [text for part in repository.schedule_defs for text in (part.name, str(part.description))]
    found += [text for part in repository.sensor_defs for text in (part.name, str(part.description))]
    return found


if __name__ == "__main__":
    logging.disable(logging.INFO)
    outcomes = [outcome(arguments) for arguments in json.load(sys.stdin)]
    definitions = texts_of_definitions() if "definitions" in sys.argv else []
    json.dump({"outcomes": outcomes, "definitions": definitions}, sys.stdout)
