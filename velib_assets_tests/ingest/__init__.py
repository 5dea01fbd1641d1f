"""Tests of velib_assets.ingest."""
