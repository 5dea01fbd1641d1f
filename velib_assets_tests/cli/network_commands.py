"""Commands of `velib` and names of the definitions, called in a process of another network."""

from typing import Any

from click.testing import CliRunner


def outcome_of(arguments: list[str]) -> dict[str, Any]:
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
