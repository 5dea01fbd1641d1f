"""Tests of velib_assets.assets."""
