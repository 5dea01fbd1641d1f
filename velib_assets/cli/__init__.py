"""The `velib` command.

Read `commands.py` first: it has the group. `run_commands.py` starts runs of the asset graph through
`runs.py`, in this process and on the Dagster instance that the UI shows; `backfill_plan.py` chooses the
hours and `run_summary.py` prints the outcome. `discard_commands.py` has `velib discard`, `read_commands.py`
the commands that run no asset. `console.py` has what the commands share. `suggestions.py` says what to do
next. `rows.py` prints tables in which no text from a feed acts on a terminal. Dagster, pandas and boto3 are
imported inside the commands: they take seconds to load, and `velib --help` does not need them.
"""
