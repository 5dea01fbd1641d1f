"""Tests of velib_assets.catalog."""
