"""Upkeep of Dagster's own storage; the lake is not touched.

`maintenance_job.py` deletes old runs once a day. `orphans.py` ends runs whose `velib` command was killed.
"""
