"""The clean step: all raw objects of an hour become one Parquet file, rebuilt whenever raw changes.

Start with `rebuild`, which reads an hour's raw and publishes its clean file. `hour` computes the rows without
touching the lake: it types each snapshot by the fast path (Arrow, with the types that `record_fields` finds)
or, if a record is odd, by the general path (record by record); `gbfs_rules` and `positions` follow for other
networks than Vélib'. Then `assemble` sorts the rows and derives columns. `clean_file` encodes them, and
`observed` reads back from the file what the feed itself said. `frozen_feed` finds feeds that repeat
themselves. `with_register` cleans hours together with the station register. `local_clean_job` has the
interface and the local form. On AWS, `glue_client` starts `glue_job`, which can run on Spark, and
`lambda_clean_client` calls `clean_handler`. Glue runs this package on Python 3.9, except the modules that end
in `_client`.
"""
