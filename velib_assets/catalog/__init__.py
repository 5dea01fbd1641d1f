"""The table's partitions: SQLite locally, the Glue Data Catalog on AWS. Runs on Python 3.9."""
