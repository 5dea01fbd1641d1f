"""The one cleaner: raw objects of an hour in, typed rows out. Runs in Glue, in local mode and in tests.

`fast` and `general` type one snapshot (they agree; the fast one declines what is odd), `hour` puts an
hour together, `parquet` writes and reads the file and its footer. Only this package imports pyarrow.
"""
