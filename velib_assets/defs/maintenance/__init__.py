"""Upkeep of Dagster's storage: old runs are deleted, orphaned runs are ended. The lake is not touched."""
