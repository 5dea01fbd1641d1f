"""Tests of velib_assets.clean."""
