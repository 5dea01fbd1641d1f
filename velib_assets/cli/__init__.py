"""The `velib` command: arguments and exit statuses, runs from the terminal, and how results are printed."""
