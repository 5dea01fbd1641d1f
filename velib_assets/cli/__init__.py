"""The `velib` command.

Read `commands` first: it has the group, and names the file of each command. `run_commands` starts runs of
the asset graph through `runs`, in this process and on the Dagster instance that the UI shows; `read_commands`
reads the lake; `aws_commands` is about the deployed stack. `console` has what all commands share, and `rows`
prints tables such that no text from a feed acts on a terminal. Dagster, pandas and boto3 are imported inside
the commands: they take seconds to load, and `velib --help` does not need them.
"""
