"""The same on PostgreSQL: tests that stand elsewhere, run again with Dagster's storage there."""
