"""What stands behind the `velib` command: running the graph from a terminal, and printing."""
