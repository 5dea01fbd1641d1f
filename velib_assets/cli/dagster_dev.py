"""Runs Dagster's command line in this process: `python -m velib_assets.cli.dagster_dev dev …`.

`dagster dev` logs that one of its servers ended by itself, and then exits with 0. Here the status is 1.
"""

import logging
import runpy
import sys

import click


def main() -> None:
    """Run Dagster's command line with the arguments of this process."""
    faults: list[BaseException] = []
    make_record = logging.getLogRecordFactory()

    def note(*args: object, **kwargs: object) -> logging.LogRecord:
        record = make_record(*args, **kwargs)
        if record.levelno >= logging.ERROR and record.exc_info and record.exc_info[1]:
            faults.append(record.exc_info[1])
        return record

    # The factory, because Dagster replaces the handlers.
    logging.setLogRecordFactory(note)
    try:
        runpy.run_module("dagster", run_name="__main__", alter_sys=True)
    except SystemExit as end:
        if end.code:
            raise
    if faults:
        click.echo(f"make dev: Dagster has stopped: {faults[0]}. Start it again.", err=True)
        sys.exit(1)


if __name__ == "__main__":
    main()
