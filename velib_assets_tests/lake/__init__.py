"""Tests of velib_assets.lake."""
