"""Tests of velib_assets.sensors, on the default SQLite storage."""
