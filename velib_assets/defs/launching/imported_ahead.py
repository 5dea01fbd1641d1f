"""What every run needs, imported once in the process that runs are forked from: it was over half of a tick.

Belongs here: other projects' modules, those too that they or we import late. None of our own: a run has our
code as it is when the run starts.
"""

# ruff: noqa: F401

import atexit
import gc

import dagster._cli.api
import dagster._core.storage.local_compute_log_manager
import dagster._core.storage.sqlite_storage
import duckdb
import pandas as pd
import platformdirs
import pyarrow.csv
import pyarrow.dataset
import pyarrow.json
import pyarrow.parquet
import requests
import sqlglot.dialects.athena
import sqlglot.dialects.duckdb
import sqlglot.optimizer.qualify
import upath.implementations.local

gc.freeze()  # a collection in a fork would touch each of these objects, and so copy it
atexit.register(gc.unfreeze)  # in the daemon's end, for what DuckDB looks for then; a fork has no such end
