"""Tests of velib_assets.defs.sensors, on Dagster's default SQLite storage."""
