"""Tests from elsewhere, run again with Dagster's storage on PostgreSQL."""
