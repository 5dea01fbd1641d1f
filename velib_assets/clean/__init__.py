"""Raw hours to Parquet: the same code in local mode, Glue and tests. Runs on Python 3.9."""
