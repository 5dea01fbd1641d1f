"""Keeping Dagster's own storage bounded: old runs are forgotten, the lake is never touched."""
