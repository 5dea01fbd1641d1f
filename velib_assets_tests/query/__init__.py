"""Tests of velib_assets.query."""
